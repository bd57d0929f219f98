"""Read a table from a file, a frame or arrays; whatever is wrong with it is one line."""

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from lampas.errors import DataError
from lampas.tables import cells
from lampas.tables.rows import Quoting, check_rows
from lampas.tables.sniff import find_delimiter

_TEXT = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": ","}  # suffix: the delimiter on a tie
_PARQUET = (".parquet", ".pq")
_ANYWAY = 16 << 20  # bytes that any file may unpack to
_MOST_TIMES = 200  # beyond these, as many bytes as the packed file has itself
_COMMA_NUMBER = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?")

TableLike = str | Path | pd.DataFrame | Mapping[str, Any]


def read_table(
    source: TableLike, *, delimiter: str | None = None, encoding: str = "utf-8"
) -> pd.DataFrame:
    """The table in `source`, with column names as text.

    source: the path of a .csv, .tsv, .tab or .txt file (also with .gz), of a .parquet or .pq
        file; a DataFrame, whose index is kept; or a dict of columns (N,) of any array kind.
    delimiter: what separates fields; None finds it from the header and the first rows (comma,
        tab, semicolon or bar). encoding: of a text file; a byte-order mark is accepted.

    A field in quotes may hold delimiters and line breaks. Where quotes would swallow lines that
    are whole rows without them, they are read as letters, and told (`lampas.tables.rows`).

    Where a semicolon separates the fields, a column whose cells are all numbers with a decimal
    comma (at least one with a comma, dots between thousands: 764,25 or 1.234,56 or 12) becomes
    float64, 1.234,56 being 1234.56. In files with another delimiter such a column stays text.

    Raises `DataError`, one line with what, where and the fix: no such file, unknown suffix,
    empty, only a header, not in this encoding, no clear delimiter, ragged rows, a quote left
    open, a damaged file, a column name twice, columns of several lengths. The fields of every
    line are counted before the parser sees them, some 0.3 s for 100 000 rows of 16 columns;
    pandas alone fills short rows up in silence. A text file is held in memory twice while it is
    read.

    >>> read_table({"a": [1, 2], "b": ["x", "y"]}).shape
    (2, 2)
    """
    if isinstance(source, pd.DataFrame):
        return _named(source, "the table")
    if isinstance(source, Mapping):
        return _from_columns(source)
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii()):
        raise DataError(f"delimiter is {delimiter!r:.40}: one character of ASCII is needed, as ';'")
    path = Path(source)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if zipped else suffixes)[-1:] or [""]
    if path.is_dir():
        raise DataError(_is_folder(path))
    if suffix[0] not in _TEXT and (zipped or suffix[0] not in _PARQUET):
        raise DataError(
            f"{path}: a table is a .csv, .tsv or .txt file (also .gz) or a .parquet file, "
            f"not {repr(suffix[0]) if suffix[0] else 'one without a suffix'}; "
            "a table of texts may be .jsonl too"
        )
    data = whole_bytes(path, zipped)
    if suffix[0] in _PARQUET:
        return _named(_from_parquet(path, data), str(path))
    return _from_text(path, decoded(path, data, encoding), delimiter, _TEXT[suffix[0]])


def _is_folder(path: Path) -> str:
    """What to say where a folder stands in the place of a file: the tables in it, at most six."""
    try:
        names = sorted(one.name for one in path.iterdir())
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror or error})"
    suffixes = (*_TEXT, *_PARQUET)
    there = [name for name in names if name.lower().removesuffix(".gz").endswith(suffixes)]
    more = ", …" if len(there) > 6 else ""
    held = f"it holds {', '.join(there[:6])}{more}: name one" if there else "it holds no table"
    return f"{path}: it is a folder, and a table is one file; {held}"


def whole_bytes(path: Path, zipped: bool) -> bytes:
    """What is in the file, unpacked if it is `zipped`. Raises `DataError`: absent, empty."""
    try:
        data = path.read_bytes()
        data = _unzipped(path, data) if zipped and data else data
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not data.strip():
        raise DataError(f"{path}: the file is empty")
    return data


def _unzipped(path: Path, data: bytes) -> bytes:
    """What the gzip file's `data` unpack to, where that is no bomb."""
    most = max(_ANYWAY, _MOST_TIMES * len(data))
    size = 0  # counted first, which keeps nothing, and takes little beside the parser
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
            if size > most:
                raise DataError(
                    f"{path}: it unpacks to over {most:,} bytes from {len(data):,}: a "
                    "decompression bomb; unpack it yourself if you trust it"
                )
    return gzip.decompress(data)


def decoded(path: Path, data: bytes, encoding: str) -> str:
    """The text that `data` are in `encoding`. Raises `DataError` with the encoding it may be."""
    try:
        return data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise DataError(
            f"{path}: unknown encoding {encoding!r}; common ones are 'utf-8', 'utf-16', 'cp1252' "
            "and 'gb18030'"
        ) from None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        raise DataError(
            f"{path}: not {encoding}: byte 0x{data[start]:02x} at offset {start}, line {line}; "
            f"it may be {_likely(data)!r}: pass encoding={_likely(data)!r}"
        ) from None


