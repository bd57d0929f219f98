"""Whether values have the form of a state at all: what an editor got wrong is found at once."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from torch import Tensor

_LARGEST = 2**53  # what counts steps or epochs is smaller in any run

Rule = tuple[Callable[[Any], bool], str]


def malformed(values: Mapping[str, Any]) -> str | None:
    """Why `values`, the fields of a `State` by name, are of none; None where they are of one.

    >>> malformed({"position": []})
    'its position is no dict'
    """
    for name, value in values.items():
        wanted = _OTHERS.get(name, _DICT)
        if not wanted[0](value):
            return f"its {name} is {wanted[1]}"
    for name, rules in (one for one in _INSIDE.items() if one[0] in values):
        for key, (holds, what) in rules.items():
            if key not in values[name]:
                return f"its {name} has no {key!r}"
            if not holds(values[name][key]):
                return f"its {name} says of {key!r}: {values[name][key]!r:.60}, {what}"
    return _contradiction(values)


def _contradiction(values: Mapping[str, Any]) -> str | None:
    """What is possible alone, and not together."""
    if not values.keys() >= {"position", "sums", "history"}:
        return None
    position, is_inside = values["position"], values["sums"] is not None
    if is_inside == (position["step"] == 0):
        return f"its position is step {position['step']}, and it has {_some(is_inside)} sums of it"
    if position["finished"] and is_inside:
        return "its run is finished, and in the middle of an epoch"
    rows = cast(list[dict[str, Any]], values["history"])
    epochs = [row["epoch"] for row in rows]
    last = position["epoch"] - int(is_inside)
    if epochs != sorted(set(epochs)) or (epochs and epochs[-1] > last):
        return f"its history has the epochs {epochs!s:.60}, and it stands in epoch {last}"
    return None


def _some(there: bool) -> str:
    return "the" if there else "no"


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _is_best(value: Any) -> bool:
    if value is None:
        return True
    numbers = cast(list[Any], value)
    return (
        isinstance(value, list)
        and [type(one) for one in numbers] == [float, float]
        and numbers[1].is_integer()
        and _is_count(int(numbers[1]))
    )


def _is_row(value: Any) -> bool:
    row = cast(dict[Any, Any], value)
    return (
        isinstance(value, dict)
        and _is_count(row.get("epoch"))
        and all(type(key) is str for key in row)
        and all(type(one) is float for key, one in row.items() if key != "epoch")
    )


def _are_tensors(value: Any) -> bool:
    found = cast(Mapping[Any, Any], value)
    return isinstance(value, Mapping) and all(
        type(key) is str and isinstance(one, Tensor) for key, one in found.items()
    )


def _are_named(value: Any) -> bool:
    """A dict of dicts, by text."""
    found = cast(Mapping[Any, Any], value)
    return isinstance(value, Mapping) and all(
        type(key) is str and isinstance(one, Mapping) for key, one in found.items()
    )


def _is_named(value: Any) -> bool:
    found = cast(Mapping[Any, Any], value)
    return isinstance(value, Mapping) and all(type(key) is str for key in found)


def _is_data(value: Any) -> bool:
    return _is_named(value) and (value.get("batch_size") is None or _is_count(value["batch_size"]))


def _are_pieces(value: Any) -> bool:
    """Of training and of validation; None where all samples are computed at once."""
    pair = cast(list[Any], value)
    return (
        isinstance(value, list)
        and len(pair) == 2
        and all(one is None or (_is_count(one) and one > 0) for one in pair)
    )


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(type(one) is kind for one in cast(list[Any], value))


def _is_rate(value: Any) -> bool:
    return type(value) is float and not math.isnan(value)


_DICT: Rule = _is_named, "no dict"
_TENSORS: Rule = _are_tensors, "no dict of tensors"
_OTHERS: dict[str, Rule] = {
    "buffers": _TENSORS,
    "gradients": _TENSORS,
    "optimizers": (_are_named, "no dict of dicts"),
    "losses": (_are_named, "no dict of dicts"),
    "callbacks": (_are_named, "no dict of dicts"),
    "schedule": (lambda value: value is None or _is_named(value), "no dict"),
    "averaging": (lambda value: value is None or _are_tensors(value), "no dict of tensors"),
    "sums": (lambda value: value is None or _are_named(value), "no dict of dicts"),
    "history": (lambda value: isinstance(value, Sequence) and all(map(_is_row, value)),
                "no list of rows"),
}  # fmt: skip
"""All others are dicts."""

_COUNT: Rule = _is_count, "which is no count"
_INSIDE: dict[str, dict[str, Rule]] = {
    "about": {
        "epochs": _COUNT,
        "net": (lambda value: type(value) is str, "which is no name"),
        "data": (_is_data, "which is no dict, or has a batch size that is none"),
        "doubts": (lambda value: _all(value, str), "which is no list of lines"),
    },
    "position": {
        **dict.fromkeys(("epoch", "step", "before", "updates"), _COUNT),
        "rate": (_is_rate, "which is no rate"),
        "best": (_is_best, "which is no number and the checkpoint that has it"),
        "pieces": (_are_pieces, "which are no numbers of samples"),
        "finished": (lambda value: type(value) is bool, "which is neither true nor false"),
        "stopped": (lambda value: value is None or type(value) is str, "which is no reason"),
    },
    "place": {
        **dict.fromkeys(("done", "seen"), _COUNT),
        "now": _DICT,
        "start": (lambda value: value is None or _is_named(value), "no dict"),
    },
}
"""What is said in some of the dicts."""
