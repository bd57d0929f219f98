from typing import Any

import pytest
import torch
from torch import nn

from lampas import metrics
from lampas.criterion import make_criterion
from lampas.errors import ShapeError
from lampas.meters import Meter, make_meters

CPU = torch.device("cpu")


class Seen(metrics.Metric):
    """Keeps the shapes of what it is shown."""

    name = "seen"

    def reset(self) -> None:
        self.shapes: list[Any] = []

    def update(self, y_pred: Any, y_true: Any) -> None:
        self.shapes.append((tuple(y_pred.shape), tuple(y_true.shape)))

    def compute(self) -> torch.Tensor:
        return torch.tensor(float(len(self.shapes)))


class SeenByBatch(Seen):
    per_batch = True


def _pair(n: int, width: int = 2) -> tuple[Any, Any]:
    return torch.zeros(n, width), torch.zeros(n)


def _shown(metric: Seen, *pairs: Any, key: Any = None) -> list[Any]:
    meter = Meter("m", key, metric)
    meter.reset()
    meter.update(pairs)
    return metric.shapes


def test_batches_are_joined_where_they_can_be() -> None:
    assert _shown(Seen(), _pair(3), _pair(2)) == [((5, 2), (5,))]
    ragged = [((3, 2), (3,)), ((2, 4), (2,))]
    assert _shown(Seen(), _pair(3), _pair(2, 4)) == ragged
    scalars = [(torch.tensor(1.0), torch.tensor(2.0))] * 2
    assert _shown(Seen(), *scalars) == [((), ())] * 2


def test_a_metric_of_batches_sees_each() -> None:
    assert _shown(SeenByBatch(), _pair(3), _pair(2)) == [((3, 2), (3,)), ((2, 2), (2,))]


def test_the_part_of_its_output() -> None:
    pairs = [({"a": p, "b": 0}, {"a": t}) for p, t in (_pair(3), _pair(1))]
    assert _shown(Seen(), *pairs, key="a") == [((4, 2), (4,))]
    with pytest.raises(ShapeError) as caught:
        _shown(Seen(), *pairs, key="c")
    assert str(caught.value) == "no part 'c' in the model's output, which is a dict of 'a', 'b'"


def test_a_record_and_the_raw_value() -> None:
    meter = Meter("matrix", None, metrics.ConfusionMatrix())
    meter.reset()
    meter.update([(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0]))])
    assert meter.record() == {} or all(isinstance(v, float) for v in meter.record().values())
    assert meter.value.tolist() == [[1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (None, []),
        ("mae", ["mae"]),
        (["mae", "mse"], ["mae", "mse"]),
        ({"off": "mae"}, ["off"]),
        ({"age": {"off": "mae"}, "kind": ["accuracy"], "whole": Seen()},
         ["whole", "age_off", "kind_accuracy"]),
        ({0: ["mae"], 1: {"m": "mse"}}, ["output_0_mae", "output_1_m"]),
    ],
)  # fmt: skip
def test_names(spec: Any, names: list[str]) -> None:
    losses = {"age": "mse", "kind": nn.CrossEntropyLoss(), 0: "mse", 1: "mse"}
    alone = isinstance(spec, (str, list)) or spec is None or "off" in spec
    criterion = make_criterion("mse" if alone else losses)
    assert [meter.name for meter in make_meters(spec, criterion)] == names


def test_a_torchmetrics_object_moves_to_the_device() -> None:
    class Foreign(nn.Module):
        def reset(self) -> None: ...
        def update(self, y_pred: Any, y_true: Any) -> None: ...
        def compute(self) -> float:
            return 1.0

        def to(self, device: Any) -> Any:  # pyright: ignore
            self.home = device
            return self

    metric = Foreign()
    (meter,) = make_meters(metric, make_criterion("mse"))
    meter.to(CPU)
    assert metric.home == CPU
    assert not meter.running
    assert meter.record() == {"foreign": 1.0}


def test_single_numbers_among_rows_are_not_joined() -> None:
    (meter,) = make_meters({"seen": Seen()}, make_criterion(nn.MSELoss()))
    meter.reset()
    meter.update([(torch.zeros(2), torch.zeros(2)), (torch.tensor(0.0), torch.tensor(0.0))])
    assert meter.metric.shapes == [((2,), (2,)), ((), ())]
