"""What becomes of images that cannot be decoded: left out and told, or all of them refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lampas.errors import DataError
from lampas.vision.listing import Listing

MOST_BAD = 0.1
"""The largest share of bad images that is left out; above it something else is wrong."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An image that was left out, and why."""

    name: str
    reason: str


def leave_out(listing: Listing, bad: Mapping[int, str]) -> tuple[Skipped, ...]:
    """The images of `listing` at the positions of `bad`, which gives the reasons.

    Raises `DataError`, naming the first, where they are more than a tenth of the images, or all
    that a class has.
    """
    skipped = tuple(Skipped(listing.names[one], bad[one]) for one in sorted(bad))
    if not skipped:
        return ()
    first = f"{listing.source.shown(skipped[0].name)}: {skipped[0].reason}"
    if len(listing) == 1:
        raise DataError(first)
    if len(skipped) > MOST_BAD * len(listing):
        raise DataError(
            f"{len(skipped)} of {len(listing)} images cannot be read, more than a tenth; "
            f"the first: {first}"
        )
    _check_classes(listing, bad, first)
    return skipped


def _check_classes(listing: Listing, bad: Mapping[int, str], first: str) -> None:
    there = np.setdiff1d(np.arange(len(listing)), list(bad))
    for column in listing.schema.targets:
        if column.values and column.name in listing.frame.columns:
            values = listing.frame[column.name]
            gone = set(values.unique()) - set(values.iloc[there].unique())
            if gone:
                name = sorted(gone, key=str)[0]
                raise DataError(f"no image of {name!r} can be read; the first: {first}")


def told(skipped: Sequence[Skipped]) -> str | None:
    """One line for people about images that were left out; None where there are none.

    >>> told([Skipped("cat/1.jpg", "the file is empty")])
    '1 image was left out: cat/1.jpg (the file is empty)'
    """
    if not skipped:
        return None
    shown = ", ".join(f"{one.name} ({one.reason})" for one in skipped[:3])
    more = f", … and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    what = "1 image was" if len(skipped) == 1 else f"{len(skipped)} images were"
    return f"{what} left out: {shown}{more}"
