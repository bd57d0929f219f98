"""Where nan and infinity hide: in data, found before training; in a batch, found after."""

from cmath import isfinite
from typing import Any

import torch

from lampas.data.arrays import Rows
from lampas.data.nest import named_leaves
from lampas.data.spans import spans
from lampas.errors import DataError


def first_gap(rows: Rows, *, start: int = 0, stop: int | None = None) -> tuple[int, str] | None:
    """(row, message) of the first leaf from `start` to `stop` with nan or infinity, or None."""
    for index in range(start, len(rows.tensors) if stop is None else stop):
        found = _search(rows.tensors[index], rows.names[index], rows.columns[index])
        if found is not None:
            return found
    return None


def _search(tensor: torch.Tensor, name: str, columns: list[str] | None) -> tuple[int, str] | None:
    if not tensor.is_floating_point():
        return None
    tensor = tensor if tensor.ndim else tensor.reshape(1)
    place: tuple[int, ...] | None = None
    rows = 0
    for start, part in spans(tensor):
        # A finite sum holds no nan and no infinity, and costs no mask; overflow is then ruled out.
        if isfinite(part.sum().item()):
            continue
        mask = ~part.isfinite()
        faulty = int(mask.reshape(len(mask), -1).any(1).sum())
        if faulty and place is None:
            row, *rest = (int(i) for i in torch.unravel_index(mask.byte().argmax(), mask.shape))
            place = (start + row, *rest)
        rows += faulty
    if place is None:
        return None
    where = _column(tensor, place, columns)
    more = f" ({rows} rows have such gaps)" if rows > 1 else ""
    return place[0], f"{name} has {tensor[place].item()} in row {place[0]}{where}{more}"


def _column(tensor: torch.Tensor, place: tuple[int, ...], columns: list[str] | None) -> str:
    if tensor.ndim != 2:
        return ""
    return f", column {columns[place[1]]!r}" if columns else f", column {place[1]}"


def check_targets(rows: Rows, inputs: int) -> None:
    """Refuse targets and weights with nan or infinity; the first `inputs` leaves are x."""
    found = first_gap(rows, start=inputs)
    if found is not None:
        raise DataError(f"{found[1]}: drop those rows, or fill the gaps")


def gaps_in(value: Any, name: str) -> str | None:
    """Which leaf of one batch holds nan or infinity, in words; None if none does."""
    for label, leaf in named_leaves(value, name):
        if isinstance(leaf, torch.Tensor):
            found = _search(leaf, label, None)
            if found is not None:
                return found[1]
    return None
