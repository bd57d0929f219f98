"""Whether the data that were named are texts: by what is there, without reading all of it."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_HEAD = 1 << 16  # bytes of a file that are looked at
_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".tsv", ".tab")
_PARQUET = (".parquet", ".pq")


def fits(data: Sequence[str], targets: Sequence[str], encoding: str = "utf-8") -> bool:
    """Whether these paths are texts rather than a table.

    Texts are: several files that are no tables, a file a class; a folder of text files, or of
    folders of .txt files; lines of JSON; and a table whose only column beside the targets holds
    texts. What cannot be read is no text: the reader of tables says what is wrong with it.
    """
    paths = [Path(one) for one in data]
    if len(paths) > 1:
        return not any(is_table(path) for path in paths) and all(map(is_text, paths))
    path = paths[0]
    if path.is_dir():
        return _holds_texts(path)
    if _suffix(path) in _LINES:
        return True
    return is_table(path) and path.suffix != ".gz" and _is_column_of_texts(path, targets, encoding)


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def is_table(path: Path) -> bool:
    """Whether the suffix of `path` is one of a table and of nothing else."""
    return _suffix(path) in (*_TABLES, *_PARQUET)


def is_text(path: Path) -> bool:
    """Whether the file's head is text: nothing else has no null bytes for so long."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return bool(head) and b"\0" not in head and not head.startswith((b"\x1f\x8b", b"\xff\xd8"))


def _holds_texts(root: Path) -> bool:
    there = [path for path in sorted(root.iterdir()) if path.name[0] not in "._"]
    folders = [path for path in there if path.is_dir()]
    if folders:
        # One level for classes, one more for train/ and test/ above them.
        return any(next(folder.glob(pattern), None) is not None
                   for folder in folders for pattern in ("*.txt", "*/*.txt"))  # fmt: skip
    return bool(there) and all(is_text(path) and not is_table(path) for path in there)


def _is_column_of_texts(path: Path, targets: Sequence[str], encoding: str) -> bool:
    from lampas.text.columns import looks_like_texts

    try:
        frame = _head(path, encoding)
    except Exception:
        return False
    # Counted, for a target may be misspelt: the reader of texts asks what was meant.
    if not targets or len(frame.columns) != 1 + len(set(targets)):
        return False
    rest = [name for name in frame.columns if str(name) not in targets]
    return sum(looks_like_texts(frame[name]) for name in rest) == 1


def _head(path: Path, encoding: str) -> "pd.DataFrame":
    """The first rows of a table's file."""
    import pandas as pd

    from lampas.tables.sniff import find_delimiter

    if path.suffix.lower() in _PARQUET:
        import pyarrow.parquet as parquet

        return next(parquet.ParquetFile(path).iter_batches(200)).to_pandas()
    with path.open("rb") as file:
        data = file.read(_HEAD)
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "ignore")
    whole = text if len(data) < _HEAD else text[: text.rfind("\n")]
    delimiter = find_delimiter(str(path), whole, "\t" if _suffix(path) != ".csv" else ",")
    return pd.read_csv(io.StringIO(whole), sep=delimiter, on_bad_lines="skip")
