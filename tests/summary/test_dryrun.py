import copy
import random
import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch import Size, nn

from lampas.errors import InputError
from lampas.inputspec import Inputs
from lampas.summary.dryrun import output_shapes


def shapes(net: nn.Module, *args: Any, **kwargs: Any) -> dict[str, Any]:
    return output_shapes(net, Inputs(args, kwargs))


def complaint(net: nn.Module, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(InputError) as caught:
        shapes(net, *args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Call(nn.Module):
    """A module whose forward is any function."""

    def __init__(self, forward: Any, **children: nn.Module) -> None:
        super().__init__()
        self.call = forward
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(self, *args, **kwargs)


def draw(net: Any, x: torch.Tensor) -> torch.Tensor:
    random.random(), np.random.rand(), torch.manual_seed(1)
    net.seen = x
    return net.drop(net.norm(net.conv(x))) + torch.rand(1)


def test_shapes_are_those_of_a_real_pass() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(5)
    )
    x = torch.randn(2, 3, 12, 12)
    net(x)
    found, real = shapes(net, x), x
    for name, layer in net.named_children():
        real = layer(real)
        assert found[name] == [real.shape]
    assert found[""] == [real.shape]


def test_nothing_is_changed_in_the_net_or_around_it() -> None:
    net = Call(draw, conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4), drop=nn.Dropout())
    net.drop.eval()
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    before, attributes = copy.deepcopy(net.state_dict()), dict(net.__dict__)
    grads = [p.grad.clone() for p in net.parameters()]
    x = torch.randn(2, 3, 8, 8)
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    fast = torch.backends.mha.get_fastpath_enabled()

    assert shapes(net, x)[""] == [Size([2, 4, 6, 6])]

    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    assert all(torch.equal(g, p.grad) for g, p in zip(grads, net.parameters(), strict=True))
    assert dict(net.__dict__) == attributes
    assert [module.training for module in net.modules()] == [True, True, True, False]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert random.getstate() == states[0]
    assert all(np.array_equal(a, b) for a, b in zip(np.random.get_state(), states[1], strict=True))
    assert torch.equal(torch.get_rng_state(), states[2])
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_a_huge_net_takes_no_memory() -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.Linear(10**6, 10**6), nn.Linear(10**6, 10**5))
        x = torch.empty(10**4, 10**6)
    assert shapes(net, x)[""] == [Size([10**4, 10**5])]


def test_tuples_dicts_and_other_outputs() -> None:
    net = nn.LSTM(3, 4, num_layers=2, batch_first=True)
    assert shapes(net, torch.ones(2, 5, 3))[""] == [
        (Size([2, 5, 4]), (Size([2, 2, 4]), Size([2, 2, 4])))
    ]
    net = Call(lambda _, x, *, scale: {"a": [x * scale], "n": 3, "none": None})
    assert shapes(net, torch.ones(2, 3), scale=torch.ones(3))[""] == [
        {"a": [Size([2, 3])], "n": "int", "none": None}
    ]


def test_each_call_of_a_layer_is_kept() -> None:
    net = Call(lambda net, x: net.act(net.act(x)[:, :2]), act=nn.Tanh())
    assert shapes(net, torch.ones(4, 3))["act"] == [Size([4, 3]), Size([4, 2])]


