"""From a table to the net's tensors: fitted on training rows, kept as plain numbers."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
import torch

from lampas.tables import cells
from lampas.tables.coders import (
    CategoryCoder,
    Coder,
    DateCoder,
    NumberCoder,
    TextCoder,
    coder_for,
)
from lampas.tables.schema import Schema, pick

FURTHEST = 8.0  # standard deviations; a value further out than that is clipped to it
_CODERS: dict[str, type[Coder]] = {
    "number": NumberCoder,
    "date": DateCoder,
    "text": TextCoder,
    "category": CategoryCoder,
}


@dataclass(frozen=True, slots=True)
class Preparer:
    """The fitted preparation of a table's feature columns.

    `coders`: one a feature column. `centre`, `scale`: float64 (F,), mean and standard deviation
    of the F number features over the training rows.

    Missing numbers get the median and a feature that says so, skewed ones a power, dates their
    parts, texts their frequent words; all of these are standardised into `numbers`. Categories
    become integers in `categories`: 0 missing, 1 rare or unseen, then the frequent ones.

    >>> from lampas.tables.infer import infer
    >>> frame = pd.DataFrame({"a": [1.5, 2.5, 3.5], "b": ["u", "v", "u"], "y": [1.0, 2.5, 3.0]})
    >>> preparer = Preparer.fit(infer(frame, "y", kinds={"b": "category"}), frame)
    >>> preparer.transform(frame)["categories"].tolist()
    [[2], [3], [2]]
    """

    coders: tuple[Coder, ...]
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, schema: Schema, frame: pd.DataFrame) -> "Preparer":
        """Fit on the training rows `frame`, whose columns `schema` describes."""
        from sklearn.preprocessing import StandardScaler

        classes = schema.task != "regression"
        read = cells.labels if classes else cells.numbers
        targets = [read(pick(frame, one.name)) for one in schema.targets]
        coders = tuple(
            coder_for(one, pick(frame, one.name), targets, classes) for one in schema.features
        )
        features = _features(coders, frame)
        if not features.shape[1]:
            return cls(coders, np.zeros(0), np.ones(0))
        scaler = StandardScaler().fit(features)
        return cls(coders, np.asarray(scaler.mean_), np.asarray(scaler.scale_))

    @property
    def features(self) -> list[str]:
        """Names of the F columns of `numbers`."""
        rest = (coder for coder in self.coders if not isinstance(coder, CategoryCoder))
        return [name for coder in rest for name in coder.features]

    @property
    def cardinalities(self) -> list[int]:
        """For each of the K columns of `categories`, how many different integers it may hold."""
        return [coder.cardinality for coder in self.coders if isinstance(coder, CategoryCoder)]

    @property
    def width(self) -> int:
        """Columns of `matrix`."""
        return len(self.centre) + sum(self.cardinalities)

    @property
    def places(self) -> dict[str, tuple[str, slice]]:
        """For each column of the table, which part of `transform` it becomes, and which columns
        of that."""
        found: dict[str, tuple[str, slice]] = {}
        number = category = 0
        for coder in self.coders:
            if isinstance(coder, CategoryCoder):
                found[coder.name] = "categories", slice(category, category + 1)
                category += 1
            else:
                found[coder.name] = "numbers", slice(number, number + len(coder.features))
                number += len(coder.features)
        return found

    @property
    def matrix_places(self) -> dict[str, slice]:
        """For each column of the table, which columns of `matrix` it becomes."""
        ends = len(self.centre) + np.cumsum([0, *self.cardinalities])
        hot = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        return {
            name: span if part == "numbers" else hot[span.start]
            for name, (part, span) in self.places.items()
        }

    def transform(self, frame: pd.DataFrame) -> dict[str, torch.Tensor]:
        """The net's inputs: "numbers" float32 (N, F) and "categories" int64 (N, K).

        Both keys are always there; F or K may be 0. The order of `frame`'s columns is free, and
        columns that training did not have are not looked at. Raises `DataError` for a column
        that is missing or a cell that cannot be read.
        """
        scaled = (_features(self.coders, frame) - self.centre) / self.scale
        numbers = np.clip(scaled, -FURTHEST, FURTHEST).astype(np.float32)
        codes = [
            coder.encode(pick(frame, coder.name))
            for coder in self.coders
            if isinstance(coder, CategoryCoder)
        ]
        categories = np.column_stack(codes) if codes else np.zeros((len(frame), 0), np.int64)
        return {"numbers": torch.from_numpy(numbers), "categories": torch.from_numpy(categories)}

    def matrix(self, frame: pd.DataFrame) -> torch.Tensor:
        """All of it as one float32 matrix (N, `width`): numbers, then categories one-hot."""
        tensors = self.transform(frame)
        columns = tensors["categories"].unbind(1)
        hot = [
            torch.nn.functional.one_hot(column, size).float()
            for column, size in zip(columns, self.cardinalities, strict=True)
        ]
        return torch.cat([tensors["numbers"], *hot], dim=1)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All that was fitted, as values for JSON and float64 arrays."""
        names = {kind: name for name, kind in _CODERS.items()}
        coders = [{"coder": names[type(coder)], **asdict(coder)} for coder in self.coders]
        return {"coders": coders}, {"centre": self.centre, "scale": self.scale}

    @classmethod
    def from_state(cls, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> "Preparer":
        """The preparer whose `state` this is: it transforms to exactly the same numbers."""
        coders = tuple(_coder(dict(item)) for item in plain["coders"])
        return cls(coders, np.asarray(arrays["centre"]), np.asarray(arrays["scale"]))


def _coder(item: dict[str, Any]) -> Coder:
    make = cast(Callable[..., Coder], _CODERS[item.pop("coder")])
    return make(**{key: tuple(v) if isinstance(v, list) else v for key, v in item.items()})


def _features(coders: tuple[Coder, ...], frame: pd.DataFrame) -> np.ndarray:
    """Number features (N, F) float64 before standardising, column after column."""
    parts = [
        coder.encode(pick(frame, coder.name))
        for coder in coders
        if not isinstance(coder, CategoryCoder)
    ]
    return np.hstack([np.zeros((len(frame), 0)), *parts])
