"""A batch of a user's dataset, with what reading it draws belonging to the batch."""

import ctypes
import random
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch.utils.data import default_collate

from lampas import randomness

Place = tuple[int, int, list[int]]
"""One batch of a pass: the pass's seed, the batch's number, the positions of its samples."""


class Reading:
    """Reads batches of `dataset`, each with random states of its own, whoever reads it.

    What a dataset draws from torch's (CPU), NumPy's or Python's own random state is then decided by
    the pass's seed and the batch's number, in any process and after any other batch; and what
    training draws does not depend on what reading drew. Seeding costs up to 0.1 ms, so it is done
    for the states alone that are drawn from: the first batch tells which; where a later one draws
    from another, it is read once more.

    A generator that the dataset keeps as its own goes on from batch to batch; then, and where it
    has a state to be kept, no batch is read again, and all three are seeded each time.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._states: list[_State] = [_Torch(), _Python()]
        if type(_generator_of_numpy()) is np.random.MT19937:  # of others NumPy cannot be seeded
            self._states.append(_NumPy())
        self._drawn_from = set(self._states)
        self._is_new = True
        self._reads_once = bool(randomness.found_in(dataset, "")) or hasattr(dataset, "state_dict")

    def read(self, place: Place) -> Any:
        """The samples, collated as torch's `DataLoader` does."""
        before = [state.take() for state in self._states]
        self._seed(place)
        begun = [state.take() for state in self._states] if self._is_new else before
        looked_at = set(self._states) if self._is_new else set(self._states) - self._drawn_from
        moved: set[_State] = set()
        try:
            batch = self._samples(place[2])
        finally:
            for state, since, own in zip(self._states, begun, before, strict=True):
                if state in looked_at and state.has_moved(since):
                    moved.add(state)
                if state in moved or state in self._drawn_from:
                    state.put(own)
        if self._reads_once:
            return batch
        if self._is_new:
            self._drawn_from, self._is_new = moved, False
        elif moved:
            self._drawn_from |= moved
            return self.read(place)
        return batch

    def _seed(self, place: Place) -> None:
        if self._drawn_from:
            seeds = randomness.seeds_from(place[:2], len(self._states))
            for state, seed in zip(self._states, seeds, strict=True):
                if state in self._drawn_from:
                    state.seed(seed)

    def _samples(self, positions: list[int]) -> Any:
        several = getattr(self.dataset, "__getitems__", None)
        found = several(positions) if several else [self.dataset[one] for one in positions]
        return default_collate(found)


class _State(Protocol):
    """A random state that every program has."""

    def take(self) -> Any: ...

    def has_moved(self, since: Any) -> bool:
        """Whether it is another than the one that was taken last."""
        ...

    def put(self, state: Any) -> None: ...

    def seed(self, seed: int) -> None: ...


class _Torch:
    """torch's on the CPU; it takes 1 µs to look."""

    def take(self) -> torch.Tensor:
        return torch.default_generator.get_state()

    def has_moved(self, since: torch.Tensor) -> bool:
        return not torch.equal(self.take(), since)

    def put(self, state: torch.Tensor) -> None:
        torch.default_generator.set_state(state)

    def seed(self, seed: int) -> None:
        torch.default_generator.manual_seed(seed)


class _Python:
    """That of the module `random`; it takes 9 µs to look."""

    def take(self) -> Any:
        return random.getstate()

    def has_moved(self, since: Any) -> bool:
        now = random.getstate()
        return now[1][624] != since[1][624] or now[1][:2] != since[1][:2] or now[2] != since[2]

    def put(self, state: Any) -> None:
        random.setstate(state)

    def seed(self, seed: int) -> None:
        random.seed(seed)


class _NumPy:
    """NumPy's own. To take it costs 40 µs, so the place in its words is looked at first, where they
    lie in memory (`BitGenerator.ctypes`): it moves with each draw."""

    def __init__(self) -> None:
        self._taken: Any = None
        self._mark: Any = None

    def take(self) -> Any:
        mark = _words_of_numpy()
        if self._taken is None or mark != self._mark:
            self._taken, self._mark = np.random.get_state(legacy=False), mark
        return self._taken

    def has_moved(self, since: Any) -> bool:
        if _words_of_numpy() != self._mark:
            return True
        # Where a normal number is kept for later, to draw it moves no word.
        return bool(since["has_gauss"]) and not np.random.get_state(legacy=False)["has_gauss"]

    def put(self, state: Any) -> None:
        np.random.set_state(state)
        self._taken, self._mark = state, _words_of_numpy()

    def seed(self, seed: int) -> None:
        np.random.seed(seed % 2**32)


def _generator_of_numpy() -> Any:
    return cast(Any, np.random).get_bit_generator()


def _words_of_numpy() -> Any:
    """What changes in the words of NumPy's Mersenne twister with each draw."""
    words = (ctypes.c_uint32 * 625).from_address(_generator_of_numpy().ctypes.state_address)
    return words[0], words[1], words[624]
