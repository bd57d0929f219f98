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
from typing import Any

from lampas.board.bins import Bins

FLUSH_SECONDS = 2.0
"""An event is in the file at most so long after the next one came."""

_NUMBERS = itertools.count()


class EventFile:
    """A new event file in `folder`, which is made where it lacks.

    Has the methods that torch's `FileWriter` calls on TensorBoard's `EventFileWriter`. Raises
    `OSError` where the file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}"
        self.path = folder / f"events.out.tfevents.{name}"
        self._file = self.path.open("xb")
        self._records = RecordWriter(self._file)
        self._next_flush = 0.0
        self.add_event(Event(wall_time=time.time(), file_version="brain.Event:2"))

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


def scalars_event(step: int, moment: float, values: dict[str, float]) -> Any:
    """One event with a scalar for each of `values`: the fewest bytes that hold them."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    found = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
    return Event(step=step, wall_time=moment, summary=Summary(value=found))


def histograms_event(step: int, moment: float, found: dict[str, Bins]) -> Any:
    """One event with a histogram for each of `found`."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

    values = [
        Summary.Value(
            tag=tag,
            histo=HistogramProto(
                min=bins.low, max=bins.high, num=bins.count, sum=bins.total,
                sum_squares=bins.squares,
                # Limits are right edges: an empty bucket in front tells the first one's left.
                bucket_limit=bins.edges, bucket=[0, *bins.counts],
            ),
        )
        for tag, bins in found.items()
    ]  # fmt: skip
    return Event(step=step, wall_time=moment, summary=Summary(value=values))
