"""Readers of bytes: honest files with bytes flipped, cut, doubled and moved, and bytes by chance."""

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

import lampas
from lampas import artifact
from lampas.growing_csv import GrowingCSV
from lampas.history import History
from lampas.record.files import read_about, read_evidence
from lampas.strict_json import strict_json
from lampas.tables.read import read_table
from lampas.tensorfile import read_header, read_tensors
from lampas.text.files import json_lines
from lampas.torchfile import is_torch_file, read_weights
from lampas.tree import unpack
from lampas.vision.archive import list_archive
from lampas.vision.decode import decode
from malformed_cases.trial import Verdict, tried

Reader = Callable[[Path], Any]


def changed(data: bytes, random: Random) -> bytes:
    """`data` after some of what happens to files, by chance or by somebody."""
    for _ in range(random.choice([1, 1, 2, 4])):
        here, there = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
        kind = random.randrange(7)
        if kind == 0 and data:
            place = random.randrange(len(data))
            data = data[:place] + bytes([random.randrange(256)]) + data[place + 1 :]
        elif kind == 1:
            data = data[:here]
        elif kind == 2:
            data = data[:here] + data[there:]
        elif kind == 3:
            data = data[:there] + data[here:there] + data[there:]
        elif kind == 4:
            data = data[:here] + random.choice(WORDS) + data[here:]
        elif kind == 5:
            data = data[:here] + random.choice(WORDS) + data[here + 1 :]
        else:
            data = data[:here] + random.randbytes(random.choice([1, 4, 40])) + data[here:]
    return data


WORDS = (b"NaN", b"1e999", b"-1", b"\0", b'"', b"{", b"[", b",", b"\n", b"\r", b"\t", b";", b"null",
         b"9" * 400, b"\xff\xff\xff\xff", b"\xef\xbb\xbf", b"''", b'""', b"$tuple", b"#", b"\x1a",
         b"true", b"inf", b"0x", b"2024-13-45", b"\\ud800", "ä".encode(), b" ", b"epoch")  # fmt: skip


def _tensors(path: Path) -> None:
    with open(path, "rb") as file:
        read_tensors(file, read_header(file))


def _unpacked(path: Path) -> None:
    unpack(strict_json(path.read_bytes()), {"a": torch.ones(2), "b": torch.ones(2, 2)})


def _grown(path: Path) -> None:
    log = GrowingCSV(path, "the log", append=True)
    log.write([{"epoch": 3, "loss": 1.0, "new": 2.0}])


def _torch(path: Path) -> None:
    if is_torch_file(path):
        read_weights(path)


def _history(path: Path) -> None:
    history = History.from_csv(path)
    str(history), history.frame, history.best_epoch


READERS: dict[str, tuple[str, Reader]] = {
    "tensorfile": ("a.lampas", _tensors),
    "artifact.read": ("a.lampas", artifact.read),
    "torchfile": ("a.pt", _torch),
    "strict_json": ("run.json", lambda path: strict_json(path.read_bytes())),
    "tree.unpack": ("tree.json", _unpacked),
    "run.json": ("run.json", read_about),
    "evidence.json": ("evidence.json", read_evidence),
    "history.csv": ("history.csv", _history),
    "growing_csv": ("history.csv", _grown),
    "table, csv": ("a.csv", read_table),
    "table, tsv": ("a.tsv", read_table),
    "table, gz": ("a.csv.gz", read_table),
    "table, parquet": ("a.parquet", read_table),
    "JSON lines": ("a.jsonl", lambda path: json_lines(path, "utf-8")),
    "image, png": ("a.png", lambda path: decode(path.read_bytes(), (4, 4), 3, "a")),
    "image, jpg": ("a.jpg", lambda path: decode(path.read_bytes(), (4, 4), 1, "a")),
    "image, gif": ("a.gif", lambda path: decode(path.read_bytes(), (4, 4), 3, "a")),
    "image, tif": ("a.tif", lambda path: decode(path.read_bytes(), (4, 4), 3, "a")),
    "image, bmp": ("a.bmp", lambda path: decode(path.read_bytes(), (4, 4), 3, "a")),
    "image, webp": ("a.webp", lambda path: decode(path.read_bytes(), (4, 4), 3, "a")),
    "archive, tar": ("a.tar", lambda path: list_archive(str(path))),
    "archive, tar.gz": ("a.tar.gz", lambda path: list_archive(str(path))),
    "archive, zip": ("a.zip", lambda path: list_archive(str(path))),
}
"""What each reads: the name of an honest file, and how."""


def honest(folder: Path) -> None:
    """Write the honest files."""
    import tarfile
    import zipfile

    net = torch.nn.Linear(2, 2)
    model = lampas.Model(net)
    model.compile("adam", "mse")
    model.fit(torch.ones(4, 2), torch.ones(4, 2), epochs=2, verbose=0)
    model.save(folder / "a.lampas")
    model.history.to_csv(folder / "history.csv")
    torch.save(net.state_dict(), folder / "a.pt")
    about = {
        "settings": {"seed": 0},
        "metrics": {"loss": 0.5},
        "seconds": 1.5,
        "versions": {"a": "1"},
    }
    (folder / "run.json").write_text(json.dumps(about))
    evidence = {"task": "binary", "targets": ["y"], "classes": [["a", "b"]], "mistakes": []}
    (folder / "evidence.json").write_text(json.dumps(evidence))
    tree = {"a": {"$tensor": "a"}, "b": {"$tuple": [{"$float": "nan"}, {"$int": "0xff"}]},
            "c": {"$scalar": ["int8", 3]}, "d": {"$dict": [[1, 2]]}, "e": {"$size": [1, 2]},
            "f": {"$complex": "b"}, "g": {"$dtype": "float32"}, "h": {"$device": "cpu"}}  # fmt: skip
    (folder / "tree.json").write_text(json.dumps(tree))
    frame = pd.DataFrame(
        {"x": [1.5, 2.5, None], "day": ["2024-01-01"] * 3, "word": ["a", 'b"', "c,d"]}
    )
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "a.csv.gz", index=False)
    frame.to_csv(folder / "a.tsv", index=False, sep="\t")
    frame.to_parquet(folder / "a.parquet")
    (folder / "a.jsonl").write_text('{"text": "a", "label": 1}\n{"text": "b", "label": null}\n')
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    for suffix in ("png", "jpg", "gif", "tif", "bmp", "webp"):
        Image.fromarray(pixels).save(folder / f"a.{suffix}")
    with zipfile.ZipFile(folder / "a.zip", "w") as zipped:
        zipped.write(folder / "a.png", "a/x.png")
        zipped.write(folder / "a.jpg", "b/y.jpg")
    for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz")):
        with tarfile.open(folder / name, mode) as archive:
            archive.add(folder / "a.png", "a/x.png")
            archive.add(folder / "a.jpg", "b/y.jpg")


def trials(random: Random, count: int) -> Iterator[Verdict]:
    """`count` damaged files, each reader in its turn."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        honest(folder)
        (folder / "bad").mkdir()
        names = list(READERS)
        for number in range(count):
            what = names[number % len(names)]
            name, read = READERS[what]
            place = folder / "bad" / name
            place.write_bytes(changed((folder / name).read_bytes(), random))
            yield tried(f"{what}, number {number}", lambda p=place, r=read: _drained(r(p)))


def _drained(found: Any) -> None:
    if isinstance(found, io.IOBase):
        found.close()
