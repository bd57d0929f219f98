"""The compiled step does what `Model.train_step` does.

Graphs run here as they were traced: what torch's compiler makes of them is compared in
`test_artifacts.py`, and at length in `campaigns/compiled.py`.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from zoo import CLASSES, ZOO, Kind, X, Y

import lampas
from lampas.errors import NonFiniteError
from lampas.losses import L2
from lampas.optim import EMA

OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
}


pytestmark = pytest.mark.usefixtures("uncompiled")


def fitted(
    kind: Kind, jit: bool, optimizer: Any = OPTIMIZERS["adam"], epochs: int = 3,
    fit: dict[str, Any] | None = None, dtype: torch.dtype = torch.float64, **options: Any,
) -> lampas.Model:  # fmt: skip
    torch.manual_seed(3)
    model = lampas.Model(kind.net().to(dtype))
    made = optimizer(model.parameters())
    if "scheduler" in options:
        options = {**options, "scheduler": options["scheduler"](made)}
    model.compile(made, options.pop("loss", kind.loss), jit=jit, **options)
    model.fit(kind.x, kind.y, batch_size=5, epochs=epochs, verbose=0, **(fit or {}))
    return model


def tensors_of(model: lampas.Model) -> dict[str, torch.Tensor]:
    """Weights, buffers, and the optimiser's state."""
    found = dict(model.state_dict())
    for name, optimizer in model.plan.named_optimizers.items():
        for number, state in optimizer.state_dict()["state"].items():
            for part, value in state.items():
                if isinstance(value, torch.Tensor):
                    found[f"{name}{number}.{part}"] = value
    return found


def assert_same(one: lampas.Model, other: lampas.Model, tolerance: float = 1e-10) -> None:
    for row, again in zip(one.history.rows, other.history.rows, strict=True):
        assert row == pytest.approx(again, rel=tolerance, abs=tolerance)
    found, expected = tensors_of(one), tensors_of(other)
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("net", ZOO)
def test_same_as_by_hand(net: str, optimizer: str, uncompiled: list[int]) -> None:
    one = fitted(ZOO[net], True, OPTIMIZERS[optimizer])
    assert len(uncompiled) == 2, "of whole batches, and of the last of an epoch"
    # Others make their state in the first step, which is made by hand.
    assert one.history.compiled_steps == (15 if optimizer == "adagrad" else 14)
    assert_same(one, fitted(ZOO[net], False, OPTIMIZERS[optimizer]))


def one_cycle(optimizer: Any) -> Any:
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=15)


