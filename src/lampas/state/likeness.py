"""Whether a saved state has the form of what it is to be put into."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor

from lampas.state.state import State
from lampas.weights import misfit

_EXACT = ("scaler", "schedule", "random")
"""Fields that are the same in form at every moment of a run."""


def ill_fitting(saved: State, own: State) -> str | None:
    """Why `saved` cannot be put into a run whose own state is `own` now; None where it can.

    What a run has not had yet (rows that wait, best weights) is judged where it is put.
    """
    found = [unlike(getattr(saved, name), getattr(own, name), name) for name in _EXACT]
    found += [_buffers(saved.buffers, own.buffers), _losses(saved, own)]
    found += [_of_each(saved, own, name) for name in ("callbacks", "also")]
    found += [unlike(saved.place["now"], own.place["now"], "place"), _keepers(saved, own)]
    if saved.place["start"] is not None:
        wanted = {**own.place["now"], "random": own.random}
        found.append(unlike(saved.place["start"], wanted, "place"))
    if saved.sums is not None and own.sums is not None:
        found.append(_sums(saved.sums, own.sums))
    return next((one for one in found if one is not None), None)


def unlike(saved: Any, own: Any, path: str) -> str | None:
    """Where `saved` has another form than `own`: other kinds, shapes, dtypes, keys that lack.

    An `own` that is None or empty says nothing of the form.

    >>> unlike({"wait": 0, "best": "low"}, {"wait": 3, "best": 0.5}, "EarlyStopping")
    "EarlyStopping/best is 'low', and a float is wanted"
    """
    if isinstance(own, Mapping):
        return _dicts(saved, cast(Mapping[Any, Any], own), path)
    if isinstance(own, list | tuple):
        return _lists(saved, cast(Sequence[Any], own), path)
    if own is None or _form(saved) == _form(own):
        return None
    return f"{path} is {_shown(saved)}, and {_named(own)} is wanted"


def _dicts(saved: Any, own: Mapping[Any, Any], path: str) -> str | None:
    if not isinstance(saved, Mapping):
        return f"{path} is {_shown(saved)}, and a dict is wanted"
    for key, value in own.items():
        if key not in saved:
            return f"{path} has no {key!r}"
        found = unlike(saved[key], value, f"{path}/{key}")
        if found is not None:
            return found
    return None


def _lists(saved: Any, own: Sequence[Any], path: str) -> str | None:
    if type(saved) is not type(own):
        return f"{path} is {_shown(saved)}, and a {type(own).__name__} is wanted"
    if own and len(saved) != len(own):
        return f"{path} has {len(saved)} items, and {len(own)} are wanted"
    pairs = enumerate(zip(saved, own, strict=False))
    return _first(unlike(one, other, f"{path}/{index}") for index, (one, other) in pairs)


def _form(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Tensor):
        return Tensor, value.shape, value.dtype
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, Any]", value)
        return np.ndarray, array.shape, array.dtype
    return (type(value),)


def _named(own: Any) -> str:
    if isinstance(own, Tensor | np.ndarray):
        return f"a {own.dtype} of shape {tuple(own.shape)}"
    return f"{'an' if isinstance(own, int) and not isinstance(own, bool) else 'a'} " + (
        type(own).__name__
    )


def _shown(saved: Any) -> str:
    return _named(saved) if isinstance(saved, Tensor | np.ndarray) else f"{saved!r:.60}"


def _first(found: Any) -> str | None:
    return next((one for one in found if one is not None), None)


def _buffers(saved: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> str | None:
    complaint = misfit(saved, own)
    return None if complaint is None else f"its buffers are others: {complaint}"


def _keepers(saved: State, own: State) -> str | None:
    """Where a sampler or a dataset keeps its place itself, it does so in both runs."""
    pairs = {
        "sampler": (saved.place["now"].get("sampler"), own.place["now"].get("sampler")),
        "data": (saved.place.get("data"), own.place.get("data")),
    }
    for name, (one, other) in pairs.items():
        if (one is None) != (other is None):
            here = "none" if other is None else "one"
            return f"place/{name} keeps a state of its own in one of the runs, and here has {here}"
    return None


def _losses(saved: State, own: State) -> str | None:
    if saved.losses.keys() != own.losses.keys():
        return f"it has losses {[*saved.losses]}, this run {[*own.losses]}"
    found = ((name, misfit(saved.losses[name], one)) for name, one in own.losses.items())
    return next((f"the loss {name!r}: {why}" for name, why in found if why is not None), None)


def _of_each(saved: State, own: State, field: str) -> str | None:
    """Callbacks that are new remember nothing, which is said and no error; `also` is asked for."""
    before, now = getattr(saved, field), getattr(own, field)
    both = [name for name in now if name in before]
    if field == "also" and len(both) < len(now):
        return f"it has nothing of {sorted(now.keys() - before.keys())}, which also= names"
    return _first(unlike(before[name], now[name], f"{field}/{name}") for name in both)


def _sums(saved: Mapping[str, Any], own: Mapping[str, Any]) -> str | None:
    for part in ("losses", "metrics"):
        missing = own[part].keys() - saved.get(part, {}).keys()
        if missing:
            return f"sums/{part} has no {sorted(missing)}"
    losses, metrics = saved["losses"], saved["metrics"]
    rules: dict[str, Callable[[], bool]] = {
        "losses/names": lambda: losses["names"] is None or _all(losses["names"], str),
        "losses/block": lambda: losses["block"] is None or _is_pair(losses["block"], 2),
        "losses/total": lambda: (
            _is_pair([losses["total"], losses["count"]], 1)
            or losses["total"] is losses["count"] is None
        ),
        "losses/history": lambda: losses["history"] is None or _is_matrix(losses["history"]),
        "metrics/kept": lambda: (
            _all(metrics["kept"], tuple) and all(len(one) == 2 for one in metrics["kept"])
        ),
        "metrics/bytes": lambda: type(metrics["bytes"]) is int,
        "metrics/seen": lambda: type(metrics["seen"]) is bool,
    }
    wrong = next((name for name, holds in rules.items() if not holds()), None)
    if wrong is not None:
        return f"sums/{wrong} are none"
    return _metrics(metrics["metrics"], own["metrics"]["metrics"])


def _metrics(saved: Any, own: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Numbers may have become tensors, and lists have grown: of a metric the names are judged,
    and that tensors stay tensors."""
    if not isinstance(saved, Mapping) or saved.keys() != own.keys():
        return f"sums/metrics are of others than {[*own]}"
    for name, one in own.items():
        if not isinstance(saved[name], Mapping) or one.keys() - saved[name].keys():
            return f"sums/metrics/{name} lacks some of {[*one]}"
        wrong = [key for key, value in one.items() if not _is_grown(saved[name][key], value)]
        if wrong:
            return f"sums/metrics/{name}/{wrong[0]} is {_shown(saved[name][wrong[0]])}"
    return None


_NUMBER = (int, float, Tensor, np.generic)


def _is_grown(saved: Any, own: Any) -> bool:
    """Whether a metric's attribute that was `own` at the beginning can have become `saved`."""
    if own is None:
        return not isinstance(saved, bool | str)
    if isinstance(own, Mapping):  # an object's attributes, or a dict
        items = cast(Mapping[Any, Any], own).items()
        return isinstance(saved, Mapping) and all(
            key in saved and _is_grown(saved[key], one) for key, one in items
        )
    if isinstance(own, bool | str | list | tuple):
        return type(saved) is type(own)
    return isinstance(saved, _NUMBER) and not isinstance(saved, bool)


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(type(one) is kind for one in cast(list[Any], value))


def _is_matrix(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim == 2 and value.is_floating_point()


def _is_pair(value: Any, ndim: int) -> bool:
    """Sums and their counts: two tensors of one shape."""
    parts = list(cast(Sequence[Any], value)) if isinstance(value, list | tuple) else []
    return (
        len(parts) == 2
        and all(isinstance(one, Tensor) and one.ndim == ndim for one in parts)
        and parts[0].shape == parts[1].shape
        and all(one.is_floating_point() for one in parts)
    )
