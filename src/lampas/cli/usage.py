"""What was typed, as values; what cannot be understood is wrong usage, exit code 2."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lampas.errors import InputError

if TYPE_CHECKING:
    from lampas.series.panel import Gaps
    from lampas.tables.schema import Kind


class UsageError(InputError):
    """The command line itself cannot be understood."""


def kinds(pairs: Sequence[str]) -> "dict[str, Kind]":
    """{column: kind} from COLUMN=KIND; the last `=` divides, a name may hold others.

    >>> kinds(["Pclass=category", "a=b=number"])
    {'Pclass': 'category', 'a=b': 'number'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, kind = pair.rpartition("=")
        if not (name and sign and kind):
            raise UsageError(f"--kind {pair!r}: write COLUMN=KIND, as --kind Pclass=category")
        found[name] = kind
    return cast("dict[str, Kind]", found)  # the table task refuses what is no kind


def validation(text: str) -> float | Path | None:
    """A share of the rows, the path of data of their own, or None for "0".

    >>> validation("0.25"), validation("0") is None
    (0.25, True)
    """
    try:
        share = float(text)
    except ValueError:
        if Path(text).exists():
            return Path(text)
        raise UsageError(
            f"--validation {text!r}: neither a share of the rows, as 0.2, nor a file that is there"
        ) from None
    if not 0.0 <= share < 1.0:
        raise UsageError(f"--validation {text}: a share of the rows is from 0 to below 1")
    return share or None


def seconds(option: str, text: str | None) -> float | None:
    """A time as it was typed, in seconds.

    >>> seconds("--time-limit", "1.5 h")
    5400.0
    """
    from lampas.state.every import EverySeconds, every_of

    if text is None:
        return None
    try:
        found = every_of(text)
    except InputError:
        found = None
    if not isinstance(found, EverySeconds):
        raise UsageError(f"{option} {text!r}: write a time, as '90 min', '2 h' or '45 s'")
    return found.seconds


def every(text: str) -> str:
    """How often checkpoints are written, as typed: see `lampas.state.every`.

    >>> every("200 steps")
    '200 steps'
    """
    from lampas.state.every import every_of

    if text != "never":
        try:
            every_of(text)
        except InputError as error:
            line = str(error).replace("every is", "--every", 1)
            raise UsageError(f"{line}, or never") from None
    return text


def gaps(text: str | None) -> "Gaps":
    """What becomes of gaps in a time series.

    >>> gaps("carry"), gaps(None)
    ('carry', 'refuse')
    """
    one_of("--gaps", text, ("refuse", "carry"))
    return "carry" if text == "carry" else "refuse"


def one_of(option: str, value: str | None, valid: Sequence[str]) -> None:
    """Wrong usage where the option was typed with a value that is none of `valid`."""
    if value is not None and value not in valid:
        raise UsageError(f"{option} {value!r}: valid are {', '.join(valid)}")


def shape(text: str) -> tuple[int, ...]:
    """The shape of one input without its batch dimension.

    >>> shape("3,32,32"), shape("(4,)")
    ((3, 32, 32), (4,))
    """
    sizes = [size.strip() for size in text.strip("()[] ").rstrip(",").split(",")]
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise UsageError(f"--shape {text!r}: write sizes without the batch, as --shape 3,32,32")
    return tuple(map(int, sizes))


def size(text: str | None) -> tuple[int, int] | None:
    """Height and width of images in pixels.

    >>> size("64"), size("48x64")
    ((64, 64), (48, 64))
    """
    if text is None:
        return None
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise UsageError(f"--size {text!r}: write pixels, as --size 64, or HEIGHTxWIDTH")
    return int(sides[0]), int(sides[-1])
