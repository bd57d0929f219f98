"""The bar in a notebook: one display that is replaced, so that the file keeps none of its moves."""

import html
import time
from typing import Any, final

from lampas.printing import duration


@final
class NotebookBar:
    """A bar for the epoch under way, above the lines of those that ended; gone at the end.

    A bar that is written to stderr stays in a notebook that runs without a browser, ten lines a
    second: this one is a single output.

    >>> bar = NotebookBar()
    >>> bar.begin("Epoch 1/3", 8)
    >>> bar.text
    'Epoch 1/3  0/8, 0ms'
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self.begin("", None)

    def begin(self, title: str, steps: int | None, ago: float = 0.0) -> None:
        """Start at 0 of `steps`, so many seconds ago; None: nobody knows how many steps. Nothing
        is drawn yet."""
        self._title, self._steps = title, steps
        self._began = time.perf_counter() - ago
        self._step, self._numbers = 0, ""

    def show(self, step: int, numbers: str) -> None:
        """Move to `step` and show the running numbers."""
        self._step, self._numbers = step, numbers
        self._draw({"text/plain": self.text, "text/html": self.html})

    def fill(self, step: int) -> None:
        """The epoch is over: its line tells the rest."""
        self._step, self._numbers = step, ""

    def close(self) -> None:
        """Leave an empty output."""
        if self._handle is not None:
            self._draw({"text/plain": "", "text/html": ""})
        self._handle = None

    @property
    def text(self) -> str:
        """What is shown, as text."""
        took = time.perf_counter() - self._began
        done = f"{self._step}/{self._steps}" if self._steps else f"{self._step} steps"
        left = ""
        if self._steps and self._step:
            left = f"<{duration(took / self._step * max(self._steps - self._step, 0))}"
        parts = [self._title, f"{done}, {duration(took)}{left}", self._numbers]
        return "  ".join(part for part in parts if part)

    @property
    def html(self) -> str:
        """The same with a bar."""
        bar = f'<progress value="{self._step}" max="{self._steps}"></progress> '
        return (bar if self._steps else "") + html.escape(self.text)

    def _draw(self, data: dict[str, str]) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)
