"""From what `fit` was asked to a run: what is decided before it, and what a refusal leaves."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, NotCompiledError

X = torch.rand(40, 3)
Y = X.sum(1, keepdim=True)


def _model() -> lampas.Model:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse")
    return model


class Sizes(lampas.Model):
    """Notes the size of each batch, and whether it was trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.seen: list[tuple[bool, int]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, len(x)))
        return self.linear(x)


@pytest.mark.parametrize(
    ("asked", "of_validation"),
    [({}, 40), ({"validation_batch_size": 10}, 10)],
    ids=["roomy", "as asked"],
)
def test_batches_of_validation(asked: dict[str, Any], of_validation: int) -> None:
    model = Sizes()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=20, validation_data=(X, Y), verbose=0, **asked)
    sizes = [size for training, size in model.seen if not training]
    assert [size for training, size in model.seen if training] == [20, 20]
    assert sizes[-1] == of_validation
    assert sum(sizes[-40 // of_validation :]) == 40


def test_a_refused_call_leaves_the_history_of_the_last() -> None:
    model = _model()
    before = model.fit(X, Y, epochs=2, verbose=0)
    with pytest.raises(InputError, match="validation_freq"):
        model.fit(X, Y, validation_split=0.5, validation_freq=0, verbose=0)
    assert model.history is before


def test_a_run_that_trained_and_failed_leaves_its_own() -> None:
    def fail(event: lampas.Event) -> None:
        if event.kind == "epoch_end" and event.epoch == 2:
            raise RuntimeError("no more")

    model = _model()
    before = model.fit(X, Y, epochs=5, verbose=0)
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=fail)
    assert model.history is not before
    assert len(model.history) == 2


def test_every_goes_with_a_folder() -> None:
    with pytest.raises(InputError, match="every='epoch' goes with checkpoint="):
        _model().fit(X, Y, every="epoch", verbose=0)


def test_a_model_without_an_optimizer_is_not_trained() -> None:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile(None, "mse")
    with pytest.raises(NotCompiledError, match="without an optimizer"):
        model.fit(X, Y, verbose=0)


def test_the_origin_has_fingerprints_where_checkpoints_are_compared(tmp_path: Path) -> None:
    model = _model()
    model.fit(X, Y, verbose=0)
    assert "values" not in model.origin
    model.fit(X, Y, verbose=0, checkpoint=tmp_path)
    assert isinstance(model.origin["values"], str)
    assert model.origin["code"]