@pytest.mark.parametrize("frozen", [False, True])
def test_layers_inside_a_transformer_are_seen(frozen: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    net = nn.TransformerEncoder(layer, 2).eval().requires_grad_(not frozen)
    assert shapes(net, torch.ones(2, 5, 8))["layers.1.linear1"] == [Size([2, 5, 16])]


def test_masks_of_a_transformer_are_not_looked_into() -> None:
    net = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    mask = net.generate_square_subsequent_mask(5)
    x = torch.ones(2, 5, 8)
    found = shapes(net, x, x, src_mask=mask, tgt_mask=mask)
    assert found["decoder.layers.0.linear1"] == [Size([2, 5, 16])]
    assert shapes(net.encoder, x, mask, is_causal=True)[""] == [Size([2, 5, 8])]


def test_a_net_that_needs_gradients_in_forward() -> None:
    def slope(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = x.requires_grad_()
        return torch.autograd.grad(net.f(x).sum(), x)[0]

    with torch.no_grad():
        assert shapes(Call(slope, f=nn.Linear(3, 1)), torch.ones(2, 3))[""] == [Size([2, 3])]


@pytest.mark.parametrize(
    ("layer", "x", "message"),
    [
        (nn.Linear(3, 2), torch.ones(2, 4), "layer '1' (Linear) got (2, 4) float32 and takes "
         "(*, 3); its weight is (2, 3): a and b must have same reduction dim, but got "
         "[2, 4] X [3, 2]."),
        (nn.Conv2d(3, 8, 3), torch.ones(2, 4, 8, 8), "layer '1' (Conv2d) got (2, 4, 8, 8) float32 "
         "and takes (*, 3, H, W); its weight is (8, 3, 3, 3): Given groups=1, weight of size "
         "[8, 3, 3, 3], expected "
         "input[2, 4, 8, 8] to have 3 channels, but got 4 channels instead"),
        (nn.BatchNorm1d(3), torch.ones(2, 4), "layer '1' (BatchNorm1d) got (2, 4) float32 and "
         "takes (N, 3, *); its weight is (3,): "),
        (nn.LayerNorm((3, 2)), torch.ones(2, 4), "layer '1' (LayerNorm) got (2, 4) float32 and "
         "takes (*, 3, 2); its weight is (3, 2): "),
        (nn.GRU(3, 2), torch.ones(5, 2, 4), "layer '1' (GRU) got (5, 2, 4) float32 and takes "
         "(*, 3); its weight_ih_l0 is (6, 3): input.size(-1) must be equal to input_size. "
         "Expected 3, got 4"),
        (nn.Embedding(9, 2), torch.ones(2, 4), "layer '1' (Embedding) got (2, 4) float32 and takes "
         "integers (input_dtype=torch.long); its weight is (9, 2): "),
        (nn.Flatten(3), torch.ones(2, 4), "layer '1' (Flatten) got (2, 4) float32: "),
    ],
)  # fmt: skip
def test_the_layer_that_refuses_is_named(layer: nn.Module, x: torch.Tensor, message: str) -> None:
    assert complaint(nn.Sequential(nn.Identity(), layer), x).startswith(message)


def test_a_fault_in_the_user_s_own_forward_is_placed() -> None:
    net = nn.ModuleDict({"a": Call(lambda _, x: x.view(-1, 7))})
    outer = Call(lambda net, x: net.inner["a"](x), inner=net)
    assert complaint(outer, torch.ones(2, 3)) == (
        "layer 'inner.a' (Call) got (2, 3) float32: shape '[-1, 7]' is invalid for input of size 6 "
        f"(test_dryrun.py, line {test_a_fault_in_the_user_s_own_forward_is_placed.__code__.co_firstlineno + 1})"  # noqa: E501
    )


def test_a_missing_argument() -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return x + y

    assert complaint(Two(), torch.ones(2, 3)).startswith("the net (Two) got (2, 3) float32: ")
    assert "missing 1 required positional argument: 'y'" in complaint(Two(), torch.ones(2, 3))


@pytest.mark.parametrize(
    ("forward", "op"),
    [
        (lambda _, x: x if x.sum() > 0 else -x, "aten._local_scalar_dense.default"),
        (lambda _, x: x[x > 0], "aten.nonzero.default"),
        (lambda _, x: x * x.max().item(), "aten._local_scalar_dense.default"),
    ],
)
def test_shapes_that_hang_on_values(forward: Any, op: str) -> None:
    assert complaint(Call(lambda net, x: net.a(x), a=Call(forward)), torch.ones(2, 3)) == (
        f"layer 'a' (Call) has no output shape without values ({op} has to see them): call "
        "summary() without shapes for the layers alone"
    )


def test_tensors_from_outside_the_net_are_not_computed_with() -> None:
    norm = nn.BatchNorm1d(3)
    net = Call(lambda _, x: norm(x))
    assert complaint(net, torch.ones(2, 3)) == (
        "the net (Call) computes with a tensor that is no part of it, such as a global: make it a "
        "buffer (register_buffer)"
    )
    assert norm.num_batches_tracked.item() == 0


def test_a_net_that_cannot_be_copied() -> None:
    net = nn.Linear(3, 2)
    net.lock = threading.Lock()
    assert complaint(net, torch.ones(2, 3)) == (
        "output shapes need a copy of the net, and Linear cannot be copied (cannot pickle "
        "'_thread.lock' object): call summary() without shapes for the layers alone"
    )


def test_plain_tensors_and_computed_ones_among_the_attributes() -> None:
    net = Call(lambda net, x: net.l(x) * net.plain + net.computed, l=nn.Linear(3, 2))
    net.plain, net.computed = torch.ones(2), net.l.weight.sum(1) * 2
    assert shapes(net, torch.ones(4, 3))[""] == [Size([4, 2])]


def test_nothing_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    complaint(nn.Linear(3, 2), torch.ones(2, 4))
    out, err = capfd.readouterr()
    assert out + err == ""
