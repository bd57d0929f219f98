"""What objects remember, read from their attributes and put back."""

from collections import deque
from typing import Any

import pytest
import torch
import torchmetrics
from torch import Tensor

from lampas import metrics
from lampas.memories import forgotten, memory, recall
from lampas.tree import pack, unpack

SCORES = torch.tensor([[2.0, 0.1], [0.3, 0.4], [1.0, 3.0], [0.2, 0.1]])
LABELS = torch.tensor([0, 1, 1, 1])


def _through_a_file(value: Any) -> Any:
    return unpack(*pack(value))


def _metrics() -> list[Any]:
    from torchmetrics.classification import MulticlassAUROC, MulticlassF1Score

    ours = [
        metrics.MulticlassAccuracy(),
        metrics.MulticlassRocAuc(from_logits=True),
        metrics.MAE(),
        metrics.R2(),
    ]
    theirs = [
        MulticlassF1Score(2),
        MulticlassAUROC(2),
        torchmetrics.MetricCollection([MulticlassF1Score(2)]),
    ]
    return [*ours, *theirs]


@pytest.mark.parametrize("index", range(7))
def test_a_metric_goes_on_in_another_object(index: int) -> None:
    first, second = _metrics()[index], _metrics()[index]
    numbers = index in (2, 3)
    batch = (SCORES[:, 0], SCORES[:, 1]) if numbers else (SCORES, LABELS)
    first.reset()
    first.update(*batch)
    recall(second, _through_a_file(memory(first)))
    assert forgotten(first) == []
    for metric in (first, second):
        metric.update(batch[0].flip(0), batch[1])
    found = [metric.compute() for metric in (first, second)]
    values = [next(iter(one.values())) if isinstance(one, dict) else one for one in found]
    assert torch.equal(*values)


class _Part:
    def __init__(self) -> None:
        self.total = 0.0


class _Mine:
    """A user's metric, of nested objects, tuples and dicts."""

    def __init__(self) -> None:
        self.parts = [_Part(), _Part()]
        self.named = {"a": _Part()}
        self.rule = max
        self.seen: Tensor | None = None
        self.shape = (1, 2)


def test_objects_within_objects_stay_who_they_are() -> None:
    first, second = _Mine(), _Mine()
    first.parts[1].total, first.named["a"].total, first.seen = 3.0, 4.0, torch.ones(2)
    kept = second.parts[1], second.named["a"]
    recall(second, _through_a_file(memory(first)))
    assert (second.parts[1], second.named["a"]) == kept
    assert (kept[0].total, kept[1].total, second.shape) == (3.0, 4.0, (1, 2))
    assert second.seen is not None
    assert second.rule is max


def test_what_cannot_be_kept_is_named() -> None:
    mine = _Mine()
    mine.window = deque([1.0])  # pyright: ignore
    assert forgotten(mine) == ["window"]
    assert "window" not in memory(mine)


def test_a_method_is_never_replaced() -> None:
    with pytest.raises(ValueError, match="compute is a method of"):
        recall(metrics.MAE(), {"compute": 1})
