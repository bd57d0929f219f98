"""Tables and texts that burst or lie: CSV, gzip, Parquet, JSON lines, predictions with a saved run."""

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from trial import command

from hostile_cases.artifacts import no_signs
from hostile_cases.case import Case
from lampas.tables.read import read_table
from lampas.text.files import json_lines

_HEAD = b"x,y\n"
_TEXT = 96 << 20  # a table of 5 MB takes as much, whoever wrote it


def cases(bases: dict[str, Path]) -> Iterator[Case]:
    """All cases of this kind."""
    for name, (suffix, data, must) in _files().items():
        room = _TEXT if name == "a cell of 5 MB" else 0
        yield Case("table", name, _file(f"a{suffix}", data), _read, must=must, room=room)
    for name, line in _LINES.items():
        yield Case("table", f"JSON lines: {name}", _file("a.jsonl", line), _json, must="")
    for name, data in _columns().items():
        predict = lambda place: command(["predict", str(bases["tabular"]), str(place)])  # noqa: E731
        yield Case("terminal", f"predict: {name}", _file("a.csv", data), predict, like="tabular",
                   shell=True, must="", check=no_signs)  # fmt: skip


def _read(place: Path) -> Callable[[], Any]:
    return lambda: str(read_table(place).shape)


def _json(place: Path) -> Callable[[], Any]:
    return lambda: str(json_lines(place, "utf-8").shape)


def _file(name: str, data: bytes | Callable[[], bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data if isinstance(data, bytes) else data())
        return folder / name

    return write


def _parquet(rows: int, columns: int) -> bytes:
    file = io.BytesIO()
    one = pa.array([1.5] * 1000).dictionary_encode()
    table = pa.table({f"c{n}": one for n in range(columns)})
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for _ in range(rows // 1000):
            writer.write_table(table, row_group_size=1_000_000)
    return file.getvalue()


def _run_length(rows: int) -> bytes:
    file = io.BytesIO()
    ones = pa.table({"a": pa.array(bytes(8 * rows)).buffers() and pa.nulls(rows, pa.float64())})
    pq.write_table(ones, file, compression="zstd")
    return file.getvalue()


def _files() -> dict[str, tuple[str, bytes | Callable[[], bytes], str]]:
    def zipped(data: bytes) -> Callable[[], bytes]:
        return lambda: gzip.compress(_HEAD + data, 6)

    parquet = _parquet(1000, 2)
    return {
        "gzip of 300 MB of one line": (".csv.gz", zipped(b"1" * (300 << 20)), "refused"),
        "gzip of 300 MB of rows": (".csv.gz", zipped(b"1,2\n" * (75 << 20)), "refused"),
        "gzip in gzip": (".csv.gz", lambda: gzip.compress(gzip.compress(_HEAD)), "refused"),
        "gzip cut short": (".csv.gz", gzip.compress(_HEAD * 999)[:-9], "refused"),
        "many gzip members": (".csv.gz", lambda: gzip.compress(_HEAD) * 2000, ""),
        "20 million nulls in Parquet": (".parquet", lambda: _run_length(20_000_000), "refused"),
        "Parquet cut short": (".parquet", parquet[:-20], "refused"),
        "Parquet whose footer claims 2 GB": (
            ".parquet", parquet[:-8] + b"\xff\xff\xff\x7fPAR1", "refused"),
        "Parquet of wrong bytes": (".parquet", b"PAR1" + b"\xff" * 999 + b"PAR1", "refused"),
        "a pickle called .parquet": (".parquet", b"cposix\nsystem\n(S'touch canary'\ntR.", "refused"),
        "a pickle called .csv": (".csv", b"cposix\nsystem\n(S'touch canary'\ntR.", ""),
        "NUL in every cell": (".csv", _HEAD + b"\0,\0\n" * 100, ""),
        "200 000 columns": (".csv", lambda: b",".join(b"c%d" % n for n in range(2000)) + b"\n1\n",
                            "refused"),
        "a column twice": (".csv", b"a,a\n1,2\n", "refused"),
        "a quote that never closes": (".csv", b'x,y\n"1,2\n' + b"3,4\n" * 10_000, "refused"),
        "a cell of 5 MB": (".csv", lambda: b"x,y\n1," + b"z" * 5_000_000 + b"\n", ""),
        "a number of 10^5 digits": (".csv", b"x,y\n1," + b"9" * 100_000 + b"\n", ""),
        "no UTF-8": (".csv", _HEAD + b"\xff\xfe,\x80\n", "refused"),
        "UTF-16": (".csv", "x,y\n1,2\n".encode("utf-16"), "refused"),
        "carriage returns alone": (".csv", b"x,y\r1,2\r", ""),
        "ragged rows": (".csv", _HEAD + b"1\n1,2,3\n", "refused"),
        "only delimiters": (".csv", b",,,\n,,,\n", ""),
        "an office document": (".csv", b"PK\x03\x04" + b"\0" * 60, "refused"),
        "nothing": (".csv", b"", "refused"),
    }  # fmt: skip


_LINES: dict[str, bytes] = {
    "lists 10^6 deep": b'{"text": ' + b"[" * 1_000_000 + b"\n",
    "an integer of 10^6 digits": b'{"text": ' + b"9" * 1_000_000 + b"}\n",
    "NaN": b'{"text": NaN}\n',
    "1e999": b'{"text": 1e999}\n',
    "a key twice": b'{"text": 1, "text": 2}\n',
    "half a surrogate pair": b'{"text": "\\ud800"}\n',
    "10^4 keys": b"{" + b",".join(b'"%d":0' % n for n in range(10_000)) + b"}\n",
    "a list": b"[1]\n",
    "no UTF-8": b'{"text": "\xff"}\n',
    "dicts in cells": b'{"text": {"a": 1}}\n',
}


def _columns() -> dict[str, bytes]:
    head, day = "x,colour,day\n", ",2024-01-01\n"
    return {
        "a missing column of signs": b"x,\x1b[2Jcolour,day\n1,red,2024-01-01\n",
        "a cell of signs in a number": (head + "\x1b]0;pwned\x07,red" + day).encode(),
        "a cell of signs in a date": (head + "1,red,\x1b[31m2024\n").encode(),
        "a cell that turns the text": (head + "1,\u202ered" + day).encode(),
        "a column twice, of signs": "\x9b31m,\x9b31m\n1,2\n".encode(),
    }
