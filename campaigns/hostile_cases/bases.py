"""Honest files that hostile ones are made of: small trained models of each kind."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

import lampas

KINDS = ("model", "tabular", "image", "word", "bpe", "ids", "gru", "dlinear")


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def make(folder: Path) -> dict[str, Path]:
    """Train and save one of each of `KINDS`; where they are."""
    random = np.random.default_rng(0)
    makers: dict[str, Callable[[], Any]] = {
        "model": _model,
        "tabular": lambda: lampas.tabular(_table(random), "y", epochs=1, verbose=0),
        "image": lambda: lampas.images(_images(random), epochs=1, verbose=0),
        "word": lambda: _texts("word"),
        "bpe": lambda: _texts("bpe"),
        "ids": lambda: lampas.texts(
            ([[1, 2, 3], [4, 5, 6, 7]] * 20, ["a", "b"] * 20), epochs=1, verbose=0
        ),
        "gru": lambda: _series("gru"),
        "dlinear": lambda: _series("dlinear"),
    }
    found: dict[str, Path] = {}
    for kind, maker in makers.items():
        found[kind] = folder / f"{kind}.lampas"
        maker().save(found[kind])
    return found


def _model() -> lampas.Model:
    model = lampas.Model(net())
    model.compile("adam", "cross_entropy", ["accuracy"])
    model.fit(torch.randn(32, 4), torch.randint(2, (32,)), epochs=1, verbose=0)
    return model


def _table(random: np.random.Generator) -> pd.DataFrame:
    x = random.normal(size=60)
    colours = random.choice(["red", "green", "blue"], 60)
    days = pd.date_range("2024-01-01", periods=60).astype(str)
    return pd.DataFrame({"x": x, "colour": colours, "day": days, "y": np.where(x > 0, "up", "low")})


def _images(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = np.array(["dark", "light"] * 20)
    x = np.where(y == "light", 200, 50)[:, None, None] + random.integers(0, 9, (40, 8, 8))
    return x.astype("uint8"), y


def _texts(tokenizer: str) -> Any:
    texts = ["what a fine film", "a dull and silly film", "fine, very fine", "so dull"] * 10
    labels = ["good", "bad"] * 20
    return lampas.texts((texts, labels), tokenizer=tokenizer, epochs=1, verbose=0)


def _series(name: str) -> Any:
    days = pd.date_range("2024-01-01", periods=200)
    values = np.sin(np.arange(200) / 7 * 2 * np.pi) + np.arange(200) / 100
    frame = pd.DataFrame({"day": days, "sales": values})
    return lampas.timeseries(frame, "sales", time="day", horizon=7, net=name, epochs=1, verbose=0)


def parts(path: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, description and data of an artifact."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    return header, json.loads(header["__metadata__"]["lampas"]), raw[8 + length :]


def written(place: Path, header: bytes, data: bytes = b"") -> Path:
    """A file of the format with this header, whose checksum is right where it has one's place."""
    raw = len(header).to_bytes(8, "little") + header + data
    digest = hashlib.sha256(raw).hexdigest().encode()
    place.write_bytes(raw.replace(b"0" * 64, digest, 1))
    return place


def edited(base: Path, place: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The artifact at `base` with another description, and a checksum that is right."""
    header, description, data = parts(base)
    change(description)
    header["__metadata__"] = {**header["__metadata__"], "sha256": "0" * 64,
                              "lampas": json.dumps(description)}  # fmt: skip
    return written(place, json.dumps(header).encode(), data)
