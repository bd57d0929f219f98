"""A batch of a user's dataset, with what reading it draws belonging to the batch."""

import random
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch.utils.data import default_collate

from lampas import randomness

Place = tuple[int, int, list[int]]
"""One batch of a pass: the pass's seed, the batch's number, the positions of its samples."""


_LOOKS = 16  # batches that tell what a dataset draws from


class DrawsLateError(Exception):
    """A batch that was read elsewhere drew from a random state that the first ones left alone."""

    def __init__(self) -> None:
        super().__init__("the dataset draws random numbers now and then")


class Reading:
    """Reads batches of `dataset`, each with random states of its own, whoever reads it.

    What a dataset draws from torch's (CPU), NumPy's or Python's own random state is decided by the
    pass's seed and the batch's number, in any process and after any other batch; and what training
    draws does not depend on what reading drew. That takes up to 0.1 ms, so it is done for the
    states alone that are drawn from, which the first sixteen batches tell: where another than the
    first one draws, it is read once more. What a later batch draws from another state comes out of
    that as it is, and is never read elsewhere.

    A generator that the dataset keeps as its own goes on from batch to batch; then, and where it
    has a state to be kept, no batch is read again, and all three are seeded each time.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._states: dict[str, _State] = {"torch": _Torch(), "python": _Python()}
        if type(_generator_of_numpy()) is np.random.MT19937:  # of others NumPy cannot be seeded
            self._states["numpy"] = _NumPy()
        self._drawn_from = set(self._states)
        own = bool(randomness.found_in(dataset, "")) or hasattr(dataset, "state_dict")
        self._looked = _LOOKS if own else 0  # batches

    @property
    def knows(self) -> bool:
        """Whether it has seen what the dataset draws from."""
        return self._looked >= _LOOKS

    def read(self, place: Place) -> Any:
        """The samples, collated as torch's `DataLoader` does."""
        if self.knows:
            return self._read(place, set())[0]
        is_first = self._looked == 0
        others = set(self._states) if is_first else set(self._states) - self._drawn_from
        batch, moved = self._read(place, others)
        self._looked += 1
        if is_first:
            self._drawn_from = moved
        elif moved:
            self._drawn_from |= moved
            batch, _ = self._read(place, set())
        return batch

    def read_elsewhere(self, place: Place) -> Any:
        """The same, where nobody knows of the states of this moment: in another process, or once
        more. Raises `DrawsLateError` for a batch that draws from them."""
        batch, moved = self._read(place, set(self._states) - self._drawn_from)
        if moved:
            raise DrawsLateError
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What it knows of the dataset."""
        return {"looked": self._looked, "drawn_from": sorted(self._drawn_from)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with what another one knew."""
        self._looked, self._drawn_from = int(state["looked"]), set(state["drawn_from"])

    def _read(self, place: Place, watched: set[str]) -> tuple[Any, set[str]]:
        """The batch, and which of the `watched` states it drew from; all is put back."""
        if not (self._drawn_from or watched):
            return self._samples(place[2]), set()
        names = self._drawn_from | watched
        before = {name: self._states[name].take() for name in names}
        self._seed(place)
        begun = {name: self._states[name].take() for name in watched & self._drawn_from}
        moved: set[str] = set()
        try:
            batch = self._samples(place[2])
        finally:
            for name, own in before.items():
                if name in watched and self._states[name].has_moved(begun.get(name, own)):
                    moved.add(name)
                if name in moved or name in self._drawn_from:
                    self._states[name].put(own)
        return batch, moved

    def _seed(self, place: Place) -> None:
        if self._drawn_from:
            seeds = randomness.seeds_from(place[:2], len(_NAMES))
            for name, seed in zip(_NAMES, seeds, strict=True):
                if name in self._drawn_from:
                    self._states[name].seed(seed)

    def _samples(self, positions: list[int]) -> Any:
        several = getattr(self.dataset, "__getitems__", None)
        found = several(positions) if several else [self.dataset[one] for one in positions]
        return default_collate(found)


_NAMES = ("torch", "python", "numpy")


class _State(Protocol):
    """A random state that every program has."""

    def take(self) -> Any: ...

    def has_moved(self, since: Any) -> bool:
        """Whether it is another than the one that was taken."""
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
    """NumPy's own; it takes 40 µs to look."""

    def take(self) -> Any:
        return np.random.get_state(legacy=False)

    def has_moved(self, since: Any) -> bool:
        now = self.take()
        kept = [(one["state"]["pos"], one["has_gauss"], one["gauss"]) for one in (now, since)]
        return kept[0] != kept[1] or bool((now["state"]["key"] != since["state"]["key"]).any())

    def put(self, state: Any) -> None:
        np.random.set_state(state)

    def seed(self, seed: int) -> None:
        np.random.seed(seed % 2**32)


def _generator_of_numpy() -> Any:
    return cast(Any, np.random).get_bit_generator()
