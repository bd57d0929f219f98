"""Texts with what is known of them, out of files, folders, frames, lists or token ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lampas.errors import DataError
from lampas.tables.one_hot import one_hot_remark
from lampas.tables.read import read_table
from lampas.text import files, values
from lampas.text.columns import text_column, there
from lampas.text.files import LABEL, TEXT
from lampas.text.ids import TokenIds

TextsLike = Any
"""A path, paths, {class: path}, a frame or columns, texts, ids, or (texts or ids, labels)."""

_TABLES = (".csv", ".tsv", ".tab", ".parquet", ".pq")
_JSON = (".jsonl", ".ndjson")
_TRAINING = ("train", "training")
_VALIDATION = ("valid", "val", "validation", "dev")


@dataclass(frozen=True, slots=True)
class Corpus:
    """N texts. texts: strings, or their token ids. frame: N rows, the columns beside the texts;
    its index says which text it is. column: the name of the texts' column, None where there was
    no table. one_a_file: each text was a file of its own. notes: what people should know.
    """

    texts: list[str] | TokenIds
    frame: pd.DataFrame
    column: str | None = None
    one_a_file: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def blank(self) -> np.ndarray:
        """Which texts (N,) have nothing in them."""
        if isinstance(self.texts, TokenIds):
            return (self.texts.lengths == 0).numpy()
        return np.array([not text or text.isspace() for text in self.texts], bool)

    def select(self, rows: np.ndarray) -> "Corpus":
        """The texts at these positions (M,)."""
        if isinstance(self.texts, TokenIds):
            texts = self.texts.select(torch.from_numpy(rows))
        else:
            texts = [self.texts[row] for row in rows]
        return replace(self, texts=texts, frame=self.frame.iloc[rows])


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read. text: the column, None to find it. targets: columns that are none.
    one_a_file: whether a lone .txt file is one text, and not a text a line."""

    text: str | None = None
    targets: tuple[str, ...] = ()
    encoding: str = "utf-8"
    one_a_file: bool = False


def labelled(source: TextsLike, reading: Reading) -> Corpus:
    """The texts of `source` with their targets, for training and evaluating.

    source: a table's file (.csv, .tsv, .parquet, .jsonl), DataFrame or dict of columns; a folder
    with a folder a class of .txt files, or with a .txt file a class, one text a line; a list of
    such files, or {class: path}; (texts, labels), or (ids, labels).
    """
    if isinstance(source, Corpus):
        return source
    if isinstance(source, tuple) and len(source) == 2 and not values.are_paths(source):
        texts, labels = source
        return _with_labels(unlabelled(texts, reading), labels, reading.targets)
    if isinstance(source, Mapping) and values.are_paths(list(source.values())):
        return _of_class_files({str(k): Path(v) for k, v in source.items()}, reading)
    if isinstance(source, Sequence) and not isinstance(source, str) and values.are_paths(source):
        return _of_paths([Path(one) for one in source], reading)
    if isinstance(source, str | Path):
        return _of_path(Path(source), reading)
    if isinstance(source, pd.DataFrame | Mapping):
        return _with_targets(read_table(source), reading)
    raise DataError(
        f"the texts are a {type(source).__name__}, without targets: pass a path, a table, or "
        "(texts, labels)"
    )


def unlabelled(source: TextsLike, reading: Reading) -> Corpus:
    """The texts of `source`, for predicting: what `labelled` takes, or texts or ids alone.

    A string is a path, and strings in a list are texts; a .txt file has one text a line, blank
    lines too.
    """
    if isinstance(source, Corpus):
        return source
    if isinstance(source, str | Path):
        return _to_predict(Path(source), reading)
    if isinstance(source, Mapping) and values.are_paths(list(source.values())):
        return labelled(source, reading)
    if isinstance(source, pd.DataFrame | Mapping):
        return _of_frame(read_table(source), reading)
    if isinstance(source, pd.Series):
        values.refuse_numbers(list(source))
        return Corpus(values.strings(source), pd.DataFrame(index=source.index))
    if isinstance(source, torch.Tensor | np.ndarray) and source.ndim == 2:
        return _of_ids(TokenIds.of_matrix(values.integers(source)))
    if isinstance(source, Sequence | np.ndarray) and len(source):
        return _of_list(list(source), reading)
    raise DataError(f"the texts are a {type(source).__name__}: pass a path, a table or a list")


def split_folders(source: TextsLike) -> tuple[Path, Path | None] | None:
    """The folders of the training and validation texts, where `source` is a folder that has a
    train/ in it; the second is None without a valid/."""
    if not isinstance(source, str | Path) or not Path(source).is_dir():
        return None
    there = {folder.name.lower(): folder for folder in files.folders_in(Path(source))}
    train = next((there[name] for name in _TRAINING if name in there), None)
    if train is None:
        return None
    return train, next((there[name] for name in _VALIDATION if name in there), None)


def _of_path(path: Path, reading: Reading) -> Corpus:
    if path.is_dir():
        return _of_folder(path, reading)
    if _suffix(path) in (*_JSON, *_TABLES):
        return _with_targets(_table(path, reading), reading)
    if not path.exists():
        raise DataError(f"{path}: no such file")
    raise DataError(
        f"{path}: one file of lines is one class alone; pass a file a class, or a table (.csv, "
        ".tsv, .parquet, .jsonl)"
    )


