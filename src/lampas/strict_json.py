"""JSON of files that anybody may have written: bounded before it is read, and one kind of error."""

import json
from collections.abc import Callable
from typing import Any, cast

from lampas.errors import ArtifactError

MOST_VALUES = 2_000_000
"""In one text: Python's objects take some 100 bytes each."""


def strict_json(text: str | bytes, what: str = "it") -> Any:
    """The value of a text in which nan, infinity and a key that comes twice are errors.

    what: who is named in the `ArtifactError` for whatever else is wrong: no UTF-8, no JSON, a
    number of thousands of digits, brackets too deep, more than 2 000 000 values.

    >>> strict_json('{"a": NaN}')
    Traceback (most recent call last):
    lampas.errors.ArtifactError: it is not strict JSON: NaN
    """
    return _read(_decoded(text, what), what, _refuse)


def json_with_nan(text: str | bytes, what: str = "it") -> Any:
    """As `strict_json`, for files of Lampas's own that may hold nan and infinity.

    >>> json_with_nan("[NaN, 1]")
    [nan, 1]
    """
    return _read(_decoded(text, what), what, float)


def values_in(text: str) -> int:
    """How many values a text of JSON has at most, told without reading it: a wide one of some
    megabytes becomes gigabytes of Python's objects.

    >>> values_in('{"a": [1, 2]}')
    3
    """
    return sum(map(text.count, ",[{"))


def depth_of(value: Any) -> int:
    """How many lists and dicts of a value that was read stand in one another.

    >>> depth_of({"a": [1, [2]]}), depth_of(3)
    (3, 0)
    """
    layer, depth = [value], -1
    while layer:
        layer = [part for one in layer for part in _parts(one)]
        depth += 1
    return depth


def _decoded(text: str | bytes, what: str) -> str:
    try:
        return text.decode() if isinstance(text, bytes) else text
    except ValueError as error:
        raise ArtifactError(f"{what} is not strict JSON: {error}") from None


def _read(text: str, what: str, constant: Callable[[str], Any]) -> Any:
    try:
        if values_in(text) > MOST_VALUES:
            raise ArtifactError(f"{what} holds more than {MOST_VALUES:,} values")
        return json.loads(text, parse_constant=constant, object_pairs_hook=_unique)
    except ArtifactError:
        raise
    except RecursionError:
        raise ArtifactError(f"{what} is nested too deep") from None
    except ValueError as error:
        raise ArtifactError(f"{what} is not strict JSON: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    items = dict(pairs)
    if len(items) != len(pairs):
        raise ValueError("a key stands there twice")
    return items


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []
