"""From a data set's files to rows to train on and rows to test on."""

import gzip
import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Frames = tuple[pd.DataFrame, pd.DataFrame]
Ints = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]
Part = tuple[Pixels, Ints]

_DAYS = 7
_DIGITS = 8_000
_REVIEWS = 4_000
_SENTENCES = 533  # a tenth of each file
_TOKENS = 200
_CLASSES = ("airplane", "automobile")


def _titanic(folder: Path) -> Frames:
    return pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "test.csv")


def _covid19(file: Path) -> Frames:
    days = pd.read_csv(file, sep="\t", parse_dates=["date"])
    return days[:-_DAYS].copy(), days[-_DAYS:].copy()


def _rt_polarity(folder: Path) -> Frames:
    kinds = {label: _sentences(folder / f"rt-polarity.{label}") for label in ("pos", "neg")}
    train = {label: lines[:-_SENTENCES] for label, lines in kinds.items()}
    test = {label: lines[-_SENTENCES:] for label, lines in kinds.items()}
    return _in_turn(train), _in_turn(test)


def _sentences(file: Path) -> list[str]:
    """Split at line feeds alone: some sentences hold other signs that Unicode ends lines with."""
    return [line.strip() for line in file.read_bytes().decode("utf-8").split("\n") if line.strip()]


def _in_turn(kinds: dict[str, list[str]]) -> pd.DataFrame:
    rows = [
        (text, label)
        for texts in zip(*kinds.values(), strict=True)
        for text, label in zip(texts, kinds, strict=True)
    ]
    return pd.DataFrame(rows, columns=["text", "label"])


def _imdb(file: Path) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    table = np.fromstring(text.decode("ascii"), np.int64, sep=" ").reshape(-1, 1 + _TOKENS)
    ids, labels = np.ascontiguousarray(table[:, 1:]), np.ascontiguousarray(table[:, 0])
    return (ids[:-_REVIEWS], labels[:-_REVIEWS]), (ids[-_REVIEWS:], labels[-_REVIEWS:])


def _mnist(folder: Path) -> tuple[Part, Part]:
    x = _idx(folder / "t10k-images-idx3-ubyte.gz")
    y = _idx(folder / "t10k-labels-idx1-ubyte.gz").astype(np.int64)
    return (x[:_DIGITS], y[:_DIGITS]), (x[_DIGITS:], y[_DIGITS:])


def _idx(file: Path) -> Pixels:
    """An idx file of bytes: two zeros, 8 for uint8, the number of sizes, the sizes, the bytes.

    LeCun, Cortes and Burges, "The MNIST database of handwritten digits". Copied, so that the array
    can be written to.
    """
    content = gzip.decompress(file.read_bytes())
    sizes = np.frombuffer(content, ">i4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes).copy()


def _cifar2(file: Path) -> tuple[Part, Part]:
    parts: dict[str, list[tuple[int, int, Pixels]]] = {"train": [], "test": []}
    with tarfile.open(file, "r:") as tar:
        for member in tar:
            named = re.fullmatch(r"cifar2/(train|test)/(\w+)/(\d+)\.jpg", member.name)
            content = tar.extractfile(member) if named else None
            if named and content is not None:
                label = _CLASSES.index(named[2])
                parts[named[1]].append((int(named[3]), label, _decoded(content.read())))
    return _stacked(parts["train"]), _stacked(parts["test"])


def _decoded(jpeg: bytes) -> Pixels:
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        return np.asarray(picture.convert("RGB"))


def _stacked(pictures: list[tuple[int, int, Pixels]]) -> Part:
    """In the order of their numbers, so that the classes take turns."""
    pictures.sort(key=lambda picture: picture[:2])
    y = np.array([label for _, label, _ in pictures], np.int64)
    return np.stack([pixels for _, _, pixels in pictures]), y


READERS: dict[str, Callable[[Path], tuple[Any, Any]]] = {
    "titanic": _titanic,
    "covid19": _covid19,
    "cifar2": _cifar2,
    "imdb": _imdb,
    "mnist": _mnist,
    "rt_polarity": _rt_polarity,
}
