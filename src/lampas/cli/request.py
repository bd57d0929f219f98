"""What was typed for a training, as one value that each kind of data reads its part of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lampas.cli.usage import UsageError

if TYPE_CHECKING:
    from torch import nn

    from lampas.callbacks import CallbackLike
    from lampas.state.checkpoints import Checkpoints
    from lampas.tables.schema import Kind


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table's file is read: `kinds` of columns where they are not what is inferred."""

    kinds: "dict[str, Kind]"
    delimiter: str | None
    encoding: str


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """What is asked of images alone; None for what suits them. See `lampas.images`.

    `image`: a table's column of paths.
    """

    image: str | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None
    fine_tune: int | None = None


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What is asked of texts alone; None for what suits them. See `lampas.texts`."""

    text: str | None = None
    positions: str | None = None
    tokenizer: str | None = None
    vocabulary: int | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    """What is asked of time series alone; None for what suits them. See `lampas.timeseries`.

    `backtest`: steps. `gaps`: "refuse" or "carry".
    """

    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    lookback: int | None = None
    season: int | None = None
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    backtest: int | None = None
    gaps: str | None = None


def refuse(
    options: ImageOptions | TextOptions | SeriesOptions,
    called: str,
    given: str,
    fix: str = "leave it out",
) -> None:
    """Wrong usage where one of the `options`, for data `called` so, was typed for `given`."""
    for name, value in asdict(options).items():
        if value not in (None, ()):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is for {called}, and the data are {given}: {fix}")


@dataclass(frozen=True, slots=True)
class Request:
    """A training as it was typed.

    `data`: the paths. `validation`: a share, a path of data of its own, or None. `own_net`: the
    class that --model names; `net`: the name of a built-in one. `epochs`, `patience`,
    `batch_size`: None for what suits the kind of data. `checkpoint`: None for none. `people`:
    where what a person reads goes.
    """

    data: tuple[str, ...]
    targets: tuple[str, ...]
    validation: float | Path | None
    own_net: "type[nn.Module] | None"
    net: str | None
    seed: int
    epochs: int | None
    patience: int | None
    batch_size: int | None
    device: str
    quiet: bool
    callbacks: "Sequence[CallbackLike]"
    checkpoint: "Checkpoints | None"
    people: TextIO
    table: TableOptions
    image: ImageOptions
    text: TextOptions
    series: SeriesOptions

    @property
    def one(self) -> str:
        """The path of the data, of which this kind takes one alone."""
        first, *more = self.data
        if more:
            raise UsageError(
                f"{more[0]}: one table is trained on at a time; hold one out by --validation FILE"
            )
        return first

    def need_target(self) -> tuple[str, ...]:
        """The target columns; wrong usage where none was named."""
        if not self.targets:
            raise UsageError("what shall be predicted? Add --target COLUMN")
        return self.targets

    def named_net(self, valid: Sequence[str]) -> str:
        """The built-in net that --net names, the first of `valid` where none is named."""
        name = valid[0] if self.net is None else self.net
        if name not in valid:
            raise UsageError(
                f"--net {name!r}: valid are {', '.join(valid)}; your own goes by --model"
            )
        return name
