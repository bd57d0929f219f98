"""Every error that Lampas raises on purpose: one line that says what, where, and the fix.

LampasError
├── InputError          (ValueError)       what was passed cannot be used
│   ├── DataError                          the data: lengths, gaps, columns, batches
│   ├── ShapeError                         two shapes that do not fit
│   ├── DtypeError      (TypeError)        a dtype that the loss or the net cannot take
│   └── UnknownNameError                   a string outside its table
├── NotCompiledError    (RuntimeError)     fit, evaluate or predict came before compile
├── NonFiniteError      (ArithmeticError)  the loss became nan or infinite
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
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}: {hint}Valid: {', '.join(names)}")
