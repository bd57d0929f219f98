import pytest
import torch
import torchmetrics

from lampas import metrics as m
from lampas.errors import InputError, UnknownNameError
from lampas.metrics import resolve, resolve_all
from lampas.task import Task

LOGITS = Task("binary", "logits")


def bias(y_pred, y_true):
    return (y_pred - y_true).mean()


class Duck:
    def reset(self):
        self.rows = 0

    def update(self, y_pred, y_true):
        self.rows += len(y_pred)

    def compute(self):
        return self.rows


def test_objects_stay_what_they_are():
    for metric in (m.MAE(), Duck(), torchmetrics.MeanSquaredError(), m.Whole(bias), m.Mean(bias)):
        assert resolve(metric, None) is metric


def test_a_function_sees_the_whole_epoch():
    assert type(resolve(bias, None)) is m.Whole
    metric = resolve(torch.nn.L1Loss(), None)  # an object that is called, without update
    metric.update(torch.ones(2), torch.zeros(2))
    assert metric.compute() == 1


@pytest.mark.parametrize(
    ("cls", "line"),
    [
        (m.BinaryAccuracy, "BinaryAccuracy(from_logits=...)"),
        (m.MulticlassAccuracy, "MulticlassAccuracy()"),
        (m.TopKAccuracy, "TopKAccuracy(k=...)"),
        (torchmetrics.MeanSquaredError, "MeanSquaredError()"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: [c], lambda c: {"mine": c}])
def test_a_class_is_no_instance(cls, line, wrap):
    with pytest.raises(InputError) as told:
        resolve_all(wrap(cls), LOGITS)
    assert str(told.value) == (f"metric {cls.__name__} is a class, not an instance: write {line}")


@pytest.mark.parametrize(
    ("spec", "got"), [(3, "a int"), ({"mae"}, "a set"), (torch.zeros(2), "a Tensor of shape (2,)")]
)
def test_anything_else_is_told(spec, got):
    with pytest.raises(InputError) as told:
        resolve_all(spec, None)
    assert str(told.value) == (
        "a metric is a name, a function (y_pred, y_true), or a lampas.metrics or torchmetrics "
        f"object, got {got}"
    )


def test_names_of_a_list():
    found = resolve_all(
        [
            "acc",
            bias,
            m.BinaryAccuracy(from_logits=True),
            m.TopKAccuracy(3),
            torchmetrics.MeanSquaredError(),
            Duck(),
            bias,
            lambda y_pred, y_true: 0.0,
            m.Mean(bias, "drift"),
            torchmetrics.MetricCollection([torchmetrics.MeanAbsoluteError()]),
        ],
        LOGITS,
    )
    assert list(found) == [
        "acc",
        "bias",
        "accuracy",
        "top_3_accuracy",
        "mean_squared_error",
        "duck",
        "bias_2",
        "lambda",
        "drift",
        "metric_collection",
    ]


def test_one_metric_alone_and_none():
    assert resolve_all(None, None) == {}
    assert resolve_all([], None) == {}
    assert list(resolve_all("mae", None)) == ["mae"]
    assert list(resolve_all(m.R2(), None)) == ["r2"]
    assert list(resolve_all(bias, None)) == ["bias"]
    collection = torchmetrics.MetricCollection({"a": torchmetrics.MeanAbsoluteError()})
    assert resolve_all(collection, None) == {"metric_collection": collection}
    assert list(resolve_all(["mae", "mae", "mae"], None)) == ["mae", "mae_2", "mae_3"]


def test_a_dict_gives_the_names():
    found = resolve_all({"acc": "accuracy", "mine": bias}, LOGITS)
    assert [type(metric) for metric in found.values()] == [m.BinaryAccuracy, m.Whole]
    mine = found["mine"]
    mine.update(torch.zeros(1, 2), torch.zeros(1, 2))
    with pytest.raises(InputError, match=r"^metric 'mine' cannot join .*\.Mean\(bias\)"):
        mine.update(torch.zeros(1, 3), torch.zeros(1, 3))


def loss(y_pred, y_true):
    return 0.0


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"loss": "mae"}, "loss"),
        ({"epoch": "mae"}, "epoch"),
        ({"val_mae": "mae"}, "val_mae"),
        ([loss], "loss"),
    ],
)
def test_names_of_the_history_are_refused(spec, name):
    with pytest.raises(InputError) as told:
        resolve_all(spec, None)
    assert str(told.value) == (
        f"a metric cannot be called {name!r}, which the history uses itself: "
        "pass metrics={'another_name': ...}"
    )


@pytest.mark.parametrize("name", [1, ""])
def test_names_are_strings(name):
    with pytest.raises(InputError) as told:
        resolve_all({name: "mae"}, None)
    assert str(told.value) == f"the name of a metric is a string, got {name!r}"


def test_one_object_is_passed_once():
    metric = m.MAE()
    with pytest.raises(InputError) as told:
        resolve_all([metric, metric], None)
    assert str(told.value) == (
        "metrics 'mae' and 'mae_2' are one object, which would see every batch twice: "
        "pass two objects"
    )


def test_an_unknown_string_is_told():
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        resolve_all(["acuracy"], LOGITS)


def test_an_object_without_a_name_is_called_like_its_class():
    class HalfLife(m.Averaged):
        def terms(self, y_pred, y_true):
            return y_pred.sum(), y_pred.numel()

    assert list(resolve_all([HalfLife()], None)) == ["half_life"]


class DuckWithParts(Duck, dict):
    """A metric that is also a dict of its parts."""


def test_a_metric_that_is_a_dict_is_one_metric():
    metric = DuckWithParts(mae=m.MAE())
    assert resolve_all(metric, None) == {"duck_with_parts": metric}
