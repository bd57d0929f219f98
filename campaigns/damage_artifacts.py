"""Saved models of each kind, damaged: read whole, or refused in one line."""

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from damage_trials import (
    AS_EDITED,
    REFUSED,
    WHOLE,
    WrongError,
    different,
    flat,
    line_of,
    look,
    where,
)  # fmt: skip
from damages import BYTES, spoil
from edits import EDITS, edited, parts_of, signed_tensors, text_of
from torch import nn

import lampas
from lampas import artifact
from lampas.errors import LampasError


@dataclass
class Saved:
    """A file, what reads it, and what is asked of the model in it: of one whose description was
    edited too, where that is no more than names, weights and optimisers. What a table's columns
    would mean with another description is not asked."""

    path: Path
    load: Callable[[Path], Any]
    use: Callable[[Any], Any]
    is_used_edited: bool = False

    def __post_init__(self) -> None:
        self.truth = _values(self.path)
        self.said = flat(self.use(self.load(self.path)))


def make_artifacts(place: Path) -> list[Saved]:
    """A trained and saved model of each kind."""
    place.mkdir(exist_ok=True)
    torch.manual_seed(0)
    days = pd.date_range("2024-01-01", periods=120)
    x = np.linspace(-1, 1, 60)
    frame = pd.DataFrame({"x": x, "colour": ["red", "blue", "green"] * 20,
                          "y": np.where(x > 0, "up", "low")})  # fmt: skip
    sales = pd.DataFrame({"day": days, "sales": np.sin(np.arange(120) / 3)})
    texts = ["a fine film", "a dull film", "very fine", "so dull"] * 10
    labels = ["good", "bad"] * 20
    quick: Any = {"epochs": 1, "verbose": 0}
    fitted: dict[str, tuple[Any, Any]] = {
        "tabular": (lampas.tabular(frame, "y", **quick), frame[:5]),
        "text": (lampas.texts((texts, labels), **quick), texts[:4]),
        "series": (lampas.timeseries(sales, "sales", time="day", horizon=7, **quick), sales),
    }
    return [_model(place), *(_fitted(place, *one) for one in fitted.items())]


def _fitted(place: Path, kind: str, made: tuple[Any, Any]) -> Saved:
    model, data = made
    model.save(place / f"{kind}.lampas")
    return Saved(place / f"{kind}.lampas", lampas.load, lambda one: repr(one.predict(data)))


def _net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def _compiled(model: lampas.Model) -> lampas.Model:
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss())
    return model


def _model(place: Path) -> Saved:
    x, y = torch.rand(32, 4), torch.randint(2, (32,))
    model = _compiled(lampas.Model(_net()))
    model.fit(x, y, epochs=2, verbose=0)
    model.save(place / "model.lampas")

    def load(path: Path) -> lampas.Model:
        target = _compiled(lampas.Model(_net()))
        before = look(target)
        try:
            return lampas.load(path, net=target)  # type: ignore[return-value]
        except LampasError as error:
            if different(before, look(target)):
                raise WrongError(f"refused ({error}), and it changed the net") from error
            raise

    def use(one: lampas.Model) -> Any:
        said = [one.predict(x), one.history.rows, str(one.history)]
        _compiled(one)  # goes on with the saved optimiser
        torch.manual_seed(0)
        one.fit(x, y, epochs=3, initial_epoch=len(one.history), verbose=0)
        return said

    return Saved(place / "model.lampas", load, use, is_used_edited=True)


def _values(path: Path) -> dict[str, str]:
    read = artifact.read(path)
    return flat({name: getattr(read, name) for name in read.__slots__})


def _by_bytes(kind: str) -> Callable[[Path, random.Random], None]:
    return lambda path, chance: spoil(path, kind, chance)


def _description(kind: str) -> Callable[[Path, random.Random], None]:
    """The description edited, the checksum right again."""

    def damage(path: Path, chance: random.Random) -> None:
        header, data = parts_of(path)
        description = edited(_json(header), kind, chance)
        header["__metadata__"]["lampas"] = description
        path.write_bytes(signed_tensors(text_of(header), data))

    return damage


def _json(header: dict[str, Any]) -> Any:
    return json.loads(header["__metadata__"]["lampas"])


def _header(kind: str) -> Callable[[Path, random.Random], None]:
    """The header edited, the checksum right again."""

    def damage(path: Path, chance: random.Random) -> None:
        header, data = parts_of(path)
        path.write_bytes(signed_tensors(edited(header, kind, chance), data))

    return damage


def _unsigned(path: Path, chance: random.Random) -> None:
    """The header edited, the checksum left."""
    header, data = parts_of(path)
    raw = edited(header, chance.choice(list(EDITS)), chance).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)


def _gone(path: Path, chance: random.Random) -> None:
    path.unlink()


def _emptied(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def _folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path, chance: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nothing"))


KINDS: dict[str, Callable[[Path, random.Random], None]] = {
    **{said: _by_bytes(kind) for kind, said in BYTES.items()},
    "header edited": _unsigned,
    "missing": _gone,
    "empty": _emptied,
    "made a folder": _folder,
    "made a pipe": _pipe,
    "made a link to nothing": _link,
    **{f"signed anew, description: {kind}": _description(kind) for kind in EDITS},
    **{f"signed anew, header: {kind}": _header(kind) for kind in EDITS},
}


def artifact_trials(
    saved: Saved, count: int, place: Path, chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Damage a file in `count` ways, each kind in turn: the kind, and what came of it."""
    path = place / "damaged" / saved.path.name
    for index in range(count):
        kind = list(KINDS)[index % len(KINDS)]
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        shutil.copy(saved.path, path)
        KINDS[kind](path, chance)
        yield kind, _tried(saved, path, kind.startswith("signed anew"))


def _tried(saved: Saved, path: Path, resigned: bool) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an optimiser that starts afresh says so
            return _outcome(saved, path, resigned)
    except Exception as error:  # whatever it is: that is the finding
        return f"wrong: {where(error)}: {str(error)!r:.300}"


def _outcome(saved: Saved, path: Path, resigned: bool) -> str:
    try:
        values = _values(path)
        if values != saved.truth and not resigned:
            raise WrongError("other values were read")
        loaded = saved.load(path)
        asks = saved.is_used_edited or values == saved.truth
        said = flat(saved.use(loaded)) if asks else {}
    except LampasError as error:
        if path.name not in line_of(error) and not resigned:
            raise WrongError(f"a line that does not name the file: {error}") from error
        return REFUSED
    if values != saved.truth:
        return AS_EDITED
    if said != saved.said:
        raise WrongError("the same values, and the model says something else")
    return WHOLE
