"""Texts, token ids and labels that are in memory already, as plain values."""

from collections.abc import Sequence
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lampas.errors import DataError
from lampas.text.files import LABEL


def strings(column: pd.Series) -> list[str]:
    """The cells as text, "" where nothing is."""
    there = column.notna().to_numpy()
    found = [str(cell) if is_there else "" for cell, is_there in zip(column, there, strict=True)]
    null = next((row for row, text in enumerate(found) if "\0" in text), None)
    if null is not None:
        where = "text" if column.name is None else f"column {str(column.name)!r}: row"
        raise DataError(
            f"{where} {column.index[null]} holds a null byte: clean it, or read the file in its "
            "own encoding"
        )
    return found


def refuse_numbers(source: Sequence[Any]) -> None:
    """Raise `DataError` at a number in the place of a text; nan is a text that is missing."""
    for row, one in enumerate(source):
        if isinstance(one, Number) and one == one:
            raise DataError(
                f"text {row} is {one}, a number: pass strings, or a list of token ids for each text"
            )


def integers(values: Any) -> np.ndarray:
    """Token ids as an array. Raises `DataError` for what is no id."""
    found = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
    if found.size and found.dtype.kind not in "iu":
        raise DataError(f"token ids are whole numbers, and these are {found.dtype}")
    if found.size and (found.min() < 0 or found.max() >= 2**31 - 2):
        raise DataError(
            f"token ids are from 0 to 2³¹, and these go from {found.min()} to {found.max()}"
        )
    return found


def trimmed(row: np.ndarray) -> list[int]:
    """The ids of one text without the padding around them."""
    return np.trim_zeros(row.ravel()).tolist()


def label_frame(labels: Any, targets: Sequence[str]) -> pd.DataFrame:
    """Labels (N,) as a column, (N, T) as T columns; with the names that are asked for."""
    if isinstance(labels, pd.DataFrame):
        return labels
    found = labels.detach().cpu().numpy() if isinstance(labels, torch.Tensor) else labels
    if isinstance(found, pd.Series):
        return found.to_frame(targets[0] if targets else found.name or LABEL)
    array = np.asarray(found)
    if array.ndim == 0:
        raise DataError(f"labels are {labels!r:.60}: pass one a text, as a list or an array")
    names = [LABEL] if array.ndim == 1 else [f"{LABEL} {one}" for one in range(array.shape[1])]
    return pd.DataFrame(array, columns=list(targets) or names)


def are_paths(values: Sequence[Any]) -> bool:
    """Whether these are strings or paths, and some."""
    return bool(len(values)) and all(isinstance(one, str | Path) for one in values)
