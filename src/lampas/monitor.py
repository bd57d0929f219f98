"""Which way a named number gets better: down for losses and errors, up for scores."""

import re
from typing import Literal

from lampas.errors import InputError

Mode = Literal["auto", "min", "max"]

_LOWER = (
    "loss", "error", "err", "mae", "mse", "rmse", "msle", "mape", "smape", "wmape", "mase",
    "nll", "bce", "crossentropy", "cross_entropy", "perplexity", "deviance", "penalty", "brier",
    "kld", "kl_divergence", "logcosh", "wer", "cer",
)  # fmt: skip
_HIGHER = (
    "accuracy", "acc", "auc", "auroc", "precision", "recall", "f1", "fbeta", "r2",
    "sensitivity", "specificity", "dice", "iou", "jaccard", "kappa", "mcc", "bleu",
    "correlation", "likelihood",
)  # fmt: skip

# What may follow the word that decides: f1_macro, r2_score, accuracy_top_5, precision_at_10.
_TAIL = re.compile(r"(_(macro|micro|weighted|samples|score|top|at|k|\d+))+$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def lower_is_better(monitor: str, mode: Mode = "auto") -> bool:
    """Whether `monitor` improves by going down.

    `mode` "min" or "max" says so outright. "auto" reads the end of the name, whatever stands
    before it (`val_loss`, `head_accuracy`): losses, errors, MAE, MSE, RMSE, MAPE, sMAPE and
    perplexity go down; accuracy, AUC, precision, recall, F1 and R² go up.

    Raises `InputError` where "auto" does not know the name or `mode` is none of the three.

    >>> lower_is_better("val_loss"), lower_is_better("val_roc_auc")
    (True, False)
    >>> lower_is_better("profit", mode="max")
    False
    """
    if mode not in ("auto", "min", "max"):
        raise InputError(f"mode must be 'auto', 'min' or 'max', not {mode!r}")
    if mode != "auto":
        return mode == "min"
    name = _TAIL.sub("", _CAMEL.sub("_", monitor).lower())
    if _ends_with(name, _LOWER):
        return True
    if _ends_with(name, _HIGHER):
        return False
    raise InputError(
        f"is a lower or a higher {monitor!r} better? The name does not say: "
        "pass mode='min' or mode='max'"
    )


def _ends_with(name: str, words: tuple[str, ...]) -> bool:
    return any(name == word or name.endswith(f"_{word}") for word in words)


def is_better(value: float, best: float, lower: bool, min_delta: float = 0.0) -> bool:
    """Whether `value` beats `best` by more than `min_delta`; nan never does.

    A `best` of nan is beaten by every number.

    >>> is_better(0.5, 0.6, lower=True), is_better(0.5, 0.5, lower=True)
    (True, False)
    >>> is_better(0.55, 0.6, lower=True, min_delta=0.1)
    False
    """
    if value != value:
        return False
    if best != best:
        return True
    return value < best - min_delta if lower else value > best + min_delta
