"""What an object remembers, read from its attributes and put back: metrics, whoever wrote them."""

from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

_PLAIN = (bool, int, float, str, Tensor, np.ndarray, np.generic, torch.dtype, torch.Size,
          torch.device)  # fmt: skip
_FIXED = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, type)
_DEEPEST = 8  # levels of objects within objects


def memory(thing: Any) -> dict[str, Any]:
    """The numbers, tensors, texts, and lists and dicts of them, that `thing` has as attributes,
    and those of the objects it is made of, by name. Functions, classes and the like are left out:
    they are as its constructor set them. The tensors are its own: copy them, or save them.

    >>> class Count:
    ...     def __init__(self):
    ...         self.seen, self.rule = 0, max
    >>> count = Count()
    >>> count.seen = 3
    >>> again = Count()
    >>> recall(again, memory(count))
    >>> again.seen
    3
    """
    return {name: _kept(value, 0) for name, value in _attributes(thing) if _is_kept(value, 0)}


def recall(thing: Any, kept: dict[str, Any]) -> None:
    """Put back what `memory` gave of an object that was made alike.

    Raises `KeyError`, `TypeError`, `ValueError`, `AttributeError` where it was not.
    """
    for name, value in kept.items():
        if callable(getattr(type(thing), name, None)):
            raise ValueError(f"{name} is a method of {type(thing).__name__}")
        setattr(thing, name, _recalled(getattr(thing, name, None), value))


def forgotten(thing: Any) -> list[str]:
    """The attributes that `memory` cannot keep although they may change, such as a deque.

    >>> from collections import deque
    >>> class Window:
    ...     def __init__(self):
    ...         self.last = deque([1.0], maxlen=9)
    >>> forgotten(Window())
    ['last']
    """
    return [name for name, value in _attributes(thing) if not _is_known(value, 0)]


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """All but what every module has beside its parameters, buffers and parts: hooks and flags."""
    common = _OF_MODULES if isinstance(thing, nn.Module) else frozenset[str]()
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        if name not in common:
            yield name, value


_OF_MODULES = frozenset(vars(nn.Module())) - {"_parameters", "_buffers", "_modules", "training"}


def _is_kept(value: Any, depth: int) -> bool:
    """Whether a value can be kept, all of it: a list of functions cannot."""
    if value is None or isinstance(value, _PLAIN):
        return True
    if depth > _DEEPEST:
        return False
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value).items()
        return all(isinstance(k, str | int) and _is_kept(v, depth + 1) for k, v in items)
    if isinstance(value, list | tuple):
        return all(_is_kept(one, depth + 1) for one in cast(list[Any], value))
    return _is_object(value)


def _is_known(value: Any, depth: int) -> bool:
    """Whether a value is kept, or does not change."""
    if isinstance(value, _FIXED) or _is_kept(value, depth):
        return True
    if depth > _DEEPEST:
        return False
    if isinstance(value, dict):
        return all(_is_known(v, depth + 1) for v in cast(dict[Any, Any], value).values())
    if isinstance(value, list | tuple):
        return all(_is_known(one, depth + 1) for one in cast(list[Any], value))
    return type(value).__module__ in ("inspect", "typing", "functools", "re", "operator")


def _is_object(value: Any) -> bool:
    """An object of somebody's class, whose attributes are its memory."""
    own = type(value).__module__.partition(".")[0] not in ("builtins", "collections", "inspect")
    return own and hasattr(value, "__dict__") and not isinstance(value, _FIXED)


def _kept(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {key: _kept(one, depth + 1) for key, one in cast(dict[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        kept = [_kept(one, depth + 1) for one in cast(list[Any], value)]
        return kept if isinstance(value, list) else tuple(kept)
    if not _is_object(value) or isinstance(value, _PLAIN):
        return value
    return {
        name: _kept(one, depth + 1) for name, one in _attributes(value) if _is_kept(one, depth + 1)
    }


def _recalled(live: Any, kept: Any) -> Any:
    """What is to stand in the place of `live`: objects stay who they are."""
    if isinstance(live, dict) and isinstance(kept, dict):
        live = cast(dict[Any, Any], live)
        return {key: _recalled(live.get(key), one) for key, one in kept.items()}
    if isinstance(live, list | tuple) and isinstance(kept, list | tuple):
        several, place = cast(list[Any], kept), cast(list[Any], live)
        if any(_is_object(one) and not isinstance(one, _PLAIN) for one in place):
            found = [_recalled(old, new) for old, new in zip(place, several, strict=True)]
            return found if isinstance(kept, list) else tuple(found)
        return cast(Any, kept)
    if live is not None and not isinstance(live, _PLAIN) and _is_object(live):
        recall(live, kept)
        return live
    return kept
