"""Which folder a log goes into: one that nobody else writes, so that no chart mixes two runs."""

from pathlib import Path

from lampas import place
from lampas.place import Place

_LOCK = ".writing"


def claim(folder: Path) -> Place:
    """`folder`, or a numbered sub-folder of it where another writer is at work."""
    return place.claim(folder, _LOCK)


def claim_new(folder: Path) -> Place:
    """`folder`, or a numbered sub-folder of it where a log stands or another writer is at work."""
    return place.claim(folder, _LOCK, _holds_log)


def _holds_log(folder: Path) -> str | None:
    return "holds the log of another run" if has_events(folder) else None


def has_events(folder: Path) -> bool:
    """Whether an event file stands in `folder` or the folders of a run below it.

    >>> has_events(Path("/nowhere"))
    False
    """
    places = (folder, folder / "train", folder / "validation")
    return any(any(place.glob("events.out.tfevents.*")) for place in places)
