"""Who takes the steps."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError

X = torch.rand(400, 3)
Y = X.sum(1, keepdim=True)


def _watched(epochs: int = 2, jit: Any = "auto", **fit: Any) -> set[str]:
    """What the steps of a fit were taken by, and whether somebody watched."""
    seen: set[str] = set()

    class Looks(lampas.Callback):
        hears = frozenset({"epoch_end"})

        def __call__(self, event: lampas.Event) -> None:
            import gc

            from lampas.run import Run

            (run,) = [
                one for one in gc.get_objects() if type(one) is Run and one.model is event.model
            ]
            seen.add(type(run.stepper).__name__)
            seen.add("watched" if run.auto is not None else "alone")

    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse", jit=jit)
    model.fit(X, Y, batch_size=2, epochs=epochs, verbose=0, callbacks=Looks(), **fit)
    return seen


def test_auto_watches_no_short_run() -> None:
    assert _watched(epochs=1, steps_per_epoch=20) == {"Model", "alone"}


def test_auto_stays_away_where_the_same_bits_are_wanted(tmp_path: Path) -> None:
    assert _watched(checkpoint=tmp_path) == {"Model", "alone"}
    torch.use_deterministic_algorithms(True)
    try:
        assert _watched() == {"Model", "alone"}
    finally:
        torch.use_deterministic_algorithms(False)


def test_false_is_never() -> None:
    assert _watched(jit=False) == {"Model", "alone"}


def test_true_is_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lampas.jit.sources.compiled", lambda graph, tensors, name: graph)
    assert _watched(jit=True, epochs=1) == {"CompiledStep", "alone"}


@pytest.mark.parametrize("jit", ["yes", None, 1])
def test_anything_else_is_refused(jit: Any) -> None:
    with pytest.raises(InputError, match="pass 'auto', True or False"):
        lampas.Model(nn.Linear(3, 1)).compile("sgd", "mse", jit=jit)
