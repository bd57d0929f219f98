"""Whether the targets of a batch are what a loss reads, in one line."""

import math

import torch
from torch import Tensor

from lampas.errors import DataError
from lampas.losses.kinds import Known
from lampas.losses.rows import Found, Place, first

_BATCH = Place()
_UNCOMPARED = (torch.uint16, torch.uint32, torch.uint64)


def check_targets(known: Known, y_pred: Tensor, y_true: Tensor, place: Place = _BATCH) -> None:
    """Raise `DataError`, naming the first row, for targets that a loss of the table misreads."""
    if y_true.dtype in _UNCOMPARED:
        y_true = y_true.long()
    if _are_within(known, y_pred, y_true):
        return
    _check_finite(known, y_true, place)
    match known.reads.targets:
        case "zero_one":
            _check_zero_one(known, y_true, place)
        case "signs":
            _refuse(place, first(y_true.abs() != 1, y_true), known, "targets -1 or 1",
                    "labels 0 and 1 become those with 2 * y - 1")  # fmt: skip
        case "counts":
            _refuse(place, first(y_true < 0, y_true), known, "counts, 0 or more",
                    "for numbers of both signs use MSELoss")  # fmt: skip
        case "shares":
            if not known.settings["log_target"]:
                _refuse(place, first(y_true < 0, y_true), known, "probabilities as targets",
                        "for log-probabilities there pass log_target=True")  # fmt: skip
        case "classes":
            if not y_true.is_floating_point():
                _check_range(known, y_true, y_pred.shape[1], known.ignore_index, place)
        case "label_lists":
            _check_range(known, y_true, y_pred.shape[-1], -1, place)
        case "numbers":
            pass


def _are_within(known: Known, y_pred: Tensor, y_true: Tensor) -> bool:
    """Whether the least and the largest target show that none is misread: one pass, not five."""
    reads = known.reads.targets
    if reads in ("signs", "label_lists") or known.settings.get("log_target"):
        return False
    if y_true.is_complex() or not y_true.numel():
        return False
    least, most = (value.item() for value in torch.aminmax(y_true))  # nan where any is nan
    match reads:
        case "zero_one":
            return least >= 0 and most <= 1
        case "counts" | "shares":
            return least >= 0 and most < math.inf
        case "classes" if not y_true.is_floating_point():
            return least >= 0 and most < y_pred.shape[1]
        case _:
            return -math.inf < least and most < math.inf


def _refuse(place: Place, found: Found | None, known: Known, reads: str, fix: str) -> None:
    if found is not None:
        raise DataError(
            f"{known.name} reads {reads}, but the target in {place.row(found.row)} is "
            f"{found.value}: {fix}"
        )


def _check_finite(known: Known, y_true: Tensor, place: Place) -> None:
    if not y_true.is_floating_point():
        return
    gaps = ~y_true.isfinite()
    if known.settings.get("log_target"):
        gaps &= y_true != -torch.inf  # the logarithm of a share of 0
    found = first(gaps, y_true)
    if found is not None:
        raise DataError(
            f"the target in {place.row(found.row)} is {found.value}: drop such rows, or "
            "fill the gaps"
        )


def _check_zero_one(known: Known, y_true: Tensor, place: Place) -> None:
    outside = (y_true < 0) | (y_true > 1)
    fix = "scale them"
    if bool(outside.any()):
        if bool((y_true.abs() == 1).all()):
            fix = "labels -1 and 1 become those with (y + 1) / 2"
        elif bool((y_true == y_true.trunc()).all()) and bool((y_true >= 0).all()):
            fix = "for class indices use CrossEntropyLoss"
    _refuse(place, first(outside, y_true), known, "targets from 0 to 1", fix)


def _check_range(
    known: Known, y_true: Tensor, classes: int, ignored: int | None, place: Place
) -> None:
    outside = (y_true < 0) | (y_true >= classes)
    if ignored is not None:
        outside &= y_true != ignored
    found = first(outside, y_true)
    if found is None:
        return
    also = "" if ignored is None else f", or {ignored} to be ignored"
    raise DataError(
        f"the target in {place.row(found.row)} is {found.value}, but the model returns "
        f"{classes} classes: valid for {known.name} are 0 to {classes - 1}{also}"
    )
