"""Scores of held-out samples as functions of weights: how often a draw holds each sample."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from lampas.evidence import Evidence

Weighted = Callable[[np.ndarray], np.ndarray]
"""From weights (D, N), float64, to a score for each of the D draws (D,), float64; nan where a
draw does not define it. All draws at once: calls of scikit-learn, one for each, take 75 times as
long for 2 000 samples, 23 times for 20 000."""

_LABELS = 12  # yes/no targets that have scores of their own
_LOWER = ("log loss", "mae", "rmse")


def measures(evidence: Evidence) -> dict[str, Weighted]:
    """The scores that suit the task, by name.

    Classes: accuracy, log loss, f1 (of the second of two classes, else the mean of all), and of
    two classes roc_auc and average_precision. Several yes/no targets: the share of labels that
    are right, and of samples with all of them right; of up to twelve targets also accuracy and
    roc_auc of each. Numbers: mae, rmse and r2 of each target.
    """
    match evidence.task:
        case "regression":
            return _of_numbers(evidence)
        case "multilabel":
            return _of_labels(evidence)
        case _:
            return _of_classes(evidence)


def lower_is_better(name: str) -> bool:
    """Which way a score of `measures` gets better.

    >>> lower_is_better("mae of price"), lower_is_better("all labels right")
    (True, False)
    """
    return name.split(" of ")[0] in _LOWER


def mean(values: np.ndarray) -> Weighted:
    """The mean of `values` (N,) over a draw."""
    return lambda w: w @ values / w.sum(axis=1)


def _of_classes(evidence: Evidence) -> dict[str, Weighted]:
    true, given = evidence.codes(), evidence.probabilities()
    said = given.argmax(1)
    surprise = -np.log(np.clip(given[np.arange(len(true)), true], 1e-15, 1))
    found = {"accuracy": mean((said == true).astype(np.float64)), "log loss": mean(surprise)}
    if given.shape[1] == 2:
        found |= {
            "roc_auc": roc_auc(true == 1, given[:, 1]),
            "average_precision": average_precision(true == 1, given[:, 1]),
        }
    name = f"f1 of {evidence.classes[0][1]}" if given.shape[1] == 2 else "f1"
    return found | {name: f1(true, said, given.shape[1])}


def roc_auc(true: np.ndarray, share: np.ndarray) -> Weighted:
    """The chance that of a sample that is `true` (N,), bool, and one that is not, the first has
    the greater `share` (N,); ties count half. nan where a draw lacks either."""
    sides = _sides(true, share)

    def weighted(w: np.ndarray) -> np.ndarray:
        ones, others = sides(w)
        below = others.cumsum(axis=1) - others / 2
        pairs = ones.sum(axis=1) * others.sum(axis=1)
        return _ratio((ones * below).sum(axis=1), pairs)

    return weighted


def average_precision(true: np.ndarray, share: np.ndarray) -> Weighted:
    """The mean of the precision at each step of the recall, over thresholds of `share` (N,);
    nan where a draw has no sample that is `true` (N,), bool, or no other."""
    sides = _sides(true, -share)

    def weighted(w: np.ndarray) -> np.ndarray:
        ones, others = sides(w)
        found = ones.cumsum(axis=1)
        precision = np.nan_to_num(_ratio(found, found + others.cumsum(axis=1)))
        total = np.where(others.sum(axis=1) > 0, ones.sum(axis=1), 0.0)
        return _ratio((ones * precision).sum(axis=1), total)

    return weighted


def _sides(
    true: np.ndarray, values: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """From weights (D, N) to those of samples that are `true`, and of the others, in the order of
    rising `values`, samples of equal value as one (D, groups)."""
    order = np.argsort(values, kind="stable")
    _, firsts = np.unique(values[order], return_index=True)
    is_true = true[order].astype(np.float64)

    def weighted(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        every = np.take(w, order, axis=1)
        ones = every * is_true
        if len(firsts) < len(order):
            every, ones = (np.add.reduceat(one, firsts, axis=1) for one in (every, ones))
        return ones, every - ones

    return weighted


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part` of `whole`; nan where that is nothing."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def f1(true: np.ndarray, said: np.ndarray, classes: int) -> Weighted:
    """2 TP / (2 TP + FP + FN) of the class codes `true` and `said` (N,): of the second of two
    classes, else the mean over those that occur; 0 for one that a draw does not hold."""
    names = np.array([1]) if classes == 2 else np.union1d(true, said)
    is_true, is_said = true[:, None] == names, said[:, None] == names
    both, either = (is_true & is_said) * 2.0, is_true * 1.0 + is_said

    def weighted(w: np.ndarray) -> np.ndarray:
        return np.nan_to_num(_ratio(w @ both, w @ either)).mean(axis=1)

    return weighted


def _of_labels(evidence: Evidence) -> dict[str, Weighted]:
    names = list(evidence.truth)
    right = (evidence.truth.astype(str) == evidence.predicted[names].astype(str)).to_numpy(float)
    found = {"accuracy": mean(right.mean(axis=1)), "all labels right": mean(right.min(axis=1))}
    if len(names) > _LABELS:
        return found
    given = evidence.predicted.iloc[:, len(names) :].to_numpy(dtype=np.float64)
    for place, name in enumerate(names):
        found[f"accuracy of {name}"] = mean(right[:, place])
        found[f"roc_auc of {name}"] = roc_auc(evidence.codes(place) == 1, given[:, place])
    return found


def _of_numbers(evidence: Evidence) -> dict[str, Weighted]:
    found: dict[str, Weighted] = {}
    for name in evidence.truth:
        of = f" of {name}" if len(evidence.truth.columns) > 1 else ""
        found |= {f"{key}{of}": score for key, score in _of_one(evidence, str(name)).items()}
    return found


def _of_one(evidence: Evidence, name: str) -> dict[str, Weighted]:
    true = pd.to_numeric(evidence.truth[name]).to_numpy(dtype=np.float64)
    error = evidence.predicted[name].to_numpy(dtype=np.float64) - true
    squared = mean(error**2)
    centred = true - true.mean()  # or else the difference of two large squares
    level, power = mean(centred), mean(centred**2)

    def r2(w: np.ndarray) -> np.ndarray:
        spread = power(w) - level(w) ** 2
        return 1 - _ratio(squared(w), np.where(spread > 1e-12 * power(w), spread, 0.0))

    return {
        "mae": mean(np.abs(error)),
        "rmse": lambda w: np.sqrt(squared(w)),
        "r2": r2,
    }
