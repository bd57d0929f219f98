"""From target columns to the tensor a loss reads, and from outputs back to classes and values."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from lampas.tables import cells
from lampas.tables.nets import Rescaled, RescaledMSELoss
from lampas.tables.schema import Scalar, Schema, TableTask, pick


@dataclass(frozen=True, slots=True)
class TargetCoder:
    """How the targets of a table are written for the loss.

    `names`: the T target columns. `classes`: for each, its classes in order (none for
    regression). `centre`, `scale`: mean and standard deviation of each regression target over
    the training rows; the net learns standardised values and answers in the target's units.

    >>> coder = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())
    >>> coder.encode(pd.DataFrame({"y": ["yes", "no"]})).tolist()
    [[1.0], [0.0]]
    """

    task: TableTask
    names: tuple[str, ...]
    classes: tuple[tuple[Scalar, ...], ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(
        cls, schema: Schema, frame: pd.DataFrame, output_per_class: bool = False
    ) -> "TargetCoder":
        """From the training rows. `output_per_class`: two classes get two outputs, not one."""
        names = tuple(column.name for column in schema.targets)
        classes = tuple(column.values for column in schema.targets)
        wide = output_per_class and schema.task == "binary"
        task: TableTask = "multiclass" if wide else schema.task
        if task != "regression":
            return cls(task, names, classes, (), ())
        values = np.column_stack([cells.numbers(pick(frame, name)) for name in names])
        spread = values.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        return cls(task, names, (), tuple(values.mean(axis=0).tolist()), tuple(scale.tolist()))

    @property
    def outputs(self) -> int:
        """Columns that the net's output must have."""
        return len(self.classes[0]) if self.task == "multiclass" else len(self.names)

    def encode(self, frame: pd.DataFrame) -> torch.Tensor:
        """The targets: int64 (N,) of class numbers for multiclass, else float32 (N, T).

        Regression keeps its units; a yes/no target is 1 for the second of its two classes.
        """
        if self.task == "regression":
            values = [cells.numbers(pick(frame, name)) for name in self.names]
            return torch.from_numpy(np.column_stack(values).astype(np.float32))
        columns = [
            _codes(pick(frame, name), classes)
            for name, classes in zip(self.names, self.classes, strict=True)
        ]
        if self.task == "multiclass":
            return torch.from_numpy(columns[0])
        return torch.from_numpy(np.column_stack(columns).astype(np.float32))

    def decode(self, outputs: torch.Tensor, index: pd.Index) -> pd.DataFrame:
        """The net's outputs (N, `outputs`) as predictions with the rows' `index`.

        One target with classes: a column with its name for the class, and "probability of C"
        for each class. Several yes/no targets: their names, and "probability of NAME=C" for
        the second class C of each. Regression: the values.
        """
        found = outputs.double()
        if self.task == "regression":
            return pd.DataFrame(found.numpy(), index=index, columns=list(self.names))
        if self.task == "multilabel":
            return self._decode_labels(found.sigmoid().numpy(), index)
        second = found.sigmoid() if self.task == "binary" else None
        share = found.softmax(1) if second is None else torch.cat([1 - second, second], dim=1)
        names = self.classes[0]
        frame = pd.DataFrame({self.names[0]: _named(names, share.argmax(1).numpy())}, index=index)
        for code, name in enumerate(names):
            frame[f"probability of {name}"] = share[:, code].numpy()
        return frame

    def _decode_labels(self, share: np.ndarray, index: pd.Index) -> pd.DataFrame:
        columns: dict[str, Any] = {}
        for column, (name, classes) in enumerate(zip(self.names, self.classes, strict=True)):
            columns[name] = _named(classes, (share[:, column] > 0.5).astype(np.int64))
        for column, (name, classes) in enumerate(zip(self.names, self.classes, strict=True)):
            columns[f"probability of {name}={classes[1]}"] = share[:, column]
        return pd.DataFrame(columns, index=index)

    def rescaled(self, net: nn.Module) -> nn.Module:
        """`net`; for regression in the targets' units, standardised values inside."""
        return Rescaled(net, self.centre, self.scale) if self.scale else net

    def loss(self) -> nn.Module:
        """The loss of this task, over outputs and targets as they are written here."""
        match self.task:
            case "regression":
                return RescaledMSELoss(self.scale)
            case "multiclass":
                return nn.CrossEntropyLoss()
            case _:
                return nn.BCEWithLogitsLoss()

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "TargetCoder":
        """The coder that `to_json` described."""
        return cls(
            plain["task"],
            tuple(plain["names"]),
            tuple(tuple(names) for names in plain["classes"]),
            tuple(plain["centre"]),
            tuple(plain["scale"]),
        )


def _codes(column: pd.Series, classes: tuple[Scalar, ...]) -> np.ndarray:
    known = {cells.label(name): code for code, name in enumerate(classes)}
    return np.array([known[text] for text in cells.labels(column)], dtype=np.int64)


def _named(classes: tuple[Scalar, ...], codes: np.ndarray) -> list[Scalar]:
    return [classes[code] for code in codes]
