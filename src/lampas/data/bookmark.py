"""A place in the data that can be kept, and found again without reading what went before."""

from collections.abc import Iterator
from typing import Any

from lampas import randomness
from lampas.data.batch import Batch, Feed
from lampas.data.readers import HasState, reader_of
from lampas.randomness import put_back, state_of


class Bookmark:
    """A feed that knows which batch comes next, and can be sent there in another process.

    A place is a pass and a number of batches. The pass is told by the random states at its
    start: with them its order is drawn again, whoever draws it.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._reader = reader_of(feed)
        self._done = 0  # batches of the pass under way
        self._start: dict[str, Any] = {}  # random states at its beginning
        self._ready: Iterator[Batch] | None = None

    @property
    def batches(self) -> int | None:
        return self._feed.batches

    def __iter__(self) -> Iterator[Batch]:
        ready, self._ready = self._ready, None
        if ready is None:
            self._start = self._now()
            self._done = 0
            ready = self._reader.begin(0)
        return self._counted(ready)

    def _counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self._done += 1
            yield batch
        self._done = 0

    def _now(self) -> dict[str, Any]:
        reader = self._reader
        return {
            "random": randomness.take(),
            "order": {name: state_of(one) for name, one in reader.order.items()},
            "reading": {name: state_of(one) for name, one in reader.reading.items()},
            "sampler": None if reader.sampler is None else reader.sampler.state_dict(),
        }

    def place(self) -> dict[str, Any]:
        """The place after the batch that was read last: plain values and tensors."""
        inside = 0 < self._done != self.batches
        now = self._now()
        del now["random"]  # the run's own state has it
        return {
            "done": self._done if inside else 0,
            "seen": self._reader.seen if inside else 0,
            "start": self._start if inside else None,
            "now": now,
            "data": None if self._reader.data is None else self._reader.data.state_dict(),
        }

    def go_to(self, place: dict[str, Any]) -> list[str]:
        """Stand where `place` was taken; returns why what follows may not be the same.

        Leaves the random states as the search for it made them: put the run's own ones back
        afterwards. Raises `KeyError`, `TypeError`, `ValueError` for what is no place.
        """
        reader, done = self._reader, int(place["done"])
        doubts: list[str | None] = []
        if done:
            self._start = place["start"]
            randomness.put(self._start["random"])
            doubts.append(_put_all(reader.order, self._start["order"]))
            doubts.append(_put_all(reader.reading, self._start["reading"]))
            _recall(reader.sampler, self._start["sampler"])
        else:
            doubts.append(_put_all(reader.order, place["now"]["order"]))
            _recall(reader.sampler, place["now"]["sampler"])
        _recall(reader.data, place["data"])
        if done:
            self._done, self._ready = done, reader.begin(done)
            if reader.seen != place["seen"]:
                doubts.append("the loader's sampler gives another order than in the saved run")
        doubts.append(_put_all(reader.reading, place["now"]["reading"]))
        doubts.append(reader.doubt(done))
        return list(dict.fromkeys(one for one in doubts if one))


def _recall(thing: HasState | None, state: Any) -> None:
    if thing is not None and state is not None:
        thing.load_state_dict(state)


def _put_all(generators: Any, states: dict[str, Any]) -> str | None:
    for name, generator in generators.items():
        if name in states:
            put_back(generator, states[name])
    if generators.keys() == states.keys():
        return None
    different = ", ".join(sorted(generators.keys() ^ states.keys()))
    return f"the data keep other random generators than in the saved run: {different}"