def _exists(path: Path) -> bool:
    """Of a text that was taken for a path, and is too long for one, too."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _of_paths(paths: Sequence[Path], reading: Reading) -> Corpus:
    missing = next((path for path in paths if not _exists(path)), None)
    if missing is not None:
        raise DataError(
            f"{str(missing)[:200]}: no such file; texts come with labels: (texts, labels)"
        )
    return _of_class_files(files.named_by_file(paths), reading)


def _of_folder(root: Path, reading: Reading) -> Corpus:
    if files.folders_in(root):
        found = files.class_folders(root, reading.encoding)
        return replace(_of_frame(found, _plain(reading)), column=None, one_a_file=True)
    found = [path for path in sorted(root.iterdir()) if path.is_file() and path.name[0] != "."]
    if not found:
        raise DataError(f"{root}: an empty folder; a folder a class, or a file a class, is needed")
    return _of_class_files(files.named_by_file(found), reading)


def _of_class_files(paths: Mapping[str, Path], reading: Reading) -> Corpus:
    frame, blank = files.class_files(paths, reading.encoding)
    what = "1 blank line was" if blank == 1 else f"{blank:,} blank lines were"
    notes = (f"{what} left out",) if blank else ()
    return replace(_of_frame(frame, _plain(reading)), column=None, notes=notes)


def _plain(reading: Reading) -> Reading:
    """Files that are no tables have the columns text and label, whatever was asked for."""
    return replace(reading, text=TEXT, targets=(LABEL,))


def _table(path: Path, reading: Reading) -> pd.DataFrame:
    if _suffix(path) in _JSON:
        return read_table(files.json_lines(path, reading.encoding))
    return read_table(path, encoding=reading.encoding)


def _with_targets(frame: pd.DataFrame, reading: Reading) -> Corpus:
    for name in reading.targets:
        there(frame, name)
    return _of_frame(frame, reading)


def _to_predict(path: Path, reading: Reading) -> Corpus:
    if path.is_dir():
        return (
            _of_files(_all_texts(path), path, reading)
            if reading.one_a_file
            else _of_path(path, reading)
        )
    if _suffix(path) in (*_JSON, *_TABLES):
        return _of_frame(_table(path, reading), reading)
    if not path.exists():
        raise DataError(f"{path}: no such file; texts themselves are passed in a list: [text]")
    if reading.one_a_file:
        return _of_files([path], path.parent, reading)
    found = [line.strip() for line in files.lines(path, reading.encoding)]
    return Corpus(found, pd.DataFrame(index=range(len(found))))


def _all_texts(root: Path) -> list[Path]:
    inside = [path for folder in files.folders_in(root) for path in files.text_files(folder)]
    found = files.text_files(root) + inside
    if not found:
        raise DataError(f"{root}: no .txt file in it")
    return found


def _of_files(paths: Sequence[Path], root: Path, reading: Reading) -> Corpus:
    texts = [files.content(path, reading.encoding, empty=True) for path in paths]
    names = [path.relative_to(root).as_posix() for path in paths]
    return Corpus(texts, pd.DataFrame(index=names), one_a_file=True)


def _of_frame(frame: pd.DataFrame, reading: Reading) -> Corpus:
    name = text_column(frame, reading.text, reading.targets)
    return Corpus(values.strings(frame[name]), frame.drop(columns=name), name)


def _of_list(source: list[Any], reading: Reading) -> Corpus:
    if all(isinstance(one, Path) for one in source):
        return _joined([_to_predict(path, reading) for path in source])
    values.refuse_numbers(source)
    if all(one is None or isinstance(one, str | float) for one in source):
        return Corpus(
            values.strings(pd.Series(source, dtype=object)), pd.DataFrame(index=range(len(source)))
        )
    try:
        rows = [np.asarray(one) for one in source]
        return _of_ids(TokenIds.of([values.trimmed(values.integers(row)) for row in rows]))
    except (TypeError, ValueError):
        kinds = ", ".join(sorted({type(one).__name__ for one in source}))
        raise DataError(f"a list of {kinds}: pass strings, or a list of token ids each") from None


def _joined(parts: Sequence[Corpus]) -> Corpus:
    texts = [text for part in parts if isinstance(part.texts, list) for text in part.texts]
    return Corpus(texts, pd.DataFrame(index=range(len(texts))))


def _of_ids(ids: TokenIds) -> Corpus:
    return Corpus(ids, pd.DataFrame(index=range(len(ids))))


def _with_labels(corpus: Corpus, labels: Any, targets: Sequence[str]) -> Corpus:
    frame = values.label_frame(labels, targets)
    if len(frame) != len(corpus):
        raise DataError(f"there are {len(corpus)} texts but {len(frame)} labels")
    one_hot = one_hot_remark(labels, "labels")
    notes = (*corpus.notes, one_hot) if one_hot else corpus.notes
    return replace(corpus, frame=frame.set_axis(corpus.frame.index), notes=notes)


def _suffix(path: Path) -> str:
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return plain.suffix.lower()
