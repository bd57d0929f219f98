"""What was typed for a training, as one value that each kind of data reads its part of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lampas.cli.usage import UsageError

if TYPE_CHECKING:
    from torch import nn

    from lampas.callbacks import CallbackLike
    from lampas.series.own_net import NetName
    from lampas.series.panel import Gaps as GapRule
    from lampas.tables.schema import Kind


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table's file is read: `kinds` of columns where they are not what is inferred."""

    kinds: "dict[str, Kind]"
    delimiter: str | None
    encoding: str


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """Which columns of a table are a time series, and how far it is forecast; None, or empty,
    where nothing was typed."""

    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    lookback: int | None = None
    season: int | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    backtest: int | None = None
    net: "NetName" = "dlinear"
    gaps: "GapRule" = "refuse"

    def refuse_typed(self, kind: str) -> None:
        """Wrong usage where any of these was typed for another kind of data."""
        for name, value in asdict(self).items():
            if value != getattr(_NOTHING, name):
                raise UsageError(f"--{name} is for time series, and this is {kind} data")


_NOTHING = SeriesOptions()


@dataclass(frozen=True, slots=True)
class Request:
    """A training as it was typed.

    `data`: the paths. `validation`: a share, a path of data of its own, or None. `net`: the class
    that `model` names. `epochs`, `patience`, `batch_size`: None for what suits the kind of data.
    `people`: where what a person reads goes.
    """

    data: tuple[str, ...]
    targets: tuple[str, ...]
    validation: float | Path | None
    net: "type[nn.Module] | None"
    seed: int
    epochs: int | None
    patience: int | None
    batch_size: int | None
    device: str
    quiet: bool
    callbacks: "Sequence[CallbackLike]"
    people: TextIO
    table: TableOptions
    series: SeriesOptions = _NOTHING

    @property
    def one(self) -> str:
        """The path of the data, of which this kind takes one alone."""
        first, *more = self.data
        if more:
            raise UsageError(f"{more[0]}: one table is trained on at a time")
        return first

    def need_target(self) -> tuple[str, ...]:
        """The target columns; wrong usage where none was named."""
        if not self.targets:
            raise UsageError("what shall be predicted? Add --target COLUMN")
        return self.targets
