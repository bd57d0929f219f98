"""The forms of run.json and evidence.json, checked once, where they are read.

A form is a type; (types,); [form] for a list of any length; {...: form} for a dict of any keys;
{"key": form} for a dict that may lack keys, and have others. None fits every form.
"""

from typing import Any, cast

NUMBER = (int, float)
_NUMBERS = {...: NUMBER}
_FILE = {"side": str, "path": str, "bytes": NUMBER, "files": NUMBER, "sha256": str, "listing": str}

ABOUT: Any = {
    "state": str, "command": str, "created": str, "error": str, "stopped": str,
    "versions": {...: str}, "settings": dict, "epochs": NUMBER, "best_epoch": NUMBER,
    "seconds": NUMBER, "metrics": _NUMBERS, "training_metrics": _NUMBERS,
    "time_by_part": _NUMBERS, "memory_by_part": _NUMBERS, "peak_memory": _NUMBERS,
    "backtest": [str], "left out": [str], "data": [_FILE],
    "code": {"script": _FILE, "net": _FILE, "commit": str}, "schema": {"columns": [dict]},
}  # fmt: skip
"""That of run.json."""

_MISTAKE = {"name": str, "true": str, "said": str, "probability": NUMBER, "seen": dict}
_STRETCH = {"series": str, "target": str, "time": [(int, str)], "values": [NUMBER]}
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
    fits = _is_number(value) if form is NUMBER else isinstance(value, form)
    return "" if fits else place or "the whole"


def _in_dict(value: Any, form: dict[Any, Any], place: str) -> str:
    if not isinstance(value, dict):
        return place or "the whole"
    items = cast("dict[str, Any]", value)
    wanted = dict.fromkeys(items, form[...]) if ... in form else form
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


def _is_number(value: Any) -> bool:
    """Whether it can be counted with: no number of hundreds of digits, which no float holds."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)
