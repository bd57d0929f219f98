"""Why a step is not compiled."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.jit.reasons import why_not

X = torch.linspace(-1, 1, 60).reshape(20, 3)
Y = X.sum(1, keepdim=True)


def _compiled(net: nn.Module, optimizer: Any = None, **options: Any) -> lampas.Model:
    model = lampas.Model(net)
    made = torch.optim.SGD(model.parameters(), 0.1) if optimizer is None else optimizer(model)
    model.compile(made, "mse", **options)
    return model


def _linear() -> nn.Module:
    return nn.Linear(3, 1)


class Own(lampas.Model):
    def train_step(self, batch: Any) -> Any:
        return super().train_step(batch)


def _own_step() -> lampas.Model:
    model = Own(_linear())
    model.compile("sgd", "mse")
    return model


def _two_optimizers() -> lampas.Model:
    model = Own(nn.Sequential(_linear(), nn.Linear(1, 1)))
    one, two = (torch.optim.SGD(part.parameters(), 0.1) for part in model.net)
    model.compile({"one": one, "two": two}, "mse")
    model.__class__ = lampas.Model
    return model


def _hooked(register: str) -> Callable[[], lampas.Model]:
    def make() -> lampas.Model:
        model = _compiled(nn.Sequential(_linear()))
        getattr(model.net[0], register)(lambda *given: None)
        return model

    return make


def _sparse() -> lampas.Model:
    return _compiled(nn.Sequential(nn.Embedding(5, 1, sparse=True)))


def _complex() -> lampas.Model:
    net = _linear()
    net.register_buffer("phase", torch.zeros(2, dtype=torch.complex64))
    return _compiled(net)


class Marked(nn.Parameter):
    pass


def _subclass() -> lampas.Model:
    net = nn.Linear(3, 1, bias=False)
    net.weight = Marked(torch.zeros(1, 3))
    return _compiled(net)


def _outside() -> lampas.Model:
    other = nn.Parameter(torch.zeros(2))
    return _compiled(_linear(), lambda m: torch.optim.SGD([*m.parameters(), other], 0.1))


def _lbfgs() -> lampas.Model:
    return _compiled(_linear(), lambda m: torch.optim.LBFGS(m.parameters()))


REASONS: dict[str, tuple[Callable[[], lampas.Model], str]] = {
    "own step": (_own_step, "Own writes its own train_step"),
    "two optimizers": (_two_optimizers, "there are 2 optimizers"),
    "fp16": (
        lambda: _compiled(_linear(), precision="fp16"),
        "precision='fp16' scales the loss by what earlier steps gave",
    ),
    "hook": (_hooked("register_forward_hook"), "net.0 has hooks, which are Python's to run"),
    "hook before": (_hooked("register_forward_pre_hook"), "net.0 has hooks, which are"),
    "backward hook": (_hooked("register_full_backward_hook"), "net.0 has hooks, which are"),
    "sparse": (_sparse, "net.0 gives sparse gradients"),
    "complex": (_complex, "the net has complex numbers"),
    "subclass": (_subclass, "a tensor of the net is a Marked"),
    "outside": (_outside, "the optimizer steps tensors outside of the model and its losses"),
    "other optimizer": (_lbfgs, "LBFGS has no compiled form"),
}


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("name", REASONS)
def test_each_reason(name: str) -> None:
    make, said = REASONS[name]
    why = why_not(make())
    assert why is not None
    assert why.startswith(said)


@pytest.fixture
def path_without_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lampas.jit.reasons.shutil.which", lambda name: None)


@pytest.mark.usefixtures("path_without_compilers")
def test_without_a_compiler_a_run_goes_on_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    model = _compiled(_linear(), jit=True)
    assert why_not(model) == "there is no C++ compiler here"
    model.fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr().err == (
        "jit: steps are not compiled: there is no C++ compiler here\n"
    )
    assert model.history.rows[-1]["loss"] < model.history.rows[0]["loss"]


@pytest.mark.usefixtures("compiler")
def test_of_an_older_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("torch._inductor.standalone_compile")
    why = why_not(_compiled(_linear()))
    assert why == f"torch {torch.__version__} has no inductor that compiles a graph by itself"


@pytest.mark.usefixtures("compiler")
def test_nothing_is_known_against_a_plain_net_and_a_loss_with_tensors() -> None:
    assert why_not(_compiled(nn.Sequential(_linear(), nn.BatchNorm1d(1)))) is None
    net, loss = nn.Linear(3, 2), nn.CrossEntropyLoss(weight=torch.ones(2))
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(net.parameters()), loss)
    assert why_not(model) is None


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("is_hook", [True, False])
def test_a_reason_that_comes_up_between_epochs(
    is_hook: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lampas.jit.sources.compiled", lambda graph, tensors, name: graph)
    calls: list[int] = []

    def change(event: lampas.Event) -> None:
        if event.epoch == 2 and is_hook:
            event.model.net.register_forward_hook(lambda *given: calls.append(1))
        elif event.epoch == 2:
            event.model.net.register_buffer("phase", torch.zeros(1, dtype=torch.complex64))
            event.model.net.requires_grad_(True).bias.requires_grad_(False)

    model = _compiled(_linear(), jit=True)
    model.fit(X, Y, batch_size=5, epochs=4, verbose=0, callbacks=change)
    assert len(model.history.rows) == 4
    said = "net has hooks, which are Python's to run" if is_hook else "the net has complex numbers"
    assert capsys.readouterr().err == f"jit: steps are not compiled: {said}\n"
    assert len(calls) == (8 if is_hook else 0), "in each step after"
