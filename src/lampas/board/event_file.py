"""An event file that is written in the calling thread.

TensorBoard's own writer has a thread for it, which takes Python's lock from the training at
moments of its own, and prints a traceback when the disk is full. This one raises `OSError` to
whoever called. The records are TensorBoard's: its `RecordWriter` writes them.
"""

import itertools
import os
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple

from lampas.board.bins import Bins

FLUSH_SECONDS = 2.0
"""An event is in the file at most so long after the next one came."""

_NUMBERS = itertools.count()


class Types(NamedTuple):
    """TensorBoard's classes."""

    Event: Any
    Summary: Any
    Histogram: Any


class EventFile:
    """A new event file in `folder`, which is made where it lacks.

    Has the methods that torch's `FileWriter` calls on TensorBoard's `EventFileWriter`. Raises
    `OSError` where the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}"
        self.path = folder / f"events.out.tfevents.{name}"
        self._file = self.path.open("xb")
        self._records = RecordWriter(self._file)
        self._next_flush = 0.0
        self.add_event(event_types().Event(wall_time=time.time(), file_version="brain.Event:2"))

    def get_logdir(self) -> str:
        """The folder, as torch asks for it."""
        return str(self.folder)

    def add_event(self, event: Any) -> None:
        """Write one `Event` of TensorBoard's."""
        self._records.write(event.SerializeToString())
        if time.monotonic() >= self._next_flush:
            self.flush()

    def flush(self) -> None:
        """Hand over to the system what is left."""
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        self._file.flush()

    def close(self) -> None:
        """Write what is left, and close the file, also where that fails."""
        try:
            self._file.close()
        except OSError:
            # What a buffered file could not write it would try again when it is collected.
            self._file.raw.close()
            raise


def event_types() -> Types:
    """The classes of TensorBoard's events: made when it is imported, and so without types."""
    from tensorboard.compat.proto import event_pb2, summary_pb2

    modules: tuple[Any, Any] = event_pb2, summary_pb2
    events, summaries = modules
    return Types(events.Event, summaries.Summary, summaries.HistogramProto)


def scalars_event(step: int, moment: float, values: dict[str, float]) -> Any:
    """One event with a scalar for each of `values`: the fewest bytes that hold them."""
    event, summary, _ = event_types()
    found = [summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return event(step=step, wall_time=moment, summary=summary(value=found))


def histograms_event(step: int, moment: float, found: dict[str, Bins]) -> Any:
    """One event with a histogram for each of `found`."""
    event, summary, histogram = event_types()
    values = [
        summary.Value(
            tag=tag,
            histo=histogram(
                min=bins.low,
                max=bins.high,
                num=bins.count,
                sum=bins.total,
                sum_squares=bins.squares,
                # Limits are right edges: an empty bucket in front tells the first one's left.
                bucket_limit=bins.edges,
                bucket=[0, *bins.counts],
            ),
        )
        for tag, bins in found.items()
    ]
    return event(step=step, wall_time=moment, summary=summary(value=values))
