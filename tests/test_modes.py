"""Training and evaluation mode: as `train` and `eval` set them, and back."""

from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.modes import evaluating, every_module, put_in, restore_modes, training_modes


class _Frozen(nn.Module):
    """Keeps its batch norm as it is, whatever is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.drop = nn.Dropout()

    def train(self, mode: bool = True) -> "_Frozen":
        super().train(mode)
        self.norm.eval()
        return self


def _net() -> nn.Sequential:
    shared = nn.ReLU()
    return nn.Sequential(nn.Linear(2, 2), shared, nn.Sequential(nn.Dropout(), shared))


@pytest.mark.parametrize("make", [_net, _Frozen, lambda: lampas.Model(_net()), nn.ReLU])
@pytest.mark.parametrize("training", [True, False])
def test_the_modes_are_those_of_train_and_eval(make: Any, training: bool) -> None:
    ours, theirs = make(), make()
    put_in(ours, training=training)
    theirs.train(training)
    assert [m.training for m in ours.modules()] == [m.training for m in theirs.modules()]


def test_a_train_that_hangs_on_one_object_is_asked() -> None:
    net = _net()
    net[2].train = lambda mode=True: net[2][0].eval()  # type: ignore
    put_in(net, training=True)
    assert net[0].training
    assert not net[2][0].training


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*")
def test_a_script_and_a_compiled_net_change_their_mode() -> None:
    script: Any = torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))
    compiled: Any = torch.compile(_net())
    for net in (script, compiled, nn.Sequential(nn.ReLU(), script)):
        put_in(net, training=False)
        assert not any(module.training for module in net.modules())
        put_in(net, training=True)
        assert all(module.training for module in net.modules())


def test_each_part_has_its_own_mode_again() -> None:
    net = nn.Sequential(_Frozen(), nn.Sequential(nn.Dropout().eval()), nn.Dropout())
    put_in(net[0], training=True)
    modes = training_modes(net)
    with evaluating(net):
        assert not any(module.training for module in net.modules())
    assert training_modes(net) == modes
    assert len({mode for _, mode in modes}) == 2
    net.train()
    restore_modes(modes)
    assert training_modes(net) == modes


def test_parts_are_the_modules_in_their_order() -> None:
    net = nn.Sequential(_net(), _Frozen(), nn.ModuleDict({"a": _net(), "b": nn.ReLU()}))
    assert list(every_module(net)) == list(net.modules())


def test_an_exported_graph_is_of_one_mode_and_can_be_used() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Dropout()).eval()
    x = torch.rand(6, 2)
    shapes = ({0: torch.export.Dim("rows")},)
    model = lampas.Model(torch.export.export(net, (x,), dynamic_shapes=shapes).module())
    assert torch.equal(model.predict(x, batch_size=4), net(x).detach())
    model.compile("sgd", "mse")
    before = [p.detach().clone() for p in model.parameters()]
    model.fit(x, x, epochs=1, verbose=0)
    assert not torch.equal(before[0], next(model.parameters()))


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_others_are_asked_beside_an_exported_graph() -> None:
    x = torch.rand(6, 2)
    exported = torch.export.export(nn.Linear(2, 2), (x,)).module()
    script = torch.jit.script(nn.Dropout())
    for parts in ([_Frozen(), exported, script], [exported, script, _Frozen()]):
        net = nn.Sequential(*parts)
        put_in(net, training=True)
        frozen = next(part for part in parts if isinstance(part, _Frozen))
        assert (frozen.training, frozen.drop.training, frozen.norm.training) == (True, True, False)
        assert script.training
        put_in(net, training=False)
        assert not any(part.training for part in parts)
        assert torch.equal(script(x), x)


def test_what_the_users_own_refuses_is_told() -> None:
    class Refuses(nn.Module):
        def train(self, mode: bool = True) -> "Refuses":
            raise NotImplementedError("of mine")

    with pytest.raises(NotImplementedError, match="of mine"):
        put_in(nn.Sequential(Refuses()), training=True)
