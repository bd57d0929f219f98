"""A table read for a command, whose errors speak the shell's language."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lampas.cli.usage import UsageError
from lampas.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from lampas.fitted import Fitted

_PYTHON = re.compile(r"pass (encoding|delimiter)=(?:'([^']*)')?")


def read(path: str, delimiter: str | None, encoding: str) -> "pd.DataFrame":
    """The table at `path`; errors as `lampas.tables.read.read_table`, naming the options."""
    from lampas.tables.read import read_table

    if delimiter is not None:
        delimiter = delimiter.replace("\\t", "\t")
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise UsageError(f"--delimiter {delimiter!r}: one letter is needed, as --delimiter ';'")
    try:
        return read_table(path, delimiter=delimiter, encoding=encoding)
    except DataError as error:
        raise DataError(shell_words(str(error))) from error


def for_run(
    fitted: "Fitted", paths: Sequence[str], delimiter: str | None, encoding: str
) -> "pd.DataFrame | str | list[str]":
    """What `fitted` can evaluate or predict of the files at `paths`."""
    if fitted.noun != "row":
        return paths[0] if len(paths) == 1 else list(paths)
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: one table is read at a time")
    return read(paths[0], delimiter, encoding)


def shell_words(line: str) -> str:
    """An error's line with the options of the shell in the place of Python's arguments.

    >>> shell_words("it may be 'cp1252': pass encoding='cp1252'")
    "it may be 'cp1252': add --encoding cp1252"
    """
    return _PYTHON.sub(lambda found: f"add --{found[1]} {found[2] or 'CHARACTER'}", line)
