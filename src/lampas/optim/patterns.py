"""Names of parameters against patterns: the one rule that groups and freeze share."""

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from lampas.errors import InputError


def matches(name: str, pattern: str) -> bool:
    """Whether a parameter's name fits a pattern of the shell's kind, or lies in that module.

    `*` stands for any run of characters (dots too), `?` for one, `[0-9]` for one of a set. A
    pattern that names a module, or fits a module's name, takes all that lies in it.

    >>> matches("body.0.weight", "*.weight"), matches("body.0.weight", "body")
    (True, True)
    >>> matches("body.10.weight", "body.1")
    False
    """
    return any(fnmatchcase(prefix, pattern) for prefix in _prefixes(name))


def require_matches(
    names: Iterable[str], patterns: Sequence[str], what: str, kind: str = "parameter"
) -> None:
    """Raise `InputError` for the first pattern that fits no name, with the nearest names.

    kind: of what the names are.

    >>> require_matches(["head.weight"], ["haed"], "freeze")
    Traceback (most recent call last):
    lampas.errors.InputError: freeze: no parameter matches 'haed'; did you mean 'head'?
    """
    known = list(names)
    for pattern in patterns:
        if not any(matches(name, pattern) for name in known):
            raise InputError(
                f"{what}: no {kind} matches {pattern!r}{_nearest(pattern, known, kind)}"
            )


def _prefixes(name: str) -> list[str]:
    """The name, and the names of the modules around it: a.b.c, a.b, a."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _nearest(pattern: str, names: list[str], kind: str) -> str:
    if not names:
        return f": the model has no {kind}s"
    known = dict.fromkeys(prefix for name in names for prefix in _prefixes(name))
    near = difflib.get_close_matches(pattern, list(known), n=2, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return f"; the names are {shown}"
