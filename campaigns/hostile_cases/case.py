"""What a hostile case is, and the payloads that several kinds share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """`action` is done with what `make(place)` has written; it refuses, or opens what does no harm.

    like: whose honest file's memory is taken off. shell: a command. check: what else is held of
    what was said, "" where it holds. must: "refused", "opened", or "" for either.
    room: bytes that it may take more, where Python's objects are larger than what they were read
    from; bounded all the same.
    """

    group: str
    name: str
    make: Callable[[Path], Path]
    action: Callable[[Path], Callable[[], Any]]
    like: str = ""
    shell: bool = False
    must: str = "refused"
    room: int = 0
    check: Callable[[Path, str], str] = field(default=lambda place, said: "")


class Payload:
    """Whoever unpickles it without care makes the file `canary`."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


CANARY = "canary"
"""The file that no case may make, in the folder of the case."""
