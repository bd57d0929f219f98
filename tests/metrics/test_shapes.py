import pytest
import torch

from lampas.errors import ShapeError
from lampas.metrics import MAE, MulticlassAccuracy
from lampas.metrics.shapes import classes, columns, same_shape


@pytest.mark.parametrize(
    ("pred", "true"), [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1, 3), (4, 3)), ((0,), (0, 1))]
)
def test_dimensions_of_one_do_not_matter(pred, true):
    outputs, targets = same_shape("m", torch.zeros(pred), torch.zeros(true))
    assert outputs.shape == targets.shape == torch.Size(pred)


@pytest.mark.parametrize(
    ("pred", "true"), [((4,), (1, 4)), ((4, 1), (1, 4)), ((4, 2), (2, 4)), ((1, 4), (4,))]
)
def test_nothing_else_is_made_to_fit(pred, true):
    with pytest.raises(ShapeError) as told:
        same_shape("m", torch.zeros(pred), torch.zeros(true))
    assert str(told.value) == (
        f"metric 'm' compares element by element, got outputs {pred} and targets {true}"
    )


@pytest.mark.parametrize(
    ("y_pred", "y_true", "side", "got"),
    [
        ((torch.zeros(2),), torch.zeros(2), "output", "tuple"),
        ({"a": torch.zeros(2)}, torch.zeros(2), "output", "dict"),
        (torch.zeros(2), None, "target", "NoneType"),
    ],
)
@pytest.mark.parametrize("metric", [MAE(), MulticlassAccuracy()])
def test_one_tensor_is_one_tensor(metric, y_pred, y_true, side, got):
    with pytest.raises(ShapeError) as told:
        metric.update(y_pred, y_true)
    assert str(told.value) == (
        f"metric {metric.name!r} reads one {side} tensor, got a {got}: "
        "pass a function (y_pred, y_true) that picks the part it needs"
    )


def test_columns_keep_the_order_of_rows():
    values = torch.arange(12).reshape(2, 3, 2)
    assert columns(values).tolist() == [[0, 2, 4], [1, 3, 5], [6, 8, 10], [7, 9, 11]]
    assert torch.equal(columns(values)[:, 0], values[:, 0].reshape(-1))


@pytest.mark.parametrize("true", [(2, 5), (2, 1, 5), (2, 3, 5)])
def test_class_targets_follow_the_scores(true):
    torch.manual_seed(0)
    scores, truth = torch.randn(2, 3, 5), torch.randint(0, 3, (2, 5))
    given = truth.reshape(true) if true != (2, 3, 5) else torch.eye(3)[truth].movedim(2, 1)
    fitted = classes("m", scores, given, ignore_index=1)
    assert torch.equal(fitted.truth, truth.flatten())
    assert torch.equal(fitted.scores.argmax(1), scores.argmax(1).flatten())
    assert fitted.counts is not None
    assert torch.equal(fitted.counts, truth.flatten() != 1)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_one_score_is_no_class_scores(shape):
    with pytest.raises(ShapeError) as told:
        classes("accuracy", torch.zeros(shape), torch.zeros(4))
    assert str(told.value) == (
        "metric 'accuracy' takes one score a class, outputs (N, C, ...), "
        f"got {shape}: yes/no outputs have the Binary metrics"
    )


@pytest.mark.parametrize("shape", [(3,), (4, 2), (3, 4), (4, 3, 1)])
def test_class_targets_of_another_shape(shape):
    with pytest.raises(ShapeError) as told:
        classes("accuracy", torch.zeros(4, 3), torch.zeros(shape))
    assert str(told.value) == (
        f"metric 'accuracy' got outputs (4, 3) and targets {shape}: "
        "targets must be class indices (4,) or one value a class (4, 3)"
    )
