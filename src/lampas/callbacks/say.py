"""One line for the person who watches: on stderr, and clear of a progress bar."""

import sys
from collections.abc import Iterable

from lampas.printing import visible


def say(line: str) -> None:
    """Write `line` to stderr, above whatever bar tqdm has there. stdout stays for data."""
    if sys.stderr is None:  # a windowed Python has none
        return
    line = visible(line)
    tqdm = sys.modules.get("tqdm")
    if tqdm is None:
        print(line, file=sys.stderr, flush=True)
    else:
        tqdm.tqdm.write(line, file=sys.stderr)


def say_all(lines: Iterable[str]) -> None:
    """`say` each of `lines`."""
    for line in lines:
        say(line)
