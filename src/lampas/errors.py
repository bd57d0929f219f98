"""Every error that Lampas raises on purpose: one line that says what, where, and the fix.

LampasError
├── InputError          (ValueError)       what was passed cannot be used
│   ├── DataError                          the data: lengths, gaps, columns, batches
│   ├── ShapeError                         two shapes that do not fit
│   ├── DtypeError      (TypeError)        a dtype that the loss or the net cannot take
│   └── UnknownNameError                   a string outside its table
├── NotCompiledError    (RuntimeError)     fit, evaluate or predict came before compile
├── NonFiniteError      (ArithmeticError)  the loss became nan or infinite
├── TooLargeError       (MemoryError)      what cannot be made smaller does not fit into memory
├── ArtifactError       (ValueError)       a saved file is damaged, foreign or does not fit
├── DownloadError       (RuntimeError)     a data set cannot be brought from its public home
└── MissingExtraError   (ImportError)      an optional library is not installed
"""

import difflib
from collections.abc import Iterable


class LampasError(Exception):
    """Base of all errors raised by Lampas on purpose."""


class InputError(LampasError, ValueError):
    """What was passed cannot be used."""


class DataError(InputError):
    """The data cannot be used: lengths, gaps, columns, batches."""


class ShapeError(InputError):
    """Two shapes that do not fit each other."""


class DtypeError(InputError, TypeError):
    """A dtype that the loss or the net cannot take."""


class UnknownNameError(InputError):
    """A string that its table does not hold."""


class NotCompiledError(LampasError, RuntimeError):
    """`fit`, `evaluate` or `predict` came before `compile`."""


class NonFiniteError(LampasError, ArithmeticError):
    """The loss became nan or infinite."""


class TooLargeError(LampasError, MemoryError):
    """What cannot be made smaller does not fit into memory."""


class ArtifactError(LampasError, ValueError):
    """A saved file is damaged, foreign, or does not fit the model."""


class DownloadError(LampasError, RuntimeError):
    """A data set cannot be brought from its public home."""


class MissingExtraError(LampasError, ImportError):
    """An optional library is not installed; the message holds the line that brings it."""


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> UnknownNameError:
    """The error for a string outside its table, with the nearest valid names first.

    >>> print(unknown_name("loss", "mes", ["mse", "mae", "bce"]))
    unknown loss 'mes': did you mean 'mse' or 'mae'? Valid: bce, mae, mse
    """
    names = sorted(valid)
    hint = did_you_mean(name, names)
    said = f": {hint} " if hint else ". "
    return UnknownNameError(f"unknown {kind} {name!r}{said}Valid: {', '.join(names)}")


def did_you_mean(name: str, valid: Iterable[str], alike: float = 0.5) -> str:
    """A question for the `near` ones of `valid`; "" where there are none.

    >>> did_you_mean("survived", ["Age", "Survived"])
    "did you mean 'Survived'?"
    """
    found = near(name, valid, alike)
    return f"did you mean {' or '.join(map(repr, found))}?" if found else ""


def near(name: str, valid: Iterable[str], alike: float = 0.5) -> list[str]:
    """The one or two of `valid` that look most like `name`, from `alike` on (0 to 1, the share of
    letters in common). Capitals do not count, and who differs in them alone is alone meant.

    >>> near("age", ["wage", "sage", "Age"]), near("ag", ["wage", "Age"]), near("x", ["y"])
    (['Age'], ['Age', 'wage'], [])
    """
    small = {one: one.lower() for one in valid}
    same = [one for one, letters in small.items() if letters == name.lower()]
    if same:
        return same
    different = list(dict.fromkeys(small.values()))
    found = difflib.get_close_matches(name.lower(), different, n=2, cutoff=alike)
    return [one for letters in found for one in small if small[one] == letters]
