"""`fit`, `evaluate` and `predict` of nets of five kinds: data and options of every wrong sort."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import lampas
from malformed_cases.trial import Verdict, tried, usable

ROWS = 12


class Last(nn.Module):
    """An LSTM's last output."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class Two(nn.Module):
    """Two inputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (self.left(a) + self.right(b)).sum(1, keepdim=True)


@dataclass(frozen=True)
class Kind:
    """A net, its loss, and data that suit it."""

    net: Callable[[], nn.Module]
    loss: str
    x: Callable[[], Any]
    y: Callable[[], Tensor]


def _floats(*shape: int) -> Callable[[], Tensor]:
    return lambda: torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape)


def _classes(count: int) -> Callable[[], Tensor]:
    return lambda: torch.arange(ROWS) % count


def _floats_of_classes() -> Tensor:
    return _classes(2)()[:, None].float()


KINDS = {
    "mlp": Kind(lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)),
                "mse", _floats(ROWS, 3), _floats(ROWS, 1)),
    "classes": Kind(lambda: nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.2), nn.Linear(8, 3)),
                    "cross_entropy", _floats(ROWS, 3), _classes(3)),
    "yes/no": Kind(lambda: nn.Linear(3, 1), "bce_logits", _floats(ROWS, 3),
                   _floats_of_classes),
    "cnn": Kind(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(),
                                      nn.Linear(72, 3)),
                "cross_entropy", _floats(ROWS, 1, 8, 8), _classes(3)),
    "lstm": Kind(Last, "mse", _floats(ROWS, 5, 3), _floats(ROWS, 1)),
    "embedding": Kind(lambda: nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.Linear(24, 3)),
                      "cross_entropy", lambda: torch.arange(ROWS * 6).reshape(ROWS, 6) % 7,
                      _classes(3)),
    "two inputs": Kind(Two, "mse", lambda: {"a": _floats(ROWS, 3)(), "b": _floats(ROWS, 2)()},
                       _floats(ROWS, 1)),
}  # fmt: skip


class Odd:
    """An object that is none of the kinds of data."""


class Lying:
    """A data set that says it has more samples than it has."""

    def __len__(self) -> int:
        return 10**6

    def __getitem__(self, index: int) -> Any:
        if index >= ROWS:
            raise IndexError(index)
        return torch.ones(3), torch.ones(1)


class Stream(IterableDataset[Any]):
    """Samples of several shapes."""

    def __iter__(self) -> Iterator[Any]:
        yield torch.ones(3), torch.ones(1)
        yield torch.ones(4), torch.ones(1)


def _first(x: Any) -> Tensor:
    return next(iter(x.values())) if isinstance(x, dict) else x


Change = Callable[[Any, Random], Any]
"""Of x or y, which may be a dict of tensors."""


def _each(change: Callable[[Tensor, Random], Any]) -> Change:
    def of(given: Any, random: Random) -> Any:
        if isinstance(given, dict):
            return {name: of(one, random) for name, one in given.items()}
        return change(given, random) if isinstance(given, Tensor) else given

    return of


def _put(value: float) -> Change:
    def put(given: Tensor, random: Random) -> Tensor:
        if not given.is_floating_point() or not given.numel():
            return given
        flat = given.clone().reshape(-1)
        flat[random.randrange(len(flat))] = value
        return flat.reshape(given.shape)

    return _each(put)


DTYPES = (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.int32, torch.int64,
          torch.uint8, torch.bool, torch.complex64)  # fmt: skip
CHANGES: dict[str, Change] = {
    "other dtype": _each(lambda t, r: t.to(r.choice(DTYPES))),
    "nan": _put(float("nan")), "inf": _put(float("inf")), "-inf": _put(float("-inf")),
    "1e38": _put(1e38),
    "fewer rows": _each(lambda t, r: t[: r.randrange(len(t))] if t.ndim and len(t) else t),
    "no rows": _each(lambda t, r: t[:0] if t.ndim else t),
    "one row": _each(lambda t, r: t[:1] if t.ndim else t),
    "a dimension more": _each(lambda t, r: t.unsqueeze(r.randint(0, t.ndim))),
    "a dimension less": _each(lambda t, r: t.flatten(0, 1) if t.ndim > 1 else t),
    "turned": _each(lambda t, r: t.transpose(0, -1) if t.ndim > 1 else t),
    "wider": _each(lambda t, r: torch.cat([t, t], dim=-1) if t.ndim else t),
    "narrower": _each(lambda t, r: t[..., :-1] if t.ndim else t),
    "no columns": _each(lambda t, r: t[..., :0] if t.ndim else t),
    "a number": lambda given, r: _first(given).flatten()[:1].sum() if isinstance(
        given, Tensor | dict) else given,
    "negative": _each(lambda t, r: -t - 1 if t.dtype != torch.bool else t),
    "large": _each(lambda t, r: t * 1000 if t.dtype != torch.bool else t),
    "meta": _each(lambda t, r: t.to("meta")),
    "sparse": _each(lambda t, r: t.to_sparse() if t.ndim and t.layout == torch.strided
                    and t.device.type != "meta" else t),
    "needs gradients": _each(lambda t, r: t.clone().requires_grad_() if t.is_floating_point() else t),
    "NumPy": _each(lambda t, r: _numpy(t)),
    "NumPy of objects": _each(lambda t, r: _numpy(t).astype(object)),
    "NumPy of text": _each(lambda t, r: _numpy(t).astype(str)),
    "NumPy of dates": _each(lambda t, r: np.zeros(len(t) if t.ndim else 1, "datetime64[s]")),
    "NumPy, read-only": _each(lambda t, r: _locked(_numpy(t))),
    "big-endian": _each(lambda t, r: _numpy(t).astype(">f8")),
    "a list": _each(lambda t, r: _numpy(t).tolist()),
    "a ragged list": _each(lambda t, r: [[1.0] * n for n in range(len(t) if t.ndim else 1)]),
    "a frame": _each(lambda t, r: pd.DataFrame(_numpy(t).reshape(len(t), -1) if t.ndim and t.numel()
                                               else [])),
    "a frame of text": _each(lambda t, r: pd.DataFrame({"a": ["x"] * (len(t) if t.ndim else 1)})),
    "a frame with gaps": _each(lambda t, r: pd.DataFrame({"a": [None, 1.0] * 6})),
    "a series": _each(lambda t, r: pd.Series(_numpy(t).reshape(-1))),
    "a tuple": lambda given, r: (given,),
    "a tuple of nothing": lambda given, r: (),
    "a tuple of two": lambda given, r: (given, given),
    "a dict": lambda given, r: {"a": given},
    "a dict of nothing": lambda given, r: {},
    "a dict of numbers": lambda given, r: {"a": 1, "b": 2},
    "a dict by numbers": lambda given, r: {0: given},
    "a loader": lambda given, r: DataLoader(TensorDataset(_first(given)), batch_size=4)
    if isinstance(given, Tensor) and given.ndim and given.numel() and given.device.type == "cpu"
    and given.layout == torch.strided else given,
    "a generator": lambda given, r: (given for _ in range(3)),
    "an iterator of nothing": lambda given, r: iter(()),
    "a generator of text": lambda given, r: (word for word in ("a", "b")),
    "a list of batches": lambda given, r: [(given, given)],
    "a list of tuples of three": lambda given, r: [(given, given, given)],
    "a data set that lies": lambda given, r: Lying(),
    "a stream of several shapes": lambda given, r: Stream(),
    "None": lambda given, r: None, "text": lambda given, r: "data.csv", "bytes": lambda given, r: b"x",
    "an int": lambda given, r: 3, "a float": lambda given, r: float("nan"),
    "an object": lambda given, r: Odd(), "a class": lambda given, r: Odd,
    "a function": lambda given, r: print, "a set": lambda given, r: {1, 2},
    "a range": lambda given, r: range(ROWS), "a module": lambda given, r: nn.Linear(1, 1),
    "a bool": lambda given, r: True, "an ellipsis": lambda given, r: ...,
}  # fmt: skip


def _numpy(tensor: Tensor) -> Any:
    plain = tensor.detach()
    if plain.device.type == "meta" or plain.layout != torch.strided:
        return np.zeros(tuple(plain.shape))
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy().copy()


def _locked(array: Any) -> Any:
    array.flags.writeable = False
    return array


NUMBERS: tuple[Any, ...] = (0, -1, 1, 2, 5, 1.5, "3", None, True, float("nan"), float("inf"), [1],
                            10**12, 2**70, (), {}, b"1", Odd, np.int64(2), np.float32(2), torch.tensor(2),
                            -float("inf"), 1j)  # fmt: skip
OPTIONS: dict[str, tuple[Any, ...]] = {
    "batch_size": NUMBERS,
    "epochs": tuple(one for one in NUMBERS if not (type(one) is int and one > 2)),
    "validation_split": (*NUMBERS, 0.5, 0.01, 0.999, "half"),
    "validation_data": ("x", 3, (), [], {}, (1, 2), (None, None), Odd(), (Odd(), Odd()), float("nan"),
                        (torch.ones(2, 3), torch.ones(3, 1)), torch.ones(2, 3), iter(())),
    "class_weight": ({}, {0: 1}, {0: -1.0}, {9: 1.0}, {"a": 1}, {0: float("nan")}, {0: "x"}, {-1: 1.0},
                     [1, 2, 3], "balanced", 3, {0: 0.0, 1: 0.0, 2: 0.0}, {1.5: 1}, {None: 1}),
    "sample_weight": ("x", 3, [1.0], torch.ones(ROWS), -torch.ones(ROWS), torch.zeros(ROWS),
                      torch.ones(ROWS, 2), torch.full((ROWS,), float("nan")), np.array(["a"] * ROWS),
                      torch.ones(3), Odd(), {}, torch.ones(ROWS, dtype=torch.int64), True,
                      torch.full((ROWS,), float("inf")), pd.Series([1.0] * ROWS), torch.ones(ROWS, 1)),
    "steps_per_epoch": NUMBERS[:-1], "validation_steps": NUMBERS, "validation_batch_size": NUMBERS,
    "validation_freq": NUMBERS, "initial_epoch": NUMBERS,
    "callbacks": ("early", 3, [3], Odd, [Odd()], lambda: None, [lambda event: None], print, {}, [None],
                  lampas.callbacks.EarlyStopping, True),
    "verbose": (3, -1, "loud", None, 1.0, [], True, Odd()), "shuffle": ("yes", None, 3, [], Odd()),
}  # fmt: skip


def made(kind: Kind) -> lampas.Model:
    """A compiled model of this kind."""
    torch.manual_seed(0)
    model = lampas.Model(kind.net())
    model.compile("adam", kind.loss)
    return model


def trials(random: Random, count: int) -> Iterator[Verdict]:
    """`count` malformed calls, each of a model that is then asked whether it still works."""
    for _ in range(count):
        yield _trial(random)


def _trial(random: Random) -> Verdict:
    name = random.choice(list(KINDS))
    kind, call = KINDS[name], random.choice(["fit", "fit", "fit", "evaluate", "predict"])
    model, x, y = made(kind), kind.x(), kind.y()
    told: list[str] = []
    options: dict[str, Any] = {"batch_size": random.choice([4, 5, 32])}
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        side = random.choice(["x", "y", "option"] if call != "predict" else ["x", "x", "option"])
        if side == "option":
            option = random.choice(
                list(OPTIONS) if call == "fit" else ["batch_size", "sample_weight"]
            )
            if call == "predict" and option == "sample_weight":
                option = "batch_size"
            options[option] = random.choice(OPTIONS[option])
            told.append(f"{option}={_shown(options[option])}")
            continue
        change = random.choice(list(CHANGES))
        told.append(f"{side}: {change}")
        with contextlib.suppress(Exception):  # of some tensors nothing more can be made
            x, y = (
                (CHANGES[change](x, random), y) if side == "x" else (x, CHANGES[change](y, random))
            )
    what = f"{name}.{call}({'; '.join(told)})"
    verdict = tried(what, lambda: _called(model, call, x, y, options), model)
    if verdict.kind == "refused":
        after = tried(what, lambda: _still(model, kind))
        return verdict if after.kind == "works" else Verdict("wrong", what, f"then: {after.why}")
    return verdict


def _shown(value: Any) -> str:
    return repr(value)[:40]


def _called(model: lampas.Model, call: str, x: Any, y: Any, options: dict[str, Any]) -> None:
    if call == "fit":
        options = {"epochs": 1, "verbose": 0, **options}
        if isinstance(options.get("steps_per_epoch"), int) and options["steps_per_epoch"] > 100:
            options["steps_per_epoch"] = 3
        model.fit(x, y, **options)
    elif call == "evaluate":
        model.evaluate(x, y, **options)
    else:
        model.predict(x, **options)


def _still(model: lampas.Model, kind: Kind) -> None:
    told = usable(model, kind.x(), kind.y())
    assert not told, told
