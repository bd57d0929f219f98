"""The compiled validation gives what `eval_step` gives.

Graphs run here as they were traced, but in the last test.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from zoo import CLASSES, ZOO, Kind, X, Y

import lampas
from lampas.data.batch import Batch
from lampas.errors import InputError
from lampas.jit.evaluation import CompiledEvaluation
from lampas.optim import EMA
from lampas.step import eval_step


def rows_of(kind: Kind, jit: bool, **options: Any) -> list[dict[str, float]]:
    """What three epochs with a validation on batches of 8, 8 and 6 leave."""
    torch.manual_seed(3)
    model = lampas.Model(kind.net().double())
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    fit = options.pop("fit", {})
    model.compile(adam, kind.loss, jit=jit, **options)
    asked = {"validation_data": (kind.x, kind.y), "validation_batch_size": 8, **fit}
    model.fit(kind.x, kind.y, batch_size=11, epochs=3, verbose=0, **asked)
    return model.history.rows


def assert_same(one: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    for row, again in zip(one, other, strict=True):
        assert any(name.startswith("val_") for name in row)
        assert row == pytest.approx(again, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("net", ZOO)
def test_same_as_by_hand(net: str, uncompiled: list[int]) -> None:
    one = rows_of(ZOO[net], True)
    assert len(uncompiled) == 3, "steps on 11 rows; validation on 8, and on 6"
    assert_same(one, rows_of(ZOO[net], False))


WEIGHTED = (X, Y, torch.rand(22, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
OPTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "metrics": lambda: {"metrics": ["mae", "r2"]},
    "average": lambda: {"averaging": EMA(0.9)},
    "weights": lambda: {"fit": {"validation_data": WEIGHTED}},
    "seldom": lambda: {"fit": {"validation_freq": 2}},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_same_with_options(name: str, uncompiled: list[int]) -> None:
    found = [rows_of(ZOO["mlp"], jit, **OPTIONS[name]()) for jit in (True, False)]
    assert len(uncompiled) == 3
    for row, again in zip(*found, strict=True):
        assert row == pytest.approx(again, rel=1e-10, abs=1e-10)


def test_same_with_masked_targets(uncompiled: list[int]) -> None:
    masked = CLASSES.clone()
    masked[::4] = -100
    kind = Kind(lambda: nn.Linear(3, 3), X, masked, nn.CrossEntropyLoss())
    assert_same(rows_of(kind, True), rows_of(kind, False))
    assert len(uncompiled) == 3


class Counting(nn.Module):
    """A net that counts its evaluations in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 1)
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            self.seen.add_(1)
        return self.body(x)


def test_a_net_that_changes_while_it_is_evaluated_is_evaluated_by_hand(
    uncompiled: list[int],
) -> None:
    kind = Kind(Counting, X, Y, "mse")
    assert_same(rows_of(kind, True), rows_of(kind, False))
    assert len(uncompiled) == 1, "steps, which do not count"


def test_a_number_of_the_nets_that_a_callback_changes_is_heard(uncompiled: list[int]) -> None:
    class Scaled(nn.Linear):
        scale = 1.0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x) * self.scale

    def change(event: lampas.Event) -> None:
        event.model.net.scale = 1.0 + event.epoch

    kind = Kind(lambda: Scaled(3, 1), X, Y, "mse")
    found = [rows_of(kind, jit, fit={"callbacks": change}) for jit in (True, False)]
    assert_same(*found)


def test_a_fault_in_the_validation_data_is_told_as_by_hand(uncompiled: list[int]) -> None:
    kind = ZOO["text"]
    ids = kind.x.clone()
    ids[9, 2] = 20
    said: list[str] = []
    for jit in (True, False):
        with pytest.raises(InputError) as error:
            rows_of(kind, jit, fit={"validation_data": (ids, kind.y)})
        said.append(str(error.value))
    assert said[0] == said[1]
    assert "in evaluation" in said[0]


def test_a_graph_that_fails_is_left_and_nothing_is_lost() -> None:
    model = lampas.Model(ZOO["mlp"].net().double())
    model.compile("adam", "mse", metrics=["mae"])

    def broken(*_: Any) -> Any:
        raise RuntimeError("no such kernel")

    calls: list[int] = []

    def source(_: Any) -> Any:
        calls.append(1)
        return broken

    judge = CompiledEvaluation(model, source)
    model.eval()
    with torch.no_grad():
        for _ in range(2):
            found, wanted = judge(Batch(X, Y, None, 22)), eval_step(model, Batch(X, Y, None, 22))
            assert torch.equal(found.values[0], wanted.values[0])
            assert torch.equal(found.y_pred, wanted.y_pred)
    assert len(calls) == 1


def test_compiled_by_torch_it_is_the_same() -> None:
    kind = ZOO["mlp"]
    assert_same(rows_of(kind, True, metrics=["mae"]), rows_of(kind, False, metrics=["mae"]))
