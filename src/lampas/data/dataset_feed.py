"""A user's map-style dataset as a feed: read in this process, or ahead by others, to one effect."""

import time
from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain, islice
from typing import Any, cast

import torch
from torch.utils.data import DataLoader

from lampas.data.batch import Batch
from lampas.data.choice import Chooser, tell
from lampas.data.leaving import Look, is_same
from lampas.data.loader import read_items
from lampas.data.readahead import ReadAhead, ReaderError
from lampas.data.reading import Place, Reading
from lampas.data.slots import bytes_of
from lampas.data.stamp import stamp
from lampas.room import room_on

_AROUND = 40  # objects of a dataset that are looked at before each batch
_ROOM = 1 << 28  # bytes of batches that may be read ahead, where nobody knows what is free
_PART = 4  # of the memory that may be taken, one in so many is for them
_LATELY = 8  # batches whose seconds are kept
_LONGEST = 20.0  # seconds that a batch is waited for, or twenty times what it took here


class DatasetFeed:
    """Batches in the order of `loader`, which has no workers.

    What a sample draws belongs to its pass and batch: see `Reading`. So who reads it, which
    `chooser` says, changes no bit. Processes are started anew for each pass, at its beginning or in
    its middle: they see what was changed in the dataset before it. Where one of them fails, or
    somebody changes the dataset meanwhile, this process goes on at that very batch.
    """

    def __init__(
        self, loader: DataLoader[Any], device: torch.device, dtype: torch.dtype, chooser: Chooser
    ) -> None:
        self.dataset: Any = loader.dataset
        self.device = device
        self.dtype = dtype
        self.chooser = chooser
        self._loader = loader  # for its sampler: it is never iterated
        self.reading = Reading(self.dataset)
        self._ahead: ReadAhead | None = None
        self._slot_bytes = 0  # of a whole batch; 0 until it is known that others may read
        self._seconds: deque[float] = deque(maxlen=_LATELY)  # that batches took here
        self._began = 0.0
        self._is_proven = False

    @property
    def batches(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        return self.begin()

    def begin(self, skip: int = 0) -> Iterator[Batch]:
        """The batches of a pass from number `skip` on; its order is drawn at once."""
        # As every iterator of a DataLoader does, whether it has workers or not.
        seed = int(torch.empty((), dtype=torch.int64).random_().item())
        positions = iter(cast(Any, self._loader.batch_sampler))
        first = list(islice(positions, skip, skip + 1))
        places = _numbered(chain(first, positions), seed, skip)
        return read_items(self._items(places), self.device, self.dtype, first=skip + 1)

    def close(self) -> None:
        """End the processes that read, where a pass was left in its middle."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.close()

    def _items(self, places: Iterator[Place]) -> Iterator[Any]:
        while True:
            ahead = self._started(places) if self.chooser.count and self._slot_bytes else None
            source = self._here(places) if ahead is None else self._from(ahead, places)
            if (yield from source):
                return

    def _here(self, places: Iterator[Place]) -> Generator[Any, None, bool]:
        """Read until the pass is over, which it returns, or others are to read."""
        chooser, now = self.chooser, time.perf_counter
        for place in places:
            is_asked = chooser.count and self.reading.knows
            look = Look(self.reading) if is_asked and not self._slot_bytes else None
            asked = now()
            batch = self.reading.read(place)
            got = now()
            if look is not None:
                look.after()
            yield batch
            self._seconds.append(got - asked)
            chooser.here(got - asked, now() - got)
            if chooser.count and self._may_leave(look, place, batch):
                return False
            del batch  # or there would be two while the next one is read
        return True

    def _may_leave(self, look: Look | None, place: Place, batch: Any) -> bool:
        if self._slot_bytes or look is None:
            return self._slot_bytes > 0
        why = look.why_here(place, min(self._seconds))  # a pause is none of its time
        if why is not None:
            self.chooser.stay(why)
            return False
        self._slot_bytes = 4096 + bytes_of(batch) * (self._loader.batch_size or 1) // len(place[2])
        return True

    def _started(self, places: Iterator[Place]) -> ReadAhead | None:
        chooser = self.chooser
        room = room_on(torch.device("cpu"))
        slots = (_ROOM if room is None else room // _PART) // self._slot_bytes
        count = max(1, min(chooser.count, self.batches, slots))
        depth = max(1, min(chooser.depth, slots // count))
        self.close()
        self._began = time.perf_counter()
        try:
            self._ahead = ReadAhead(
                self.reading.read_elsewhere, places, count, depth,
                slot_bytes=self._slot_bytes,
                timeout=max(_LONGEST, 20 * max(self._seconds, default=0.0)),
                is_pinned=self.device.type == "cuda",
            )  # fmt: skip
        except OSError as error:  # no more processes, memory or descriptors
            self._give_up(f"workers cannot be started: {error.strerror or error}")
        return self._ahead

    def _from(self, ahead: ReadAhead, places: Iterator[Place]) -> Generator[Any, None, bool]:
        """As `_here`, of batches that others read."""
        chooser, now = self.chooser, time.perf_counter
        looked, count = stamp(self.dataset, _AROUND), chooser.count
        try:
            for number, place in enumerate(places):
                asked = now()
                try:
                    batch = self._next(ahead, place, looked, is_proof=number < count)
                except ReaderError as error:
                    why = str(error)
                else:
                    got = now()
                    if number == 0:
                        chooser.started(got - self._began)
                    yield batch
                    del batch
                    if number:
                        chooser.ahead(got - asked, now() - got)
                    if chooser.count:
                        continue
                    return False
                ahead.close()
                batch = self.reading.read(place)  # raises what there is to raise, as ever
                self._give_up(why)
                yield batch
                return False
            self._is_proven = True
            return True
        finally:
            ahead.close()

    def _next(self, ahead: ReadAhead, place: Place, looked: Any, *, is_proof: bool) -> Any:
        """The next batch; the first of each process is compared with what this one reads."""
        if stamp(self.dataset, _AROUND) != looked:
            raise ReaderError("the dataset was changed in the middle of an epoch")
        batch = ahead.next()
        if is_proof and not self._is_proven and not is_same(batch, self.reading.read(place)):
            raise ReaderError("a worker reads another batch than this process")
        return batch

    def _give_up(self, why: str) -> None:
        self.chooser.stay(why)
        tell(f"{why}: batches are read in this process from here on")


def _numbered(positions: Iterator[list[int]], seed: int, first: int) -> Iterator[Place]:
    for number, several in enumerate(positions, start=first):
        yield seed, number, several
