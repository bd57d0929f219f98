"""Random states: those that every program has, and the generators that objects keep."""

import random
import sys
from collections.abc import Iterable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

import numpy as np
import torch

Generator = torch.Generator | np.random.Generator | np.random.RandomState | random.Random
"""What draws random numbers and can be kept as an object's own."""

_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)
_CLOSED = (str, bytes, int, float, complex, torch.Tensor, np.ndarray, type, ModuleType,
           FunctionType, MethodType)  # fmt: skip
_DEEPEST, _WIDEST = 6, 200  # levels of objects, and items of a list, that are looked through


def take(device: torch.device | None = None) -> dict[str, Any]:
    """The random states of Python, of NumPy, of torch on the CPU and on `device`: plain values.

    >>> before = take()
    >>> first = torch.rand(2), random.random(), np.random.rand()
    >>> put(before)
    >>> torch.equal(first[0], torch.rand(2)), first[1:] == (random.random(), np.random.rand())
    (True, True)
    """
    found = {
        "torch": torch.get_rng_state(),
        "python": state_of(random),
        "numpy": np.random.get_state(legacy=False),
    }
    if device is not None and device.type != "cpu":
        found["device"] = _module(device).get_rng_state(*_place(device))
    return found


def put(states: Mapping[str, Any], device: torch.device | None = None) -> None:
    """Put back what `take` took. Raises `ValueError`, `TypeError`, `KeyError` for what is none."""
    torch.set_rng_state(states["torch"].cpu())
    put_back(random, states["python"])
    np.random.set_state(_sound(states["numpy"]))
    if device is not None and device.type != "cpu" and "device" in states:
        _module(device).set_rng_state(states["device"].cpu(), *_place(device))


def _module(device: torch.device) -> Any:
    return torch.get_device_module(device)


def _place(device: torch.device) -> tuple[torch.device, ...]:
    return () if device.type == "mps" else (device,)


def state_of(generator: Any) -> Any:
    """The state of one generator, or of the module `random`: plain values."""
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    version, words, gauss = generator.getstate()
    return [version, np.array(words, dtype=np.uint32), gauss]


def put_back(generator: Any, state: Any) -> None:
    """Continue from what `state_of` gave of a generator of the same kind."""
    if isinstance(generator, torch.Generator):
        generator.set_state(state.cpu())
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = _sound(state)
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(_sound(state))
    else:
        version, words, gauss = state
        generator.setstate((version, tuple(words.tolist()), gauss))


def _sound(state: Any) -> Any:
    """`state` itself: NumPy does not check the place in its words, and would read beside them."""
    inside = state["state"]
    places = [(inside, "pos", "key"), (state, "buffer_pos", "buffer")]
    for place, words in ((one[at], one[what]) for one, at, what in places if at in one):
        if not 0 <= place <= len(words):
            raise ValueError(f"a random state has {len(words)} words, and is at word {place}")
    return state


def seed_all(numbers: Iterable[int], generators: Mapping[str, Generator]) -> None:
    """Start every random state of this process anew from `numbers`, these `generators` too."""
    seeds = seeds_from(numbers, 3 + len(generators))
    torch.manual_seed(seeds[0])
    random.seed(seeds[1])
    np.random.seed(seeds[2] % 2**32)
    for generator, seed in zip(generators.values(), seeds[3:], strict=True):
        _seed(generator, seed)


def seeds_from(numbers: Iterable[int], count: int) -> list[int]:
    """So many seeds below 2**64 that `numbers` decide.

    >>> seeds_from([1, 2], 3)[:2] == seeds_from([1, 2], 2) != seeds_from([2, 1], 2)
    True
    """
    drawn = np.random.SeedSequence(list(numbers)).generate_state(count, np.uint64)
    return [int(one) for one in drawn]


def _seed(generator: Generator, seed: int) -> None:
    if isinstance(generator, torch.Generator):
        generator.manual_seed(seed)
    elif isinstance(generator, np.random.Generator):
        kind = cast(Any, type(generator.bit_generator))
        generator.bit_generator.state = kind(seed).state
    elif isinstance(generator, np.random.RandomState):
        generator.seed(seed % 2**32)
    else:
        generator.seed(seed)


def is_generator(thing: object) -> bool:
    """Whether `thing` is a generator of torch, NumPy or Python."""
    return isinstance(thing, _KINDS)


def found_in(thing: Any, name: str) -> dict[str, Generator]:
    """The generators that an object keeps, in its attributes and theirs, by their paths.

    A generator that is torch's, NumPy's or Python's global one is left out. Lists of more than
    200 items are not looked through.

    >>> class Noise:
    ...     def __init__(self):
    ...         self.rng = np.random.default_rng(0)
    >>> list(found_in([Noise()], "transforms"))
    ['transforms[0].rng']
    """
    found: dict[str, Generator] = {}
    _search(thing, name, 0, found, set())
    return found


def _search(thing: Any, name: str, depth: int, found: dict[str, Generator], seen: set[int]) -> None:
    if thing is None or isinstance(thing, _CLOSED) or depth > _DEEPEST or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, _KINDS):
        if thing is not torch.default_generator and thing is not _legacy():
            found[name] = thing
        return
    for part, value in _parts(thing):
        _search(value, f"{name}{part}", depth + 1, found, seen)


def _parts(thing: Any) -> list[tuple[str, Any]]:
    if isinstance(thing, dict):
        items = list(cast(dict[Any, Any], thing).items())
        return [(f"[{key!r}]", value) for key, value in items[:_WIDEST]]
    if isinstance(thing, list | tuple):
        several = cast(list[Any], thing)
        if len(several) > _WIDEST:
            return []
        return [(f"[{index}]", value) for index, value in enumerate(several)]
    if type(thing).__module__.partition(".")[0] in ("pandas", "pyarrow", "builtins"):
        return []
    return [(f".{key}", value) for key, value in getattr(thing, "__dict__", {}).items()]


def _legacy() -> Any:
    """The object behind `numpy.random.rand` and its like."""
    return getattr(sys.modules["numpy.random.mtrand"], "_rand", None)
