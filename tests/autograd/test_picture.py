"""`lampas.graph`."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import lampas
from lampas.errors import InputError


def test_a_tuple_a_list_and_a_dict_of_losses() -> None:
    x = torch.ones(2, requires_grad=True)
    found = lampas.graph({"a": x.sum(), "b": [x.exp(), torch.ones(1)], "c": (2.0, None)})
    outputs = [node.name for node in found.nodes if node.kind == "output"]
    assert outputs == ["loss['a']", "loss['b'][0]"]
    assert found.remarks == ("loss['b'][1] does not require grad: backward does not start there",)
    assert len([node for node in found.nodes if node.kind == "input"]) == 1


def test_nothing_changes() -> None:
    net = nn.Linear(2, 1)
    loss = net(torch.ones(1, 2)).sum()
    random = torch.get_rng_state()
    found = lampas.graph(loss, net)
    assert torch.equal(random, torch.get_rng_state())
    assert net.weight.grad is None
    assert net.weight._backward_hooks is None
    loss.backward()
    assert net.weight.grad is not None
    assert isinstance(found.nodes[0].name, str)


def test_saved_as_svg_and_dot(tmp_path: Path) -> None:
    found = lampas.graph(torch.ones(1, requires_grad=True).exp())
    found.save(tmp_path / "deep" / "graph.svg")
    found.save(tmp_path / "graph.DOT")
    assert (tmp_path / "deep" / "graph.svg").read_text("utf-8") == found.svg() == found._repr_svg_()
    assert (tmp_path / "graph.DOT").read_text("utf-8") == found.dot()
    with pytest.raises(InputError, match=r"^cannot draw into graph\.png: end its name in \.svg or"):
        found.save("graph.png")


def test_a_notebook_shows_no_picture_that_no_page_can_show() -> None:
    x = torch.ones(1, requires_grad=True)
    for _ in range(1600):
        x = x * 1.0
    found = lampas.graph(x)
    assert found._repr_svg_() is None
    assert repr(found) == str(found)


def test_reentrant_checkpoints_may_give_gradients_that_are_not_seen() -> None:
    net = nn.Linear(2, 2)
    x = torch.ones(1, 2, requires_grad=True)
    loss = checkpoint(net, x, use_reentrant=True).sum()
    found = lampas.graph(loss, net)
    assert not found.missing
    assert found.remarks == (
        "2 parameters may get gradients in CheckpointFunction 2, which runs its layers again in "
        "backward: checkpoint(..., use_reentrant=False) shows them",
    )


def test_a_wrapped_and_a_compiled_model() -> None:
    net = nn.Linear(2, 1)
    model = lampas.Model(net)
    found = lampas.graph(model(torch.ones(1, 2)).sum(), model)
    assert {"net.weight", "net.bias"} <= {node.name for node in found.nodes}
    compiled: Any = torch.compile(net, backend="eager")
    found = lampas.graph(compiled(torch.ones(1, 2)).sum(), compiled)
    assert {"weight", "bias"} <= {node.name for node in found.nodes}


def test_a_computed_loss_without_a_model() -> None:
    x = torch.ones(1, requires_grad=True)
    assert "walks 1 Function " in str(lampas.graph(x.exp))


def refuse(said: str, *given: Any, **options: Any) -> None:
    with pytest.raises(InputError) as caught:
        lampas.graph(*given, **options)
    assert str(caught.value) == said


def test_bad_input() -> None:
    net = nn.Linear(2, 1)
    x = torch.ones(1, 2)
    walk = (
        "loss does not require grad: backward has nothing to walk; look for detach(), .item(), "
        "argmax or torch.no_grad() on the way from the parameters"
    )
    refuse(walk, torch.ones(2))
    refuse(walk, net(x).detach(), net)
    refuse(walk.replace("loss", "loss['a']", 1), {"a": torch.ones(1)})
    refuse("loss is Linear: pass the tensor that the model computes, as graph(loss)", net)
    refuse("loss is Linear: pass the tensor that the model computes, as graph(loss)", nn.Linear)
    refuse(
        "loss is of type float, without a tensor in it: pass a tensor that requires grad, or a "
        "tuple, list or dict of such",
        2.0,
    )
    refuse("model is of type str: pass a torch.nn.Module", net(x), "net")
    refuse("depth is -1: it must be an integer of 0 or more", net(x), net, depth=-1)
    refuse("depth folds the layers of a model: pass it, as graph(loss, model)", net(x), depth=1)


def test_a_loss_without_a_graph_is_told_with_the_place() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

    def blind() -> torch.Tensor:
        with torch.no_grad():
            return net(torch.ones(1, 2)).sum()

    refuse("loss does not require grad: '1' was called under torch.no_grad()", blind, net)
    net.requires_grad_(False)
    refuse(
        "loss does not require grad: all parameters of the model are frozen; call "
        "requires_grad_() on those to train",
        net(torch.ones(1, 2)),
        net,
    )


def _nets() -> Any:
    """The nets of the summary's tests, under a name that no other test's `nets` can have."""
    path = Path(__file__).parents[1] / "summary" / "known_nets.py"
    spec = importlib.util.spec_from_file_location("nets_of_summaries", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_resnet_is_drawn() -> None:
    net = _nets().resnet50()
    whole = lampas.graph(net(torch.ones(2, 3, 32, 32)).sum(), net)
    assert len([node for node in whole.nodes if node.kind == "parameter"]) == 161
    assert not whole.missing
    folded = whole.to_depth(1)
    assert len([node for node in folded.nodes if "Bottleneck" in node.name]) == 16
    assert whole.svg().count("<title>") == len(whole.nodes)