WEIGHTS = torch.rand(22, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

OPTIONS: dict[str, dict[str, Any]] = {
    "clip_norm": {"clip_norm": 0.1},
    "clip_value": {"clip_value": 0.01},
    "both clips": {"clip_value": 0.05, "clip_norm": 0.1},
    "accumulate": {"accumulate": 2},
    "accumulate, clipped": {"accumulate": 3, "clip_norm": 0.1},
    "schedule": {"scheduler": lambda _: lambda step, total: 1 - step / total},
    "one cycle, which moves betas": {"scheduler": one_cycle},
    "average": {"averaging": EMA(0.9)},
    "penalty": {"penalties": L2(0.1)},
    "metrics": {"metrics": ["mae", "r2"]},
    "weights": {"fit": {"sample_weight": WEIGHTS}},
    "weights, accumulated": {"accumulate": 2, "fit": {"sample_weight": WEIGHTS}},
    "validation": {"fit": {"validation_split": 0.3}},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_same_with_options(name: str, uncompiled: list[int]) -> None:
    options = {**OPTIONS[name]}
    if "averaging" in options:
        options["averaging"] = copy.deepcopy(options["averaging"])
    one = fitted(ZOO["mlp"], True, **copy.copy(options))
    assert uncompiled
    assert_same(one, fitted(ZOO["mlp"], False, **copy.deepcopy(OPTIONS[name])))


def test_same_with_masked_targets(uncompiled: list[int]) -> None:
    masked = CLASSES.clone()
    masked[::4] = -100
    kind = Kind(lambda: nn.Linear(3, 3), X, masked, nn.CrossEntropyLoss())
    one = fitted(kind, True, accumulate=2)
    assert uncompiled
    assert_same(one, fitted(kind, False, accumulate=2))


def test_same_in_half_precision(uncompiled: list[int]) -> None:
    kind = Kind(ZOO["mlp"].net, X.float(), Y.float(), "mse")
    one, other = (fitted(kind, jit, dtype=torch.float32, precision="bf16") for jit in (True, False))
    assert uncompiled
    assert_same(one, other, 1e-3)


def test_same_when_the_user_freezes_and_sets_rates_between_epochs(uncompiled: list[int]) -> None:
    def change(event: lampas.Event) -> None:
        if event.epoch == 2:
            event.model.optimizer.param_groups[0]["lr"] = 0.2
            next(event.model.parameters()).requires_grad_(False)
        if event.epoch == 4:
            next(event.model.parameters()).requires_grad_(True)

    fit = {"callbacks": change}
    one = fitted(ZOO["mlp"], True, epochs=6, fit=fit)
    assert len(uncompiled) == 6
    assert_same(one, fitted(ZOO["mlp"], False, epochs=6, fit=fit))


def test_callbacks_that_hear_steps_find_gradients() -> None:
    norms: dict[bool, list[float]] = {True: [], False: []}

    class Looks(lampas.Callback):
        hears = frozenset({"step"})

        def __init__(self, jit: bool) -> None:
            self.jit = jit

        def __call__(self, event: lampas.Event) -> None:
            grads = [p.grad.norm().item() for p in event.model.parameters() if p.grad is not None]
            norms[self.jit].append(sum(grads))

    for jit in (True, False):
        fitted(ZOO["mlp"], jit, fit={"callbacks": Looks(jit)})
    assert norms[True] == pytest.approx(norms[False], rel=1e-10)


def test_without_such_a_callback_no_stale_gradient_is_left() -> None:
    model = fitted(ZOO["mlp"], True)
    assert all(p.grad is None for p in model.parameters())


def test_a_loss_that_is_not_finite_is_told_as_by_hand_and_reaches_no_weight() -> None:
    said, weights = {}, {}
    for jit in (True, False):
        x = X.clone()
        kind = Kind(ZOO["mlp"].net, x, Y, lambda y_pred, y: (y_pred / (y != 0)).mean() + y.mean())
        torch.manual_seed(3)
        model = lampas.Model(kind.net().double())
        model.compile(torch.optim.SGD(model.parameters(), 0.1), kind.loss, jit=jit)
        y = Y.clone()
        y[17] = 0.0
        with pytest.raises(NonFiniteError) as caught:
            model.fit(x, y, batch_size=5, shuffle=False, verbose=0, callbacks=[])
        said[jit], weights[jit] = str(caught.value), model.state_dict()
    assert said[True] == said[False]
    assert "step 4" in said[True]
    for name, weight in weights[True].items():
        torch.testing.assert_close(weight, weights[False][name], rtol=1e-10, atol=0)


@pytest.mark.parametrize("later", [False, True], ids=["first step", "later step"])
def test_an_index_out_of_range_is_told_as_by_hand(later: bool) -> None:
    said = {}
    for jit in (True, False):
        tokens = ZOO["text"].x.clone()
        tokens[17 if later else 0, 3] = 99
        kind = Kind(ZOO["text"].net, tokens, ZOO["text"].y, "bce_with_logits")
        with pytest.raises(lampas.LampasError) as caught:
            fitted(kind, jit, fit={"shuffle": False})
        said[jit] = str(caught.value)
    assert said[True] == said[False]


class Counts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.calls = nn.Linear(3, 1), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.linear(x)


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) if x.sum() > 0 else self.linear(-x)


@pytest.mark.parametrize(
    ("net", "why"),
    [
        (Counts, "a step changes calls of Counts, which a graph would not"),
        (Branches, "the step decides by the value of a tensor"),
    ],
)
def test_what_cannot_be_a_graph_runs_by_hand(
    net: Any, why: str, capsys: pytest.CaptureFixture[str], uncompiled: list[int]
) -> None:
    kind = Kind(net, X, Y, "mse")
    one = fitted(kind, True)
    assert not uncompiled
    assert capsys.readouterr().err == f"jit: steps are not compiled: {why}\n"
    assert_same(one, fitted(kind, False), 0.0)


def test_other_optimizers_and_own_steps_run_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    one = fitted(ZOO["mlp"], True, torch.optim.Rprop)
    assert capsys.readouterr().err == "jit: steps are not compiled: Rprop has no compiled form\n"
    assert_same(one, fitted(ZOO["mlp"], False, torch.optim.Rprop), 0.0)


def test_recurrent_layers_keep_their_own_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    class Reads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(3, 4, batch_first=True), nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x)[0][:, -1])

    fitted(Kind(Reads, ZOO["cell"].x, Y, "mse"), True)
    said = capsys.readouterr().err
    assert said == (
        "jit: steps are not compiled: torch's own kernel of GRU is faster than a compiled one\n"
    )


