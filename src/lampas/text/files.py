"""Files of texts: one text a line, one text a file, one object of JSON a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lampas.errors import DataError
from lampas.formats import HEAD, format_of
from lampas.tables.read import decoded, whole_bytes

LABEL = "label"
TEXT = "text"


def lines(path: Path, encoding: str) -> list[str]:
    """The lines of a text file (also .gz), as they are but for the line's end.

    Raises `DataError`: no such file, empty, not in this encoding, a null byte, an image or such.
    """
    text = content(path, encoding).replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def content(path: Path, encoding: str, empty: bool = False) -> str:
    """A text file as one text. empty: whether nothing may be in it."""
    if empty and path.is_file() and not path.stat().st_size:
        return ""
    data = whole_bytes(path, path.suffix.lower() == ".gz")
    if (known := format_of(data[:HEAD])) is not None:
        raise DataError(f"{path} is {known}, not text")
    text = decoded(path, data, encoding)
    null = text.find("\0")
    if null >= 0:
        line = text.count("\n", 0, null) + 1
        other = ", or its encoding is another: pass encoding='utf-16'"
        hint = "" if encoding.lower().startswith("utf-16") else other
        raise DataError(f"{path}: line {line} holds a null byte: this is no text file{hint}")
    return text


def class_files(files: Mapping[str, Path], encoding: str) -> tuple[pd.DataFrame, int]:
    """Columns text and label from a file a class, one text a line; and how many lines were blank.

    files: {class: path}. Blank lines are left out. Raises `DataError` for one class alone.
    """
    if len(files) < 2:
        only = next(iter(files.values()), Path())
        raise DataError(f"{only}: one class alone, {next(iter(files), '')!r}: nothing to learn")
    parts, blank = [], 0
    for name, path in files.items():
        found = lines(path, encoding)
        kept = [line.strip() for line in found if line.strip()]
        blank += len(found) - len(kept)
        parts.append(pd.DataFrame({TEXT: kept, LABEL: name}))
    return pd.concat(parts, ignore_index=True), blank


def named_by_file(paths: Sequence[Path]) -> dict[str, Path]:
    """{class: path}: classes have the names of their files, without what all names share.

    `neg.txt` and `pos.txt` are neg and pos, and so are `rt-polarity.neg` and `rt-polarity.pos`.

    >>> sorted(named_by_file([Path("rt-polarity.neg"), Path("rt-polarity.pos")]))
    ['neg', 'pos']
    """
    stems = [path.name.split(".")[0] if path.suffix == ".gz" else path.stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [path.suffix[1:] for path in paths]
    if len(set(names)) < len(names):
        shown = ", ".join(map(str, paths))
        raise DataError(f"{shown}: two files would be one class: rename one of them")
    return dict(zip(names, paths, strict=True))


def class_folders(root: Path, encoding: str) -> pd.DataFrame:
    """Columns text and label from root/CLASS/*.txt; the index is the path below `root`.

    Hidden folders are passed over. Raises `DataError` for a folder without such files, and for
    one class alone.
    """
    folders = folders_in(root)
    if not any(map(text_files, folders)):
        shown = ", ".join(folder.name for folder in folders[:6])
        raise DataError(f"{root}: no .txt file in its folders ({shown})")
    if len(folders) < 2:
        raise DataError(f"{root}: one class alone, {folders[0].name!r}: nothing to learn")
    texts: dict[str, str] = {}
    labels: list[str] = []
    for folder in folders:
        found = text_files(folder)
        if not found:
            raise DataError(f"{folder}: a class without a .txt file; fill it, or remove the folder")
        texts |= {
            f"{folder.name}/{path.name}": content(path, encoding, empty=True) for path in found
        }
        labels += [folder.name] * len(found)
    return pd.DataFrame({TEXT: list(texts.values()), LABEL: labels}, index=list(texts))


def text_files(folder: Path) -> list[Path]:
    """The files *.txt and *.txt.gz in `folder`, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith((".txt", ".txt.gz")) and path.is_file()
    )


def folders_in(root: Path) -> list[Path]:
    """The folders in `root` that are not hidden, by name."""
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] not in "._")


def json_lines(path: Path, encoding: str) -> pd.DataFrame:
    """A table from one object of JSON a line.

    Raises `DataError` with the line that is none, or that holds half a surrogate pair; and where
    no object has a field.
    """
    rows = [
        _json_object(path, number, line)
        for number, line in enumerate(lines(path, encoding), start=1)
        if line.strip()
    ]
    if not any(rows):
        raise DataError(f'{path}: its objects have no fields; give them some, as {{"text": …}}')
    return pd.DataFrame(rows)


def _json_object(path: Path, number: int, line: str) -> dict[str, Any]:
    where = f"{path}: line {number}"
    try:
        row = json.loads(line)
        if "\\ud" in line.lower():  # half a surrogate pair is JSON, and no text
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise DataError(f"{where} holds {half!r}, half a letter: leave it out") from None
    except RecursionError:
        raise DataError(f"{where} is no JSON: its brackets are nested too deeply") from None
    except ValueError as error:
        raise DataError(f"{where} is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise DataError(f'{where} is no JSON object, as {{"text": …}}')
    return row
