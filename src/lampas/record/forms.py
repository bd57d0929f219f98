"""The forms of run.json and evidence.json, checked once, where they are read.

A form is a type; (types,); a function that tells; [form] for a list of any length; {...: form}
for a dict of any keys; {"key": form} for a dict that may lack keys, and have others, `All` for one
that may lack none. None fits every form.
"""

import math
from collections.abc import Callable
from typing import Any, cast


class All(dict[str, Any]):
    """A form: a dict that has all of these keys."""


def NUMBER(value: object) -> bool:  # noqa: N802 (stands beside types, as one of them)
    """A form: what can be counted with; no number of hundreds of digits, which no float holds."""
    return (type(value) is float and math.isfinite(value)) or _is_whole(value)


def ANY_FLOAT(value: object) -> bool:  # noqa: N802
    """A form: a number, nan and the infinities too."""
    return type(value) is float or _is_whole(value)


def _is_whole(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _is_seen(value: object) -> bool:
    """What people look at: a cell, or a text as pieces with their shares."""
    pieces = cast("list[Any]", value) if isinstance(value, list) else []
    pairs = all(isinstance(one, list) and len(cast("list[Any]", one)) == 2 for one in pieces)
    told = pairs and all(isinstance(word, str) and NUMBER(share) for word, share in pieces)
    return told if isinstance(value, list) else isinstance(value, str | int | float)


_NUMBERS = {...: NUMBER}
_FILE = {"side": str, "path": str, "bytes": NUMBER, "files": NUMBER, "sha256": str, "listing": str}

ABOUT: Any = {
    "state": str, "command": str, "created": str, "error": str, "stopped": str,
    "compiled_steps": NUMBER,
    "versions": {...: str}, "settings": dict, "epochs": NUMBER, "best_epoch": NUMBER,
    "seconds": NUMBER, "metrics": _NUMBERS, "training_metrics": _NUMBERS,
    "time_by_part": _NUMBERS, "memory_by_part": _NUMBERS, "peak_memory": _NUMBERS,
    "backtest": [str], "left out": [str], "data": [_FILE],
    "code": {"script": _FILE, "net": _FILE, "commit": str}, "schema": {"columns": [dict]},
}  # fmt: skip
"""That of run.json."""

_MISTAKE = All(name=str, true=str, said=str, probability=ANY_FLOAT, seen={...: _is_seen})
_STRETCH = All(series=str, target=str, time=[(int, str)], values=[ANY_FLOAT])
EVIDENCE: Any = {
    "task": str, "lost": NUMBER, "targets": [str], "classes": [[str]], "mistakes": [_MISTAKE],
    "history": [_STRETCH], "forecast": [dict],
}  # fmt: skip
"""That of evidence.json."""


def misfit(value: Any, form: Any, place: str = "") -> str:
    """Where `value` is not of this `form`; "" where it is.

    >>> misfit({"metrics": {"auc": "0.9"}}, {"metrics": {...: NUMBER}})
    'metrics/auc'
    """
    if value is None:
        return ""
    if isinstance(form, dict):
        return _in_dict(value, cast("dict[Any, Any]", form), place)
    if isinstance(form, list):
        return _in_list(value, cast("list[Any]", form), place)
    kind = isinstance(form, type | tuple)
    fits = isinstance(value, form) if kind else cast("Callable[[object], bool]", form)(value)
    return "" if fits else place or "the whole"


def _in_dict(value: Any, form: dict[Any, Any], place: str) -> str:
    if not isinstance(value, dict):
        return place or "the whole"
    items = cast("dict[str, Any]", value)
    wanted = dict.fromkeys(items, form[...]) if ... in form else form
    if isinstance(form, All) and not form.keys() <= items.keys():
        return place or "the whole"
    found = (
        misfit(items[key], inner, f"{place}/{key}".strip("/"))
        for key, inner in wanted.items()
        if key in items
    )
    return next(filter(None, found), "")


def _in_list(value: Any, form: list[Any], place: str) -> str:
    if not isinstance(value, list):
        return place or "the whole"
    items = cast("list[Any]", value)
    found = (misfit(one, form[0], f"{place}/{index}") for index, one in enumerate(items))
    return next(filter(None, found), "")