def test_a_graph_that_fails_is_left_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(graph: Any, tensors: Any, name: str) -> Any:
        def call(*given: torch.Tensor) -> Any:
            raise RuntimeError("no such kernel")

        return call

    monkeypatch.setattr("lampas.jit.sources.compiled", broken)
    one = fitted(ZOO["mlp"], True)
    assert capsys.readouterr().err == "jit: steps are not compiled: no such kernel\n"
    assert_same(one, fitted(ZOO["mlp"], False), 0.0)


def test_a_callback_that_freezes_within_an_epoch_is_heard(uncompiled: list[int]) -> None:
    class Freezes(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            if event.epoch == 2 and event.step == 2:
                next(event.model.parameters()).requires_grad_(False)

    one, other = (fitted(ZOO["mlp"], jit, fit={"callbacks": Freezes()}) for jit in (True, False))
    assert len(uncompiled) == 4
    assert_same(one, other)


class Scaled(nn.Module):
    """A net that reads a number which is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.scale = nn.Linear(4, 1), 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) * self.scale


def _scaled(jit: bool, change: Callable[[Any, lampas.Event], None]) -> lampas.Model:
    class Changes(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            change(event.model.net, event)

    torch.manual_seed(0)
    kind = Kind(Scaled, torch.randn(40, 4), torch.randn(40, 1), "mse")
    return fitted(kind, jit, epochs=4, dtype=torch.float32, fit={"callbacks": Changes()})


def test_a_number_of_the_nets_that_a_callback_changes_is_heard(uncompiled: list[int]) -> None:
    def change(net: Any, event: lampas.Event) -> None:
        if event.step == 3:
            net.scale = float(event.epoch)

    one, other = (_scaled(jit, change) for jit in (True, False))
    assert len(uncompiled) == 4
    assert one.history.compiled_steps == 31
    assert_same(one, other, 1e-5)


def test_a_net_that_is_changed_all_the_time_runs_by_hand(
    uncompiled: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    def change(net: Any, event: lampas.Event) -> None:
        net.scale = 1.0 + 0.01 * event.step

    one, other = (_scaled(jit, change) for jit in (True, False))
    assert len(uncompiled) == 19  # the first form is changed before it has a graph
    assert "is changed again and again between steps" in capsys.readouterr().err
    assert_same(one, other, 1e-5)


def test_a_hook_that_comes_later_is_heard_from_the_next_epoch_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls: list[int] = []

    def hook(event: lampas.Event) -> None:
        if event.epoch == 1:
            event.model.net[0].register_forward_hook(lambda *_: calls.append(1))

    model = fitted(ZOO["mlp"], True, fit={"callbacks": hook})
    assert len(calls) == 10
    assert capsys.readouterr().err == (
        "jit: steps are not compiled: net.0 has hooks, which are Python's to run\n"
    )
    assert model.history.compiled_steps == 4
