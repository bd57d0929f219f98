"""Where events go, and torch's `SummaryWriter` over it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lampas.board.scribe import Scribe

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Pen(Protocol):
    """Takes events: what torch's `FileWriter` asks of TensorBoard's `EventFileWriter`."""

    def get_logdir(self) -> str:
        """The folder that is written."""
        ...

    def add_event(self, event: Any) -> None:
        """Take in one `Event`."""
        ...

    def flush(self) -> None:
        """Have all on disk that was taken in."""
        ...

    def close(self) -> None:
        """Take in no more."""
        ...


class SentEvents:
    """A pen whose events are written by a scribe, which somebody else closes."""

    def __init__(self, scribe: Scribe, folder: Path, run: str) -> None:
        self._scribe = scribe
        self._folder = folder
        self._run = run

    def get_logdir(self) -> str:
        """The folder of the run."""
        return str(self._folder / self._run)

    def add_event(self, event: Any) -> None:
        """Send one `Event`."""
        self._scribe.event(self._run, event.SerializeToString())

    def flush(self) -> None:
        """The scribe does that."""

    def close(self) -> None:
        """The scribe does that."""


def torch_writer(pen: Pen) -> "SummaryWriter":
    """torch's writer, with `pen` in the place of the file and thread that it would start."""
    from torch.utils.tensorboard import FileWriter, SummaryWriter

    class Events(FileWriter):
        def __init__(self) -> None:
            self.event_writer: Any = pen

    class Writer(SummaryWriter):
        def _get_file_writer(self) -> FileWriter:
            if self.file_writer is None:
                self.file_writer: Any = Events()
            return self.file_writer

    return Writer(pen.get_logdir())
