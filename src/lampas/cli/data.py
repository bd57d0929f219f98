"""Data read for a command, whose errors speak the shell's language."""

import re
import shlex
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lampas.cli.usage import UsageError
from lampas.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from lampas.fitted import Fitted
    from lampas.text.text_model import TextModel

_PYTHON = re.compile(r"pass (encoding|delimiter|text|targets)=(?:'([^']*)')?")
_PYTHON_KIND = re.compile(r"pass kinds=\{('[^']*'|\"[^\"]*\"): '([a-z]+)'\}")
_SHELL = {
    "encoding": ("--encoding", "NAME"),
    "delimiter": ("--delimiter", "CHARACTER"),
    "text": ("--text", "COLUMN"),
    "targets": ("--target", "COLUMN"),
}
_PHRASES = {
    "pass kinds={...}": "add --kind COLUMN=KIND",
    "pass image_column=, one of": "add --image, one of",
    "name the target column, or several:": "add --target, perhaps several:",
    "pass gaps='carry'": "add --gaps carry",
    "pass known=, a table": "add --known FILE, a table",
    "pass frequency= ('D', 'MS', 'h' …)": "correct the stamps",
}
"""What is said otherwise than by an option and its value."""
_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq")
_OF_TABLES = ("row", "window")
"""What a sample of those runs is called whose data are always one table."""


def read(path: str, delimiter: str | None, encoding: str) -> "pd.DataFrame":
    """The table at `path`; errors as `lampas.tables.read.read_table`, naming the options."""
    from lampas.tables.read import read_table

    if delimiter is not None:
        delimiter = delimiter.replace("\\t", "\t")
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise UsageError(f"--delimiter {delimiter!r}: one letter is needed, as --delimiter ';'")
    with shell_spoken():
        return read_table(path, delimiter=delimiter, encoding=encoding)


def read_texts(
    paths: Sequence[str], delimiter: str | None, encoding: str
) -> "pd.DataFrame | Path | list[Path]":
    """The frame of a table's file, which has a delimiter; of anything else the paths."""
    if len(paths) > 1:
        return [Path(path) for path in paths]
    is_table = paths[0].lower().removesuffix(".gz").endswith(_TABLES)
    return read(paths[0], delimiter, encoding) if is_table else Path(paths[0])


def for_run(
    fitted: "Fitted", paths: Sequence[str], delimiter: str | None, encoding: str
) -> "pd.DataFrame | str | Path | list[str] | list[Path]":
    """What `fitted` can evaluate or predict of the files at `paths`."""
    if fitted.noun == "text":
        of_texts = cast("TextModel", fitted)
        of_texts.reading = replace(of_texts.reading, encoding=encoding)
        return read_texts(paths, delimiter, encoding)
    if fitted.noun not in _OF_TABLES:
        return paths[0] if len(paths) == 1 else list(paths)
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: one table is read at a time")
    return read(paths[0], delimiter, encoding)


def shell_words(line: str) -> str:
    """An error's line with the options of the shell in the place of Python's arguments.

    >>> shell_words("it may be 'cp1252': pass encoding='cp1252'")
    "it may be 'cp1252': add --encoding cp1252"
    >>> shell_words("fill it, or pass gaps='carry' to carry the last value forward")
    'fill it, or add --gaps carry to carry the last value forward'
    """

    def option(found: re.Match[str]) -> str:
        name, example = _SHELL[found[1]]
        return f"add {name} {found[2] or example}"

    def kind(found: re.Match[str]) -> str:
        return f"add --kind {shlex.quote(f'{found[1][1:-1]}={found[2]}')}"

    for python, shell in _PHRASES.items():
        line = line.replace(python, shell)
    return _PYTHON.sub(option, _PYTHON_KIND.sub(kind, line))


@contextmanager
def shell_spoken() -> Generator[None]:
    """Errors about data within the block name options, and not Python's arguments."""
    try:
        yield
    except DataError as error:
        raise DataError(shell_words(str(error))) from error
