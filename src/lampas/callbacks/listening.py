"""What was passed as callbacks, checked before any training, as a list."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lampas.callbacks.base import Callback, CallbackLike
from lampas.callbacks.progress import Verbose, progress_for
from lampas.errors import InputError


def listeners(
    callbacks: Sequence[CallbackLike] | CallbackLike | None, verbose: Verbose = 0
) -> list[CallbackLike]:
    """All who listen to a run: its progress display, if any, and then the callbacks.

    The display comes first, so that what the others say stands below the epoch's line; those
    that are to be told `last` come last. Raises `InputError` as `as_list` and `progress_for` do.

    >>> [type(one).__name__ for one in listeners(None, verbose=2)]
    ['EpochLines']
    """
    progress = progress_for(verbose)
    found = sorted(as_list(callbacks), key=lambda one: getattr(one, "last", False))
    return found if progress is None else [progress, *found]


def as_list(callbacks: Sequence[CallbackLike] | CallbackLike | None) -> list[CallbackLike]:
    """`callbacks` as a checked list; one alone is taken for a list of one, None for none.

    Raises `InputError` for a class in the place of an object, for what cannot be called, and
    for a function that does not take one event.

    >>> as_list(None), as_list(print)
    ([], [<built-in function print>])
    >>> as_list(["early"])
    Traceback (most recent call last):
    ...
    lampas.errors.InputError: callbacks[0] is 'early', not a callback: ...
    """
    if callbacks is None:
        return []
    if callable(callbacks):
        _check(callbacks, "callbacks")
        return [callbacks]
    several: Any = callbacks
    if isinstance(several, str | Mapping) or not isinstance(several, Iterable):
        raise _no_callback(several, "callbacks")
    found: list[Any] = list(several)
    for index, one in enumerate(found):
        _check(one, f"callbacks[{index}]")
    return found


def _check(callback: Any, where: str) -> None:
    if isinstance(callback, type):
        name = callback.__name__
        raise InputError(f"{where} is the class {name}, not an object: write {name}()")
    if not callable(callback):
        raise _no_callback(callback, where)
    if not isinstance(callback, Callback):
        _check_signature(callback, where)


def _check_signature(function: Any, where: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some builtins do not tell theirs
        return
    try:
        signature.bind(None)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise InputError(
            f"{where}, {name}{signature}, cannot be called with one event: write "
            f"def {name}(event): ..."
        ) from error


def _no_callback(what: Any, where: str) -> InputError:
    plain = what is None or isinstance(what, str | int | float)
    shown = repr(what) if plain else f"a {type(what).__name__}"
    return InputError(
        f"{where} is {shown}, not a callback: pass an object of lampas.callbacks, or a function "
        "of one event"
    )
