"""Whether a dataset can be read by other processes with the same outcome, found out by looking."""

import io
import multiprocessing
import pickle
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import get_worker_info

from lampas import randomness
from lampas.data.nest import leaves
from lampas.data.reading import DrawsLateError, Place, Reading
from lampas.data.stamp import places_in_files, stamp

_THOROUGH = 20_000  # objects that are looked at
_MANY = 1_000  # items of a list: of longer ones the first hundred are looked at
_KEPT = 0.2
"""The share of its time in which a batch is read a second time that is kept somewhere."""


def cannot_fork() -> str | None:
    """Why this process is to have no workers; None where it may."""
    if sys.platform != "linux":
        return f"on {sys.platform} workers would run the program's file once more"
    if multiprocessing.get_start_method(allow_none=True) not in (None, "fork"):
        return "the program has set another way to start processes"
    if multiprocessing.current_process().daemon or get_worker_info() is not None:
        return "this is a worker process itself"
    return None


class Look:
    """Looks on while a batch is read that is to be read anyway, and then has it read again: whether
    the dataset may be read by other processes. To be made before that batch.

    A dataset that counts what it has read is not read once more than it would be.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._why = cannot_fork() or _of_its_parts(reading.dataset)
        self._before = self._now()

    def after(self) -> None:
        """To be called when the batch was read."""
        self._why = self._why or self._changed()

    def why_here(self, place: Place, seconds: float) -> str | None:
        """Why the dataset is to be read in this process; None where others may read it.

        place: that batch, which took about `seconds`; it is read twice more.
        """
        if self._why is not None:
            return self._why
        self._before = self._now()
        try:
            start = time.perf_counter()
            first = self._reading.read_elsewhere(place)
            again = time.perf_counter() - start
            second = self._reading.read_elsewhere(place)
        except DrawsLateError as error:
            return str(error)
        except Exception as error:  # it was read well, and was not asked for again
            return f"a batch cannot be read twice: {error}"
        return self._changed() or _told_by(first, second, again, seconds)

    def _now(self) -> tuple[Any, dict[str, str]]:
        return stamp(self._reading.dataset, _THOROUGH), places_in_files()

    def _changed(self) -> str | None:
        (looked, files), (now, after) = self._before, self._now()
        if now != looked:
            return "reading changes the dataset"
        if any(after.get(file, where) != where for file, where in files.items()):
            return "the dataset reads on in an open file"
        return None


def _told_by(first: Any, second: Any, again: float, seconds: float) -> str | None:
    if any(isinstance(leaf, Tensor) and leaf.device.type != "cpu" for leaf in leaves(first)):
        return "the dataset's samples are on an accelerator"
    if not is_same(first, second):
        return "two readings of a batch differ"
    return "the dataset keeps what it has read" if again < _KEPT * seconds else None


def is_same(first: Any, second: Any) -> bool:
    """Whether two batches are equal to the last bit."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        alike = first.dtype == second.dtype and first.stride() == second.stride()
        return alike and first.shape == second.shape and torch.equal(_bits(first), _bits(second))
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        one, other = cast(Mapping[Any, Any], first), cast(Mapping[Any, Any], second)
        return one.keys() == other.keys() and all(is_same(one[k], other[k]) for k in one)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        several = list(cast(list[Any], first)), list(cast(list[Any], second))
        return len(several[0]) == len(several[1]) and all(map(is_same, *several))
    return type(first) is type(second) and bool(first == second)


def _bits(tensor: Tensor) -> Tensor:
    return tensor.detach().resolve_conj().contiguous().reshape(-1).view(torch.uint8)


def _of_its_parts(dataset: Any) -> str | None:
    if randomness.found_in(dataset, "dataset"):
        return "the dataset draws from a generator of its own"
    if hasattr(dataset, "state_dict") and hasattr(dataset, "load_state_dict"):
        return "the dataset has a state that reading moves"
    walker = _Walker()
    walker.waiting.append(dataset)
    try:
        while walker.waiting:
            walker.dump(walker.waiting.pop())
    except _EnoughError:
        return None
    except _ThereError as what:
        return str(what)
    except Exception as error:  # whatever a part's own way to be pickled may raise
        return f"part of the dataset cannot be shared: {error}"
    return None


class _EnoughError(Exception):
    """So many parts were looked at."""


class _ThereError(Exception):
    """A part that stays in this process."""


class _Walker(pickle.Pickler):
    """Goes through an object as a pickle would, without its arrays: open files, locks, sockets and
    connections have no pickle, in C's objects too."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.waiting: list[Any] = []
        self._known: set[int] = set()
        self._left = _THOROUGH

    def persistent_id(self, obj: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _EnoughError
        if isinstance(obj, nn.Module) and next(obj.parameters(), None) is not None:
            raise _ThereError("the dataset holds a net")
        if isinstance(obj, Tensor) and obj.device.type != "cpu":
            raise _ThereError("the dataset holds tensors on an accelerator")
        if isinstance(obj, (FunctionType, MethodType, _Cached)):
            if id(obj) not in self._known:
                self._known.add(id(obj))
                self.waiting += _held_by(obj)
            return 0
        if isinstance(obj, (list, tuple, dict, set)) and len(cast(Any, obj)) > _MANY:
            parts = cast(Any, obj.values() if isinstance(obj, dict) else obj)
            self.waiting += [one for _, one in zip(range(100), parts, strict=False)]
            return 0
        closed = (Tensor, np.ndarray, str, bytes, type, ModuleType, torch.dtype)
        return 0 if isinstance(obj, closed) else None


_Cached: Any = type(lru_cache(len))


def _held_by(function: Any) -> list[Any]:
    """What a function found outside of itself, a method belongs to, or a cache is of."""
    if isinstance(function, _Cached):
        return [function.__wrapped__]
    if isinstance(function, MethodType):
        return [function.__self__]
    found: list[Any] = list(function.__defaults__ or ())
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue  # not yet filled
    return found
