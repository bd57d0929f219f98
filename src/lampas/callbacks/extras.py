"""Libraries of other people that a callback works with: imported when it is used."""

import importlib
from typing import Any

from lampas.errors import MissingExtraError


def required(library: str, owner: str) -> Any:
    """The module `library`, for the callback named `owner`.

    Raises `MissingExtraError`, with the line that brings it, where it is not installed. That it
    is there but lacks something is an error of its own, which goes on as it is.

    >>> required("json", "MLflow").dumps(1)
    '1'
    >>> required("no_such", "MLflow")
    Traceback (most recent call last):
    ...
    lampas.errors.MissingExtraError: MLflow needs no_such: pip install 'lampas[no_such]'
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise MissingExtraError(
            f"{owner} needs {library}: pip install 'lampas[{library}]'"
        ) from error
