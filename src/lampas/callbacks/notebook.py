"""The curves of a run, live in a notebook."""

import time
from typing import Any, ClassVar, final

from lampas.callbacks.base import Callback, Event, EventKind
from lampas.callbacks.terminal import shell
from lampas.errors import InputError, MissingExtraError


@final
class NotebookCurve(Callback):
    """Shows `history.plot()` under the running cell, and redraws it in place as epochs end.

    `every_seconds`: a redraw takes a good part of a second, so it comes at most this often, and
    once more at the end of the run. Outside IPython nothing is shown.

    Raises `MissingExtraError` before any training where IPython is not installed, `InputError`
    for a negative time.

    >>> NotebookCurve(every_seconds=5).every_seconds
    5
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})

    def __init__(self, every_seconds: float = 1.0) -> None:
        if every_seconds < 0:
            raise InputError(
                f"NotebookCurve: every_seconds must be 0 or more, not {every_seconds!r}"
            )
        self.every_seconds = every_seconds
        self._reset()

    def __call__(self, event: Event) -> None:
        if event.kind == "fit_begin":
            _require_ipython()
            self._reset()
        elif event.kind == "fit_end" or time.perf_counter() >= self._next:
            self._draw(event)

    def _reset(self) -> None:
        self._handle: Any = None
        self._next = 0.0
        self._drawn = 0

    def _draw(self, event: Event) -> None:
        if shell() is None or len(event.history) == self._drawn:
            return
        from IPython.display import display

        figure = event.history.plot()
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
        self._drawn = len(event.history)
        self._next = time.perf_counter() + self.every_seconds


def _require_ipython() -> None:
    try:
        import IPython  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError("NotebookCurve needs IPython: pip install ipython") from error
