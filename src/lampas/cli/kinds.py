"""Which kind of data is trained on, and the file that does it."""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from lampas.cli.usage import UsageError

if TYPE_CHECKING:
    from lampas.cli.request import Request
    from lampas.fitted import Fitted

TRAINERS = {
    "tabular": "lampas.cli.train_table",
    "timeseries": "lampas.cli.train_series",
}
"""Kind of data: the module whose `train` fits a net to it."""


class Trainer(Protocol):
    """Shows what was found in the data, trains, and returns what was fitted."""

    def __call__(self, request: "Request") -> "Fitted": ...


def trainer(kind: str) -> Trainer:
    """The function that trains on data of this kind."""
    return cast(Trainer, importlib.import_module(TRAINERS[kind]).train)


def find(data: Sequence[str], named: str | None) -> str:
    """The kind of data at these paths: as named by --as, or by what is there."""
    if named is None:
        return "tabular"
    if named not in TRAINERS:
        raise UsageError(f"--as {named!r}: valid are {', '.join(TRAINERS)}")
    return named
