"""`TabularModel.export`: numbers as they stand and codes in, probabilities or amounts out."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lampas.export.answers import about, answered, name_of, unit_of
from lampas.export.portable import Portable
from lampas.tables.coders import CategoryCoder, DateCoder, NumberCoder, TextCoder
from lampas.tables.features import Features
from lampas.tables.prepare import Preparer
from lampas.tables.schema import TableTask, pick

if TYPE_CHECKING:
    from lampas.tables.tabular_model import TabularModel

_ROWS = 7
_GAPS = 0.2  # the share of rows in which a column of the example has none


class Graph(nn.Module):
    """The preparation of the numbers, the net, and what its outputs mean.

    names: which of "numbers" and "codes" there are. parts: whether the net takes both; else it
    gets one matrix, with the codes one-hot.
    """

    def __init__(
        self, net: nn.Module, preparer: Preparer, names: tuple[str, ...], parts: bool,
        task: TableTask,
    ) -> None:  # fmt: skip
        super().__init__()
        self.net = net
        self.features = Features(preparer)
        self.cardinalities = preparer.cardinalities
        self.names = names
        self.parts = parts
        self.task: TableTask = task

    def forward(self, *inputs: Tensor) -> Tensor:
        """numbers float64 (B, R), nan where there is none, and codes int64 (B, K): (B, columns)."""
        given = dict(zip(self.names, inputs, strict=True))
        rows = inputs[0].shape[0]
        codes = given.get("codes", inputs[0].new_zeros(rows, 0, dtype=torch.int64))
        numbers = inputs[0].new_zeros(rows, 0, dtype=torch.float32)
        if "numbers" in given:
            numbers = self.features(given["numbers"])
        if self.parts:
            return answered(self.task, self.net(numbers=numbers, categories=codes))
        hot = [
            (codes[:, [place]] == torch.arange(size, device=codes.device)).float()
            for place, size in enumerate(self.cardinalities)
        ]
        return answered(self.task, self.net(torch.cat([numbers, *hot], dim=1)))


def portable(model: "TabularModel") -> Portable:
    """The whole way from the cells of a table, read as numbers, days and codes."""
    preparer, net, task = model.preparer, model.model.net, model.targets.task
    inputs = _examples(preparer)
    graph = Graph(net, preparer, tuple(inputs), model.takes_parts, task)
    told = {"kind": "tabular", **about(model.targets), **columns_of(preparer)}
    return Portable(graph, net, tuple(inputs.values()), names=tuple(inputs),
                    outputs=(name_of(task),), about=told, unit=unit_of(model.targets))  # fmt: skip


def columns_of(preparer: Preparer) -> dict[str, Any]:
    """What each column of "numbers" and "codes" is: plain values."""
    numbers: list[dict[str, Any]] = []
    codes: list[dict[str, Any]] = []
    for coder in preparer.coders:
        match coder:
            case NumberCoder():
                unit = "1 for yes, 0 for no" if coder.boolean else "as it stands"
                numbers.append({"column": coder.name, "is": unit})
            case DateCoder():
                numbers.append({"column": coder.name, "is": "days since 1970-01-01, UTC"})
            case TextCoder():
                held = ({"column": coder.name, "is": "1 with the token, else 0", "token": token}
                        for token in coder.tokens)  # fmt: skip
                numbers.extend([*held, {"column": coder.name, "is": "letters of the text"}])
            case CategoryCoder():
                codes.append({"column": coder.name, "values": [None, "(any other)", *coder.values]})
    return {"numbers": numbers, "codes": codes}


def inputs_of(preparer: Preparer, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """What a file takes for the rows of `frame`: "numbers" float64 (N, R), nan for gaps, and
    "codes" int64 (N, K); without the one that has no column."""
    numbers: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    for coder in preparer.coders:
        found = pick(frame, coder.name)
        if isinstance(coder, CategoryCoder):
            codes.append(coder.encode(found))
        else:
            numbers.append(coder.raw(found))
    parts = {"numbers": numbers, "codes": codes}
    return {name: np.column_stack(part) for name, part in parts.items() if part}


def _examples(preparer: Preparer) -> dict[str, Tensor]:
    """Random cells of the sizes that training had, some of them gaps."""
    own = np.random.default_rng(0)
    numbers: list[np.ndarray] = []
    codes: list[np.ndarray] = []
    for coder in preparer.coders:
        if isinstance(coder, CategoryCoder):
            codes.append(own.integers(0, coder.cardinality, _ROWS))
        else:
            spread = preparer.scale[preparer.places[coder.name][1].start]
            cells = _cells(coder, float(spread), own)
            cells[own.random(_ROWS) < _GAPS] = np.nan
            numbers.append(cells)
    parts = {"numbers": numbers, "codes": codes}
    return {name: torch.from_numpy(np.column_stack(part)) for name, part in parts.items() if part}


def _cells(
    coder: NumberCoder | DateCoder | TextCoder, spread: float, own: np.random.Generator
) -> np.ndarray:
    """(7, columns) of one coder. spread: of its first feature; after a power it is another
    unit's, and the median's size is taken."""
    match coder:
        case NumberCoder():
            unit = spread if coder.power is None else max(abs(coder.median), 1.0)
            cells = coder.median + unit * own.normal(size=(_ROWS, 1))
            return (cells > coder.median).astype(np.float64) if coder.boolean else cells
        case DateCoder():
            return coder.median + spread * own.normal(size=(_ROWS, 1))
        case TextCoder():
            held = own.integers(0, 2, (_ROWS, len(coder.tokens)))
            return np.column_stack([held, own.integers(1, 40, _ROWS)]).astype(np.float64)
