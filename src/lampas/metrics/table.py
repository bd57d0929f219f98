"""The one table of metric names, and what each means for the loss it stands beside."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lampas.errors import InputError, unknown_name
from lampas.metrics.accuracy import BinaryAccuracy, MulticlassAccuracy, TopKAccuracy
from lampas.metrics.base import Metric
from lampas.metrics.confusion import BinaryConfusionMatrix, ConfusionMatrix
from lampas.metrics.likelihood import BinaryLogLoss, BrierScore, MulticlassLogLoss, Perplexity
from lampas.metrics.prf import (
    BinaryF1,
    BinaryPrecision,
    BinaryRecall,
    MulticlassF1,
    MulticlassPrecision,
    MulticlassRecall,
)
from lampas.metrics.ranking import (
    BinaryAveragePrecision,
    BinaryRocAuc,
    MulticlassAveragePrecision,
    MulticlassRocAuc,
)
from lampas.metrics.regression import MAE, MAPE, MSE, R2, RMSE, SMAPE
from lampas.task import Kind, Task

Maker = Callable[[bool, int | None], Metric]
"""(from_logits, ignore_index) -> the metric."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a name stands for.

    `write`: the object to pass where the loss does not say enough, as one writes it.
    `makers`: the metric beside a loss of each kind; beside any other the name means nothing.
    `scaled`: the kinds beside which the outputs' scale must be known.
    """

    write: str
    makers: dict[Kind, Maker]
    scaled: frozenset[Kind] = frozenset()


_BINARY: frozenset[Kind] = frozenset({"binary"})
_MULTICLASS: frozenset[Kind] = frozenset({"multiclass"})
_BOTH = _BINARY | _MULTICLASS

_ACCURACY = Entry(
    "lampas.metrics.BinaryAccuracy(from_logits=...) or lampas.metrics.MulticlassAccuracy()",
    {
        "binary": lambda logits, _: BinaryAccuracy(from_logits=logits),
        "multiclass": lambda _, ignore: MulticlassAccuracy(ignore),
    },
    _BINARY,
)
_ROC_AUC = Entry(
    "lampas.metrics.BinaryRocAuc() or lampas.metrics.MulticlassRocAuc(from_logits=...)",
    {
        "binary": lambda *_: BinaryRocAuc(),
        "multiclass": lambda logits, ignore: MulticlassRocAuc(
            from_logits=logits, ignore_index=ignore
        ),
    },
    _MULTICLASS,
)


def _top_k(k: int) -> Entry:
    return Entry(
        f"lampas.metrics.TopKAccuracy({k})",
        {"multiclass": lambda _, ignore: TopKAccuracy(k, ignore)},
    )


def _regression(make: type[Metric]) -> Entry:
    return Entry(f"lampas.metrics.{make.__name__}()", {"regression": lambda *_: make()})


TABLE: dict[str, Entry] = {
    "accuracy": _ACCURACY,
    "acc": _ACCURACY,
    "top_5_accuracy": _top_k(5),
    "precision": Entry(
        "lampas.metrics.BinaryPrecision(from_logits=...) or lampas.metrics.MulticlassPrecision()",
        {
            "binary": lambda logits, _: BinaryPrecision(from_logits=logits),
            "multiclass": lambda _, ignore: MulticlassPrecision(ignore_index=ignore),
        },
        _BINARY,
    ),
    "recall": Entry(
        "lampas.metrics.BinaryRecall(from_logits=...) or lampas.metrics.MulticlassRecall()",
        {
            "binary": lambda logits, _: BinaryRecall(from_logits=logits),
            "multiclass": lambda _, ignore: MulticlassRecall(ignore_index=ignore),
        },
        _BINARY,
    ),
    "f1": Entry(
        "lampas.metrics.BinaryF1(from_logits=...) or lampas.metrics.MulticlassF1()",
        {
            "binary": lambda logits, _: BinaryF1(from_logits=logits),
            "multiclass": lambda _, ignore: MulticlassF1(ignore_index=ignore),
        },
        _BINARY,
    ),
    "roc_auc": _ROC_AUC,
    "auc": _ROC_AUC,
    "average_precision": Entry(
        "lampas.metrics.BinaryAveragePrecision() "
        "or lampas.metrics.MulticlassAveragePrecision(from_logits=...)",
        {
            "binary": lambda *_: BinaryAveragePrecision(),
            "multiclass": lambda logits, ignore: MulticlassAveragePrecision(
                from_logits=logits, ignore_index=ignore
            ),
        },
        _MULTICLASS,
    ),
    "confusion_matrix": Entry(
        "lampas.metrics.BinaryConfusionMatrix(from_logits=...) or lampas.metrics.ConfusionMatrix()",
        {
            "binary": lambda logits, _: BinaryConfusionMatrix(from_logits=logits),
            "multiclass": lambda _, ignore: ConfusionMatrix(ignore),
        },
        _BINARY,
    ),
    "log_loss": Entry(
        "lampas.metrics.BinaryLogLoss(from_logits=...) "
        "or lampas.metrics.MulticlassLogLoss(from_logits=...)",
        {
            "binary": lambda logits, _: BinaryLogLoss(from_logits=logits),
            "multiclass": lambda logits, ignore: MulticlassLogLoss(
                from_logits=logits, ignore_index=ignore
            ),
        },
        _BOTH,
    ),
    "brier": Entry(
        "lampas.metrics.BrierScore(from_logits=...)",
        {"binary": lambda logits, _: BrierScore(from_logits=logits)},
        _BINARY,
    ),
    "perplexity": Entry(
        "lampas.metrics.Perplexity(from_logits=...)",
        {"multiclass": lambda logits, ignore: Perplexity(ignore, from_logits=logits)},
        _MULTICLASS,
    ),
    "mae": _regression(MAE),
    "mse": _regression(MSE),
    "rmse": _regression(RMSE),
    "r2": _regression(R2),
    "mape": _regression(MAPE),
    "smape": _regression(SMAPE),
}
"""Every metric that a string names; `top_K_accuracy` takes any K in the place of 5."""


def named(name: str, task: Task | None) -> Metric:
    """The metric that `name` stands for beside a loss that says `task`; nothing is guessed.

    Names of regression are understood without a task as well, and beside a loss of yes/no
    probabilities, which are values like any other. Raises `UnknownNameError` for a name outside
    the table, `InputError` where the loss does not say enough or contradicts the name.

    >>> named("accuracy", Task("binary", "logits")).name
    'accuracy'
    """
    entry = TABLE.get(name)
    if entry is None and (match := re.fullmatch(r"top_([1-9][0-9]*)_accuracy", name)):
        entry = _top_k(int(match[1]))
    if entry is None:
        raise unknown_name("metric", name, TABLE)
    if task is None or (task.kind, task.scale) == ("binary", "probabilities"):
        if "regression" in entry.makers:
            return entry.makers["regression"](False, None)
        if task is None:
            raise _unsaid(name, entry)
    if task.kind not in entry.makers:
        raise _contradicted(name, entry, task)
    if task.kind in entry.scaled and not _scale_known(task):
        raise _unsaid(name, entry)
    return entry.makers[task.kind](task.scale != "probabilities", task.ignore_index)


def _scale_known(task: Task) -> bool:
    """Whether the outputs are logits or probabilities.

    The softmax of log-probabilities is what they say: of classes, they are logits too.
    """
    return task.scale in ("logits", "probabilities") or (
        task.kind == "multiclass" and task.scale == "log_probabilities"
    )


def _unsaid(name: str, entry: Entry) -> InputError:
    what = "whether outputs are logits or probabilities" if entry.scaled else "what outputs are"
    return InputError(f"metric {name!r} cannot know from this loss {what}: pass {entry.write}")


def _contradicted(name: str, entry: Entry, task: Task) -> InputError:
    kinds = " and ".join(entry.makers)
    said = f"{task.kind} {task.scale.replace('_', '-')}"
    fix = f"pass {entry.write} if that is meant"
    if task.kind == "regression":
        said, fix = task.kind, "use 'mae', 'mse', 'rmse' or 'r2'"
    return InputError(f"metric {name!r} is for {kinds} losses, and this loss is for {said}: {fix}")
