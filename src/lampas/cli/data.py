"""Data read for a command, whose errors speak the shell's language."""

import re
import shlex
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lampas.cli.usage import UsageError
from lampas.errors import DataError, InputError

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
    "name the column that tells several series apart": "add --series COLUMN",
    "known= was passed": "--known was given",
    "pass frequency= ('D', 'MS', 'h' …)": "correct the stamps",
}
"""What is said otherwise than by an option and its value."""
_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How files are read, as typed. `image`, `text`: a table's column of images' paths, of texts;
    None for what the training had."""

    delimiter: str | None
    encoding: str
    image: str | None
    text: str | None


def read(path: str, delimiter: str | None, encoding: str) -> "pd.DataFrame":
    """The table at `path`; errors as `lampas.tables.read.read_table`, naming the options."""
    from lampas.tables.read import read_table

    if delimiter is not None:
        delimiter = delimiter.replace("\\t", "\t")
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise UsageError(
                f"--delimiter {delimiter!r}: one character is needed, as --delimiter ';'"
            )
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
    fitted: "Fitted", paths: Sequence[str], how: FileOptions
) -> "pd.DataFrame | str | Path | list[str] | list[Path]":
    """What `fitted` can evaluate or predict of the files at `paths`.

    It is told which column of a table to read, as its methods are in Python.
    """
    for noun, named in (("image", how.image), ("text", how.text)):
        if named is not None and fitted.noun != noun:
            raise UsageError(f"--{noun} is for a run of {noun}s, and this is none: leave it out")
    if fitted.noun == "text":
        of_texts = cast("TextModel", fitted)
        column = how.text or of_texts.reading.text
        of_texts.reading = replace(of_texts.reading, encoding=how.encoding, text=column)
        return read_texts(paths, how.delimiter, how.encoding)
    if fitted.noun == "image":
        fitted.settings |= {} if how.image is None else {"image_column": how.image}
        return paths[0] if len(paths) == 1 else list(paths)
    if len(paths) > 1:
        raise UsageError(f"{paths[1]}: one table is read at a time")
    return read(paths[0], how.delimiter, how.encoding)


def shell_words(line: str) -> str:
    """An error's line with the options of the shell in the place of Python's arguments.

    >>> shell_words("it may be 'cp1252': pass encoding='cp1252'")
    "it may be 'cp1252': add --encoding cp1252"
    >>> shell_words("fill it, or pass gaps='carry' to carry the last value forward")
    'fill it, or add --gaps carry to carry the last value forward'
    """

    def option(found: re.Match[str]) -> str:
        name, example = _SHELL[found[1]]
        return f"add {name} {shlex.quote(found[2]) if found[2] else example}"

    def kind(found: re.Match[str]) -> str:
        return f"add --kind {shlex.quote(f'{found[1][1:-1]}={found[2]}')}"

    for python, shell in _PHRASES.items():
        line = line.replace(python, shell)
    return _PYTHON.sub(option, _PYTHON_KIND.sub(kind, line))


@contextmanager
def shell_spoken(file: str | None = None) -> Generator[None]:
    """Errors of what is passed within the block name options, and not Python's arguments.

    file: the one file that errors about data are of; they begin with it.
    """
    try:
        yield
    except UsageError:
        raise
    except DataError as error:
        line = shell_words(str(error))
        raise DataError(line if file is None or file in line else f"{file}: {line}") from error
    except InputError as error:
        raise InputError(shell_words(str(error))) from error
