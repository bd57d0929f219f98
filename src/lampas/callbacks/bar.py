"""The bar itself. Imported when one is drawn: tqdm is no business of a quiet run."""

import shutil
import sys
from typing import Any, final

from tqdm import tqdm

from lampas.callbacks.notebook_bar import NotebookBar
from lampas.callbacks.terminal import in_notebook, is_watched


def new_bar() -> "EpochBar | NotebookBar":
    """The bar for where this program runs.

    >>> type(new_bar()).__name__
    'EpochBar'
    """
    return NotebookBar() if in_notebook() else EpochBar()


class _Bar(tqdm):  # pyright: ignore[reportUntypedBaseClass, reportMissingTypeArgument]
    # tqdm's watchdog thread redraws stalled bars. We draw at each look anyway, and a thread
    # in the parent makes the forked workers of a DataLoader warn of deadlocks.
    monitor_interval = 0


@final
class EpochBar:
    """One line at the bottom of the terminal for the epoch under way; nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = _Bar(
            file=sys.stderr,
            leave=False,
            disable=not is_watched(),
            dynamic_ncols=True,
            bar_format="{desc}",
        )

    def begin(self, title: str, steps: int | None, ago: float = 0.0) -> None:
        """Start at 0 of `steps`, so many seconds ago; None: nobody knows how many steps."""
        wide = shutil.get_terminal_size().columns >= 110
        done = f"{{percentage:3.0f}}%|{{bar:{24 if wide else 10}}}| {{n_fmt}}/{{total_fmt}}"
        clock = "{elapsed}<{remaining}" if steps else "{elapsed}"
        # The empty bar at the end makes tqdm cut the line to a narrow terminal.
        self._bar.bar_format = (
            f"{{desc}} {done}, {clock}{{postfix}}" if steps
            else f"{{desc}} {{n_fmt}} steps, {clock}{{postfix}}{{bar}}"
        )  # fmt: skip
        self._bar.set_description_str(title, refresh=False)
        self._bar.set_postfix_str("", refresh=False)
        self._bar.reset(total=steps)
        if not self._bar.disable:  # else it has no clock
            self._bar.start_t -= ago

    def show(self, step: int, numbers: str) -> None:
        """Move to `step` and show the running numbers."""
        self._bar.n = step
        self._bar.set_postfix_str(numbers, refresh=True)

    def fill(self, step: int) -> None:
        """The epoch is over: from the next redraw on the bar is full, and its numbers gone."""
        self._bar.n = step
        self._bar.set_postfix_str("", refresh=False)

    def close(self) -> None:
        """Take the line off the terminal."""
        self._bar.close()
