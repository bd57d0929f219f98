import pytest
import torch
import torch.nn.functional as F

from lampas import metrics as m
from lampas.errors import InputError, UnknownNameError
from lampas.metrics.table import TABLE, named
from lampas.task import Task

LOGITS = Task("binary", "logits")
PROBABILITIES = Task("binary", "probabilities")
CLASSES = Task("multiclass", "logits", -100)
LOG_P = Task("multiclass", "log_probabilities", -100)
CLASS_P = Task("multiclass", "probabilities")
VALUES = Task("regression", "values")
CLASS_NAMES = {
    "accuracy": (m.BinaryAccuracy, m.MulticlassAccuracy),
    "acc": (m.BinaryAccuracy, m.MulticlassAccuracy),
    "precision": (m.BinaryPrecision, m.MulticlassPrecision),
    "recall": (m.BinaryRecall, m.MulticlassRecall),
    "f1": (m.BinaryF1, m.MulticlassF1),
    "roc_auc": (m.BinaryRocAuc, m.MulticlassRocAuc),
    "auc": (m.BinaryRocAuc, m.MulticlassRocAuc),
    "average_precision": (m.BinaryAveragePrecision, m.MulticlassAveragePrecision),
    "confusion_matrix": (m.BinaryConfusionMatrix, m.ConfusionMatrix),
    "log_loss": (m.BinaryLogLoss, m.MulticlassLogLoss),
    "brier": (m.BrierScore, None),
    "perplexity": (None, m.Perplexity),
    "top_5_accuracy": (None, m.TopKAccuracy),
}
REGRESSION = {"mae": m.MAE, "mse": m.MSE, "rmse": m.RMSE, "r2": m.R2, "mape": m.MAPE}
REGRESSION |= {"smape": m.SMAPE}


def test_the_tests_know_the_whole_table():
    assert CLASS_NAMES.keys() | REGRESSION.keys() == TABLE.keys()


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_names_mean_what_the_loss_says(name: str):
    binary, multiclass = CLASS_NAMES[name]
    if binary is not None:
        assert {type(named(name, task)) for task in (LOGITS, PROBABILITIES)} == {binary}
    if multiclass is not None:
        assert {type(named(name, task)) for task in (CLASSES, LOG_P, CLASS_P)} == {multiclass}


@pytest.mark.parametrize("name", [n for n, (binary, _) in CLASS_NAMES.items() if binary])
def test_binary_logits_and_probabilities_give_one_value(name: str):
    torch.manual_seed(0)
    logits, truth = torch.randn(50).double(), torch.randint(0, 2, (50,))
    on_logits, on_p = named(name, LOGITS), named(name, PROBABILITIES)
    on_logits.update(logits, truth)
    on_p.update(logits.sigmoid(), truth)
    torch.testing.assert_close(on_logits.compute(), on_p.compute())


@pytest.mark.parametrize("name", [n for n, (_, multiclass) in CLASS_NAMES.items() if multiclass])
def test_multiclass_scales_give_one_value_and_ignore(name: str):
    torch.manual_seed(0)
    logits, truth = torch.randn(60, 6).double(), torch.randint(0, 6, (60,))
    outputs = {CLASSES: logits, LOG_P: logits.log_softmax(1), CLASS_P: logits.softmax(1)}
    values = []
    for task, y_pred in outputs.items():
        metric = named(name, task)
        metric.update(y_pred, truth)
        if task.ignore_index is not None:
            metric.update(y_pred[:5], torch.full((5,), -100))
        values.append(metric.compute())
    torch.testing.assert_close(values[0], values[1])
    torch.testing.assert_close(values[0], values[2])
    if name == "log_loss":
        assert values[0].item() == pytest.approx(F.cross_entropy(logits, truth).item())


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("task", [VALUES, None, PROBABILITIES])
def test_regression_names_need_no_more_than_values(name: str, task: Task | None):
    assert type(named(name, task)) is REGRESSION[name]


def test_any_k():
    metric = named("top_3_accuracy", CLASSES)
    assert metric.name == "top_3_accuracy"
    metric.update(torch.tensor([[4.0, 3.0, 2.0, 1.0]]), torch.tensor([2]))
    assert metric.compute() == 1


LINES = [
    (
        "accuracy",
        None,
        "metric 'accuracy' cannot know from this loss whether outputs are logits or "
        "probabilities: pass lampas.metrics.BinaryAccuracy(from_logits=...) or "
        "lampas.metrics.MulticlassAccuracy()",
    ),
    (
        "accuracy",
        Task("binary", "values"),
        "metric 'accuracy' cannot know from this loss whether outputs are logits or "
        "probabilities: pass lampas.metrics.BinaryAccuracy(from_logits=...) or "
        "lampas.metrics.MulticlassAccuracy()",
    ),
    (
        "auc",
        Task("multiclass", "values"),
        "metric 'auc' cannot know from this loss whether outputs are logits or probabilities: "
        "pass lampas.metrics.BinaryRocAuc() or lampas.metrics.MulticlassRocAuc(from_logits=...)",
    ),
    (
        "top_2_accuracy",
        None,
        "metric 'top_2_accuracy' cannot know from this loss what outputs are: "
        "pass lampas.metrics.TopKAccuracy(2)",
    ),
    (
        "accuracy",
        VALUES,
        "metric 'accuracy' is for binary and multiclass losses, and this loss is for "
        "regression: use 'mae', 'mse', 'rmse' or 'r2'",
    ),
    (
        "mae",
        LOGITS,
        "metric 'mae' is for regression losses, and this loss is for binary logits: "
        "pass lampas.metrics.MAE() if that is meant",
    ),
    (
        "perplexity",
        LOGITS,
        "metric 'perplexity' is for multiclass losses, and this loss is for binary logits: "
        "pass lampas.metrics.Perplexity(from_logits=...) if that is meant",
    ),
    (
        "brier",
        LOG_P,
        "metric 'brier' is for binary losses, and this loss is for multiclass "
        "log-probabilities: pass lampas.metrics.BrierScore(from_logits=...) if that is meant",
    ),
]


@pytest.mark.parametrize(("name", "task", "line"), LINES)
def test_what_the_loss_does_not_say_is_not_guessed(name: str, task: Task | None, line: str):
    with pytest.raises(InputError) as told:
        named(name, task)
    assert str(told.value) == line


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_every_class_metric_refuses_without_a_task(name: str):
    with pytest.raises(InputError, match=f"^metric '{name}' cannot know from this loss"):
        named(name, None)


@pytest.mark.parametrize("name", ["acuracy", "top_0_accuracy", "top_accuracy", ""])
def test_unknown_names_are_answered_with_the_valid_ones(name: str):
    with pytest.raises(UnknownNameError) as told:
        named(name, CLASSES)
    assert str(told.value).startswith(f"unknown metric {name!r}{': ' if name else '. '}")
    assert str(told.value).endswith(f"Valid: {', '.join(sorted(TABLE))}")


@pytest.mark.parametrize("name", TABLE)
def test_the_advice_names_what_there_is(name: str):
    for word in TABLE[name].write.split(" or "):
        assert word.removeprefix("lampas.metrics.").split("(")[0] in m.__all__
