from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.criterion import make_criterion, pick
from lampas.data.batch import Batch
from lampas.errors import InputError, ShapeError

WEIGHTS = torch.tensor([0.5, 1.0, 4.0])


def _batch(y: Any, weight: torch.Tensor | None = None) -> Batch:
    first = next(iter(y.values())) if isinstance(y, dict) else y
    return Batch(torch.zeros(len(first), 1), y, weight, len(first))


def _one(loss: Any, y_pred: Any, y: Any, weight: Any = None) -> tuple[torch.Tensor, float]:
    total, values, counts = make_criterion(loss)(y_pred, _batch(y, weight))
    assert torch.equal(total, values[0])
    return total, float(counts[0])


def test_several_losses_are_summed_with_their_weights() -> None:
    spec = {"a": "mse", "b": nn.CrossEntropyLoss()}
    criterion = make_criterion(spec, {"b": 0.25})
    output = {"a": torch.randn(4), "b": torch.randn(4, 3)}
    y = {"a": torch.randn(4), "b": torch.tensor([0, 1, -100, 2])}
    total, values, counts = criterion(output, _batch(y))
    torch.testing.assert_close(total, values[0] + 0.25 * values[1])
    assert [float(count) for count in counts] == [4, 3]
    assert [float(count) for count in criterion.counts(_batch(y))] == [4, 3]
    assert [term.name for term in criterion.terms] == ["a_loss", "b_loss"]
    assert isinstance(criterion.loss_of("b"), nn.CrossEntropyLoss)
    assert criterion.loss_of("c") is None


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        ({"c": 1.0}, "loss_weights has 'c', which loss has not: it has ['a', 'b']"),
        ([1.0], "loss_weights has 1 numbers for 2 losses"),
    ],
)
def test_loss_weights_that_do_not_fit(weights: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        make_criterion({"a": "mse", "b": "mse"}, weights)
    assert str(caught.value) == line


def test_masks_are_looked_for_once() -> None:
    criterion = make_criterion(nn.CrossEntropyLoss())
    plain, masked = torch.tensor([0, 1]), torch.tensor([0, -100])
    for targets, counted in (
        ([plain], False), ([masked], True), ([None], True), ([plain, masked], True),
        ([plain, plain], False),
    ):  # fmt: skip
        criterion.expect(targets)
        (count,) = criterion.counts(_batch(plain))
        assert isinstance(count, torch.Tensor) is counted
        assert float(count) == 2


def test_places_count_where_nothing_is_masked() -> None:
    criterion = make_criterion(nn.CrossEntropyLoss())
    y = torch.zeros(2, 5).long()
    criterion.expect([y])
    assert criterion.counts(_batch(y)) == [10]
    assert criterion.counts(_batch(torch.zeros(2).long())) == [2]
    (count,) = criterion.counts(_batch(y, torch.tensor([0.5, 2.0])))
    assert float(count) == 12.5


def test_shapes_are_checked_once_in_training_and_once_in_evaluation() -> None:
    criterion = make_criterion("mse")
    criterion(torch.ones(3, 1), _batch(torch.ones(3, 1)))
    with torch.no_grad(), pytest.raises(ShapeError):
        criterion(torch.ones(3, 1), _batch(torch.ones(3)))


def test_a_class_outside_the_class_weights_is_said_in_one_line() -> None:
    criterion = make_criterion(nn.CrossEntropyLoss(weight=WEIGHTS))
    y = torch.tensor([0, 7])
    assert len(criterion.counts(_batch(y))) == 1
    with pytest.raises(lampas.errors.DataError):
        criterion(torch.randn(2, 3), _batch(y))


def test_picking() -> None:
    assert pick({"a": 1}, "a", "y") == 1
    assert pick((1, 2), 1, "y") == 2
    assert pick(5, None, "y") == 5
    for nest, said in (
        (torch.ones(3), "one tensor"), ({"b": 1, "c": 2}, "a dict of 'b', 'c'"),
        ((1,), "a tuple of 1"), (None, "a NoneType"),
    ):  # fmt: skip
        with pytest.raises(ShapeError) as caught:
            pick(nest, 3, "y")
        assert str(caught.value) == f"no part 3 in y, which is {said}"
