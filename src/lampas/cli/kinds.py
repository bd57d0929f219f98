"""The kinds of data: what each is called, which file trains on it, and how it is recognised."""

import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from lampas.cli import find_image, find_table, find_text
from lampas.cli.request import ImageOptions, Request, SeriesOptions, TextOptions, refuse
from lampas.cli.usage import UsageError
from lampas.errors import DataError

if TYPE_CHECKING:
    from lampas.fitted import Fitted


@dataclass(frozen=True, slots=True)
class DataKind:
    """What the shell knows of a kind of data.

    `trainer`: the module whose `train` fits a net to it. `called`: such data, for messages.
    `after`: the commands that a run may be followed by, with RUN for its folder.
    """

    trainer: str
    called: str
    after: tuple[str, ...]


KINDS = {
    "tabular": DataKind(
        "lampas.cli.train_table",
        "a table",
        ("evaluate RUN OTHER.csv", "predict RUN NEW.csv --out predictions.csv"),
    ),
    "image": DataKind(
        "lampas.cli.train_image",
        "images",
        ("evaluate RUN OTHER_FOLDER", "predict RUN NEW.jpg --out predictions.csv"),
    ),
    "text": DataKind(
        "lampas.cli.train_text",
        "texts",
        ("evaluate RUN OTHER.csv", "predict RUN NEW.txt --out predictions.csv"),
    ),
    "timeseries": DataKind(
        "lampas.cli.train_series",
        "a time series",
        ("forecast RUN --plot", "forecast RUN --out forecast.csv"),
    ),
}


class Trainer(Protocol):
    """A module that trains on one kind of data."""

    def check(self, request: Request) -> None:
        """Refuse what the request alone shows to be wrong, before anything is read."""
        ...

    def train(self, request: Request) -> "Fitted":
        """Show what was found in the data, train, and return what was fitted."""
        ...


def trainer(kind: str) -> Trainer:
    """The module that trains on data of this kind."""
    return cast(Trainer, importlib.import_module(KINDS[kind].trainer))


def check(request: Request, kind: str) -> None:
    """Refuse what was typed wrongly for data of this kind, before they are read whole."""
    _refuse_others(request, kind)
    trainer(kind).check(request)
    _require_device(request.device)


def _require_device(name: str) -> None:
    from torch import nn

    from lampas.plan import find_device

    find_device(name, nn.Identity())


def find(data: Sequence[str], named: str | None, targets: Sequence[str], encoding: str) -> str:
    """The kind of data at these paths: as named by --as, or by what is there.

    A time series is never guessed: a column of dates may be a feature as well.
    """
    if named is not None and named not in KINDS:
        raise UsageError(f"--as {named!r}: valid are {', '.join(KINDS)}")
    require_there(data)
    if named is not None:
        return named
    if find_image.fits(data, targets, encoding):
        return "image"
    if find_text.fits(data, targets, encoding):
        return "text"
    find_table.require(data, targets)
    return "tabular"


def require_there(data: Sequence[str]) -> None:
    """Raise `DataError` at the first of these paths where nothing is."""
    for path in data:
        try:
            os.stat(path)  # and not exists, which takes what lies in a closed folder for absent
        except (FileNotFoundError, NotADirectoryError):
            from lampas.datasets import names

            hint = f'; the data set has the path that "lampas datasets {path}" prints'
            raise DataError(f"{path}: no such file{hint if path in names() else ''}") from None


def _options(request: Request) -> dict[str, ImageOptions | TextOptions | SeriesOptions]:
    return {"image": request.image, "text": request.text, "timeseries": request.series}


def _refuse_others(request: Request, kind: str) -> None:
    """Wrong usage where an option was typed that is for another kind of data than `kind`."""
    called = KINDS[kind].called
    for other, given in _options(request).items():
        if other != kind:
            is_series = (other, kind, request.series.time) == ("timeseries", "tabular", None)
            fix = "leave it out, or add --time COLUMN" if is_series else "leave it out"
            refuse(given, KINDS[other].called, called, fix)
    if request.net is not None and kind in ("tabular", "image"):
        raise UsageError(
            f"--net is for texts and time series, and the data are {called}: yours goes by --model"
        )
    if request.table.kinds and kind in ("image", "timeseries"):
        raise UsageError(f"--kind is for tables, and the data are {called}: leave it out")
