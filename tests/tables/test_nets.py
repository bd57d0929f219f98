"""The built-in net, its members, and the scale of regression."""

import ast
import inspect

import pytest
import torch

from lampas.tables import nets
from lampas.tables.nets import MemberLinear, Rescaled, RescaledMSELoss, TabularNet


def inputs(rows=6):
    torch.manual_seed(0)
    return {"numbers": torch.randn(rows, 3), "categories": torch.randint(0, 4, (rows, 2))}


@pytest.mark.parametrize(("numbers", "cardinalities"), [(3, [4, 5]), (3, []), (0, [4, 4])])
def test_shapes_and_gradients(numbers, cardinalities):
    net = TabularNet(numbers, cardinalities, outputs=2)
    x = inputs()
    output = net(x["numbers"][:, :numbers], x["categories"][:, : len(cardinalities)])
    assert output.shape == (6, 2)
    output.square().sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_a_row_does_not_depend_on_its_batch():
    net, x = TabularNet(3, [4, 4], 1).eval(), inputs()
    alone = net(x["numbers"][2:3], x["categories"][2:3])
    torch.testing.assert_close(net(**x)[2:3], alone)


def test_members_are_nets_of_their_own():
    layer = MemberLinear(2, 3, 4)
    x = torch.randn(2, 5, 3)
    for member in range(2):
        expected = x[member] @ layer.weight[member] + layer.bias[member]
        torch.testing.assert_close(layer(x)[member], expected)
    assert not torch.equal(layer.weight[0], layer.weight[1])


def test_the_output_is_the_mean_of_the_members():
    torch.manual_seed(0)
    net = TabularNet(2, [], 1, members=3).eval()
    x = {"numbers": torch.randn(4, 2), "categories": torch.zeros(4, 0, dtype=torch.int64)}
    outputs = []
    for member in range(3):
        one = TabularNet(2, [], 1, members=1).eval()
        shared = net.state_dict()
        split = {
            name: value[member : member + 1] if value.ndim == 3 else value
            for name, value in shared.items()
        }
        one.load_state_dict(split)
        outputs.append(one(**x))
    torch.testing.assert_close(net(**x), torch.stack(outputs).mean(0))


def test_missing_and_unseen_categories_start_at_zero():
    net = TabularNet(1, [5], 1)
    assert net.embeddings[0].weight[:2].abs().sum() == 0
    assert net.embeddings[0].weight[2:].abs().min() > 0


def test_a_rescaled_net_answers_in_the_targets_units():
    net = Rescaled(torch.nn.Identity(), centre=[100.0, 0.0], scale=[10.0, 2.0])
    assert net(torch.tensor([[1.0, 1.0]])).tolist() == [[110.0, 2.0]]
    assert set(net.state_dict()) == {"centre", "scale"}


def test_the_loss_is_one_for_the_mean_whatever_the_units():
    target = torch.randn(500, 2) * torch.tensor([1e4, 1e-4])
    scale = target.std(0, correction=0).tolist()
    loss = RescaledMSELoss(scale)
    assert loss(target.mean(0).expand(500, 2), target).item() == pytest.approx(1.0, rel=1e-4)
    loss.reduction = "none"
    assert loss(target, target).shape == (500, 2)


def test_the_file_needs_torch_alone():
    tree = ast.parse(inspect.getsource(nets))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    assert modules == {"collections.abc", "torch", "torch.nn.functional"}


def test_the_linear_path_starts_at_zero_and_is_linear():
    net, x = TabularNet(3, [4, 4], 1).eval(), inputs()
    assert net.linear.weight.abs().sum() == 0
    with torch.no_grad():
        before = net(**x)
        net.linear.weight[0, 1] = 2.0
        torch.testing.assert_close(net(**x) - before, 2 * x["numbers"][:, 1:2])