def _likely(data: bytes) -> str:
    """A guess for the message, from marks and from which letters come out."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:200].count(0) > 20:
        return "utf-16"
    try:
        wide = [letter for letter in data.decode("gb18030") if letter > "\x7f"]
    except UnicodeDecodeError:
        wide = []
    # Western text read as GB 18030 gives a character for each stray byte and its neighbour.
    common = sum("\u4e00" <= letter <= "\u9fff" for letter in wide)
    pairs = sum(a > 127 and b > 127 for a, b in pairwise(data))
    return "gb18030" if wide and common > 0.7 * len(wide) and pairs >= len(wide) else "cp1252"


def _from_text(path: Path, text: str, delimiter: str | None, usual: str) -> pd.DataFrame:
    if not text.strip():  # a byte-order mark alone
        raise DataError(f"{path}: the file is empty")
    if delimiter is None:
        delimiter = find_delimiter(str(path), text, usual)
    header, quoting = check_rows(path, text, delimiter)
    _check_names([name for name in header if name], str(path))
    frame = _parsed(path, text, delimiter, quoting).rename(columns=lambda name: str(name).strip())
    return _with_decimal_commas(frame) if delimiter == ";" else frame


def _parsed(path: Path, text: str, delimiter: str, quoting: Quoting) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            quoting=quoting,
            low_memory=False,
            index_col=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).rpartition("C error: ")[2].split())
        raise DataError(
            f"{path}: cannot be read as a table ({reason}); check its quotes, or pass delimiter="
        ) from None


def _with_decimal_commas(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with each column of text that is all decimal commas as float64."""
    for name in frame.columns:
        found = _comma_numbers(frame[name])
        if found is not None:
            frame[name] = found
    return frame


def _comma_numbers(column: pd.Series) -> pd.Series | None:
    """The column as float64, blank cells as nan; None unless decimal commas fill it."""
    if is_numeric_dtype(column.dtype):
        return None
    words = cells.labels(column)
    there = [word for word in words if word is not None]
    if not all(_COMMA_NUMBER.fullmatch(word) for word in there):
        return None
    if not any("," in word for word in there):
        return None
    plain = [
        np.nan if word is None else float(word.replace(".", "").replace(",", ".")) for word in words
    ]
    return pd.Series(plain, index=column.index, dtype=np.float64)


def _from_parquet(path: Path, data: bytes) -> pd.DataFrame:
    try:
        _refuse_bomb(path, data)
        frame = pd.read_parquet(io.BytesIO(data))
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError):
        # pyarrow's own errors are kinds of these; damage may show as late as in pandas' notes.
        raise DataError(f"{path}: not a Parquet file, or a damaged one") from None
    if not len(frame):
        raise DataError(f"{path}: no rows")
    return frame


def _refuse_bomb(path: Path, data: bytes) -> None:
    """A column of one value takes some bytes, whatever number of rows it claims."""
    import pyarrow.parquet as pq

    about = pq.ParquetFile(io.BytesIO(data)).metadata
    size = 8 * about.num_rows * about.num_columns
    unpacked = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
    if max(size, unpacked) > max(_ANYWAY, _MOST_TIMES * len(data)):
        raise DataError(
            f"{path}: it claims {about.num_rows:,} rows of {about.num_columns:,} columns in "
            f"{len(data):,} bytes: a decompression bomb; rewrite it if you trust it"
        )


def _from_columns(columns: Mapping[str, Any]) -> pd.DataFrame:
    arrays = {str(name): _column(str(name), values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise DataError(f"the columns have several lengths: {shown}")
    return _named(pd.DataFrame(arrays), "the table")


def _column(name: str, values: Any) -> Any:
    found = values if isinstance(values, pd.Series) else np.asarray(values)
    if found.ndim != 1:
        raise DataError(f"column {name!r} has shape {found.shape}: a column has one dimension")
    # pandas would align several Series by index; rows here go by position.
    return cast(Any, found).array if isinstance(found, pd.Series) else found


def _named(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """`frame` with its column names as text, each there once."""
    if not frame.shape[1]:
        raise DataError(f"{where}: no columns")
    names = [str(name) for name in frame.columns]
    _check_names(names, where)
    if not len(frame):
        raise DataError(f"{where}: no rows")
    for place, name in enumerate(names):
        _refuse_containers(frame.iloc[:, place], name, where)
    if names == list(frame.columns):
        return frame
    return frame.set_axis(names, axis=1)


def _refuse_containers(column: pd.Series, name: str, where: str) -> None:
    """Refuse lists, dicts and arrays for cells; columns of one kind are told without a look."""
    if column.dtype != object or pd.api.types.infer_dtype(column, skipna=True) != "mixed":
        return
    for row, cell in zip(column.index, column, strict=True):
        if not pd.api.types.is_hashable(cell):
            raise DataError(
                f"{where}: column {name!r}, row {row} holds a {type(cell).__name__}: a cell is a "
                "number, a date or a text; make columns of its parts, or leave it out"
            )


def _check_names(names: list[str], where: str) -> None:
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f"{where}: column {twice!r} is there twice; rename or drop one of them")
