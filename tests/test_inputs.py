"""What `fit`, `evaluate` and `predict` take, end to end: every kind gives what tensors give."""

import re
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    TensorDataset,
)

import lampas
from lampas.data.memory import CHUNK_BYTES
from lampas.errors import DataError, DtypeError, InputError, NonFiniteError, ShapeError

torch.manual_seed(0)
X = torch.randn(24, 3)
Y = (X @ torch.tensor([[1.0], [-2.0], [0.5]])) + 0.1
CLASSES = (X[:, 0] > 0).long()


def _line(text: str) -> str:
    return f"^{re.escape(text)}$"


def _model(out: int = 1, loss: Any = "mse", metrics: Any = None, seed: int = 3) -> lampas.Model:
    torch.manual_seed(seed)
    model = lampas.Model(nn.Linear(3, out))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), loss, metrics)
    return model


def _fitted(x: Any, y: Any = None, **options: Any) -> tuple[torch.Tensor, list[dict[str, float]]]:
    model = _model()
    given = {"batch_size": 5, "epochs": 2, "shuffle": False, "verbose": 0} | options
    rows = model.fit(x, y, **given).rows
    return torch.cat([p.detach().flatten() for p in model.parameters()]), rows


WANTED = _fitted(X, Y)


class Rows(Dataset[Any]):
    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        return X[index], Y[index]


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        info = torch.utils.data.get_worker_info()
        if info is None or info.id == 0:
            yield from zip(X, Y, strict=True)


def _collate(rows: list[Any]) -> Any:
    return torch.stack([x for x, _ in rows]), torch.stack([y for _, y in rows])


def _numpy_collate(rows: list[Any]) -> Any:
    return np.stack([x.numpy() for x, _ in rows]).astype("f8"), np.stack([y for _, y in rows])


def _big_endian(t: torch.Tensor) -> Any:
    return t.numpy().astype(">f8")


def _read_only(t: torch.Tensor) -> Any:
    array = t.numpy().copy()
    array.setflags(write=False)
    return array


ARRAYS: dict[str, Any] = {
    "tensors": (X, Y),
    "float64": (X.double().numpy(), Y.double().numpy()),
    "not contiguous": (X.t().contiguous().t(), np.asfortranarray(Y.numpy())),
    "strided": (X.repeat_interleave(2, 0)[::2], Y.repeat_interleave(2, 0).numpy()[::2]),
    "negative strides": (X.flip(0).numpy()[::-1], Y.flip(0).numpy()[::-1]),
    "big endian": (_big_endian(X), _big_endian(Y)),
    "read only": (_read_only(X), _read_only(Y)),
    "longdouble": (X.numpy().astype(np.longdouble), Y.numpy()),
    "frames": (pd.DataFrame(X.numpy(), columns=["a", "b", "c"]), pd.DataFrame(Y.numpy())),
    "a frame's nullable floats": (pd.DataFrame(X.numpy()).astype("Float64"), pd.DataFrame(Y)),
    "a tensor with a graph": (X.clone().requires_grad_() * 1.0, Y),
    "a dict": ({"input": X}, Y),
    "a tuple": ((X,), Y),
    "a list": ([X], Y),
}
OTHERS: dict[str, Any] = {
    "tensor dataset": TensorDataset(X, Y),
    "dataset": Rows(),
    "subset": Subset(TensorDataset(X, Y), range(24)),
    "iterable dataset": Stream(),
    "list of batches": list(zip(X.split(5), Y.split(5), strict=True)),
    "list of lists": [[x, y] for x, y in zip(X.split(5), Y.split(5), strict=True)],
    "NumPy batches": [
        (x.double().numpy(), y.numpy()) for x, y in zip(X.split(5), Y.split(5), strict=True)
    ],
    "dicts in batches": [({"input": x}, y) for x, y in zip(X.split(5), Y.split(5), strict=True)],
    "recognised loader": DataLoader(TensorDataset(X, Y), 5),
    "loader": DataLoader(Rows(), 5),
    "collate": DataLoader(Rows(), 5, collate_fn=_collate),
    "NumPy collate": DataLoader(Rows(), 5, collate_fn=_numpy_collate),
    "batch sampler": DataLoader(
        Rows(), batch_sampler=BatchSampler(SequentialSampler(range(24)), 5, False)
    ),
    "sampler": DataLoader(Rows(), 5, sampler=range(24)),
    "sampler without a length": DataLoader(TensorDataset(X, Y), 5, sampler=iter(range(24))),
    "stream": DataLoader(Stream(), 5),
}


@pytest.mark.parametrize("kind", [*ARRAYS, *OTHERS])
def test_every_kind_trains_evaluates_and_predicts_alike(kind: str) -> None:
    epochs = 1 if kind == "sampler without a length" else 2
    x, y = ARRAYS.get(kind) or (OTHERS[kind], None)
    if kind == "sampler without a length":
        x = DataLoader(TensorDataset(X, Y), 5, sampler=_Endless())
    weights, rows = _fitted(x, y, epochs=epochs)
    wanted, wanted_rows = _fitted(X, Y, epochs=epochs)
    torch.testing.assert_close(weights, wanted, rtol=1e-6, atol=1e-7)
    for row, other in zip(rows, wanted_rows, strict=True):
        assert row == pytest.approx(other, abs=1e-6)
    model = _model(metrics=["mae"])
    found = model.evaluate(x, y, batch_size=7)
    assert found == pytest.approx(model.evaluate(X, Y), abs=1e-6)
    torch.testing.assert_close(model.predict(x, batch_size=7), model.predict(X))


class _Endless:
    """A sampler that tells no length."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(24))


def test_workers_and_drop_last() -> None:
    loader: Any = DataLoader(
        Rows(), 5, num_workers=2, drop_last=True, multiprocessing_context="fork"
    )
    weights, rows = _fitted(loader)
    wanted, wanted_rows = _fitted(X[:20], Y[:20])
    torch.testing.assert_close(weights, wanted)
    assert rows == [pytest.approx(row, abs=1e-6) for row in wanted_rows]
    assert len(_model().predict(loader)) == 20


def test_arrays_of_integers_and_bools_keep_their_meaning() -> None:
    table = lampas.Model(nn.Embedding(9, 2))
    codes = torch.tensor([1, 5, 8, 0, 3])
    wanted = table.predict(codes)
    for dtype in ("int8", "int16", "int32", "int64", ">i4", "uint16", "uint32", "uint64"):
        assert torch.equal(table.predict(codes.numpy().astype(dtype)), wanted), dtype
    model = _model(2, nn.CrossEntropyLoss())
    whole = model.evaluate(X, CLASSES)
    for dtype in ("int32", "uint16", "int8"):
        y = CLASSES.numpy().astype(dtype)
        assert model.evaluate(X, y) == whole, dtype
        assert model.evaluate([(X.numpy(), y)]) == whole, dtype

    class Masked(nn.Module):
        def forward(self, x: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
            assert keep.dtype is torch.bool
            return x * keep

    keep = np.arange(24) % 2 == 0
    found = lampas.Model(Masked()).predict((X, keep[:, None]))
    assert torch.equal(found, X * torch.from_numpy(keep)[:, None])


def test_nullable_classes_stay_whole_numbers() -> None:
    model = _model(2, nn.CrossEntropyLoss())
    wanted = model.evaluate(X, CLASSES)
    for dtype in ("Int64", "Int8", "int32", "boolean", "Float64"):
        series = pd.Series(CLASSES.numpy()).astype(dtype)
        if dtype in ("boolean", "Float64"):
            with pytest.raises(DtypeError, match="class indices"):
                model.evaluate(X, series)
        else:
            assert model.evaluate(X, series) == wanted, dtype
    codes = pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": pd.array([0, 3], "Int8")})
    assert lampas.Model(nn.Embedding(4, 2)).predict(codes).shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("column", "line"),
    [
        (["u", "v"], "column 'b' of x holds str, not numbers: encode it, leave it out, or use "
                     "lampas.tabular, which does so"),
        (pd.Series([1, "v"], dtype=object), "column 'b' of x holds object, not numbers: encode "
         "it, leave it out, or use lampas.tabular, which does so"),
        (pd.Categorical([1, 2]), "column 'b' of x holds category, not numbers: encode it, leave "
         "it out, or use lampas.tabular, which does so"),
        (pd.to_datetime(["2020-01-01"] * 2), None),
    ],
)  # fmt: skip
def test_a_column_of_no_numbers_is_named(column: Any, line: str | None) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": column})
    match = _line(line) if line else "^column 'b' of x holds datetime64"
    if line and "holds str" in line and frame["b"].dtype == object:
        match = "^column 'b' of x holds object"  # pandas 2
    with pytest.raises(DtypeError, match=match):
        _model().fit(frame, Y[:2])


def test_a_gap_in_a_frame_names_its_column_and_row() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": pd.array([1, None], "Int64"), "c": [0, 1]})
    line = (
        "x has nan in row 1, column 'b', and the net turns it into nan: fill the gaps, or drop "
        "those rows"
    )
    with pytest.raises(DataError, match=_line(line)):
        _model().fit(frame, Y[:2])


def test_a_memory_map_larger_than_a_chunk_is_streamed(tmp_path: Path) -> None:
    n = 3 * CHUNK_BYTES // (512 * 2) + 7
    path = tmp_path / "x.npy"
    made = np.lib.format.open_memmap(path, mode="w+", dtype="uint16", shape=(n, 512))
    made[:] = np.arange(n, dtype="uint16")[:, None] % 251
    made.flush()
    x = np.load(path, mmap_mode="r")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :1].sub_(1) * self.scale  # writes into its batch

    model = lampas.Model(Net())
    model.compile(torch.optim.SGD(model.parameters(), lr=0.0), "mse", ["mae"])
    y = torch.from_numpy(np.arange(n) % 251).float()[:, None]
    assert model.evaluate(x, y, batch_size=1000)["loss"] == pytest.approx(1.0)
    row = model.fit(x, y, batch_size=1000, verbose=0).rows[0]
    assert (row["loss"], n) == (pytest.approx(1.0), len(model.predict(x)))
    assert int(x[5, 0]) == 5


def test_a_net_that_works_in_place_leaves_the_data_alone() -> None:
    model = lampas.Model(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)))
    model.compile("sgd", "mse")
    x, kept = X.clone(), X.clone()
    model.predict(x)
    model.evaluate(x, Y)
    model.fit(x, Y, verbose=0, shuffle=False, validation_data=(x, Y))
    assert torch.equal(x, kept)
    same = lampas.Model(nn.Identity()).predict(x)
    same += 1
    assert torch.equal(x, kept)


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 1), nn.Linear(3, 2)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"size": self.left(a), "kind": self.right(b)}


class PairTuple(Pair):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
        return tuple(super().forward(a, b).values())


def test_several_inputs_and_outputs_by_name() -> None:
    model = lampas.Model(Pair())
    model.compile(
        "sgd",
        {"size": "mse", "kind": nn.CrossEntropyLoss()},
        {"size": {"off": "mae"}, "kind": ["accuracy"]},
        loss_weights={"kind": 0.5},
    )
    x, y = {"b": X, "a": X.numpy()}, {"kind": CLASSES, "size": Y}
    row = model.fit(x, y, 5, verbose=0, validation_split=0.25).rows[0]
    names = ["loss", "size_loss", "kind_loss", "size_off", "kind_accuracy"]
    assert list(row) == ["epoch", *names, *(f"val_{name}" for name in names)]
    assert row["loss"] == pytest.approx(row["size_loss"] + 0.5 * row["kind_loss"])
    found = model.predict(x, batch_size=7)
    assert {name: tuple(part.shape) for name, part in found.items()} == {
        "size": (24, 1),
        "kind": (24, 2),
    }
    wanted = model.predict({"a": X, "b": X}, batch_size=24)
    torch.testing.assert_close(found, wanted)


def test_several_inputs_and_outputs_by_place() -> None:
    model = lampas.Model(PairTuple())
    model.compile("sgd", ["mse", nn.CrossEntropyLoss()], {1: ["accuracy"]}, loss_weights=[1, 2])
    row = model.fit((X, X), [Y, CLASSES], 5, verbose=0).rows[0]
    assert list(row) == ["epoch", "loss", "output_0_loss", "output_1_loss", "output_1_accuracy"]
    loader: Any = DataLoader([((x, x), (y, c)) for x, y, c in zip(X, Y, CLASSES, strict=True)], 5)
    whole = model.evaluate((X, X), (Y, CLASSES))
    assert model.evaluate(loader) == pytest.approx(whole, abs=1e-6)
    found = model.predict(loader)
    assert [tuple(part.shape) for part in found] == [(24, 1), (24, 2)]


def test_a_list_of_losses_never_reads_the_rows_of_one_tensor() -> None:
    model = _model(2, ["mse", "mse"])
    line = "no part 0 in the model's output, which is one tensor"
    with pytest.raises(ShapeError, match=_line(line)):
        model.fit(X, (Y, Y), verbose=0)
    model = lampas.Model(PairTuple())
    model.compile("sgd", ["mse", "mse"])
    with pytest.raises(ShapeError, match=_line("no part 0 in y, which is one tensor")):
        model.fit((X, X), Y, verbose=0)
    model.compile("sgd", {"size": "mse"})
    with pytest.raises(ShapeError, match=_line("no part 'size' in y, which is a dict of 'sise'")):
        model.fit((X, X), {"sise": Y}, verbose=0)


Output = namedtuple("Output", ["mean", "spread"])  # the plain kind is meant


def test_named_tuples_keep_their_names() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> Output:
            return Output(self.line(x), x.square())

    def loss(y_pred: Output, y_true: Output) -> torch.Tensor:
        return F.mse_loss(y_pred.mean, y_true.mean)

    model = lampas.Model(Net())
    for precision in ("float32", "bf16"):
        model.compile("sgd", loss, {"off": lambda p, t: (p.mean - t.mean).abs().mean()},
                      precision=precision)  # fmt: skip
        model.fit([(X, Output(Y, Y))], verbose=0)
        model.fit(X, Output(Y, Y), verbose=0, batch_size=7)
    assert isinstance(model.predict(X, batch_size=7), Output)


class Own(nn.Module):
    """Computes its own loss, as Hugging Face's models do."""

    def __init__(self, wrap: Any) -> None:
        super().__init__()
        self.line = nn.Linear(3, 2)
        self.wrap = wrap

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        logits = self.line(pixels)
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return self.wrap(loss=loss, logits=logits)


class ModelOutput(OrderedDict[str, Any]):
    """A dict with attributes, as transformers' is."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


@pytest.mark.parametrize("wrap", [dict, ModelOutput, SimpleNamespace])
def test_a_model_that_computes_its_own_loss(wrap: Any) -> None:
    torch.manual_seed(0)
    model = lampas.Model(Own(wrap))
    accuracy = lampas.metrics.MulticlassAccuracy()
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), metrics={"acc": accuracy})
    rows = [{"pixels": x, "labels": c} for x, c in zip(X, CLASSES, strict=True)]
    loader: Any = DataLoader(rows, 5)
    wanted = F.cross_entropy(model.net.line(X), CLASSES).item()
    assert model.evaluate(loader)["loss"] == pytest.approx(wanted, abs=1e-6)
    history = model.fit(loader, epochs=3, verbose=0, validation_data=loader)
    assert list(history.rows[0]) == ["epoch", "loss", "acc", "val_loss", "val_acc"]
    assert history.rows[2]["loss"] < history.rows[0]["loss"]
    both = {"pixels": X, "labels": CLASSES}
    assert model.evaluate(both, batch_size=7) == pytest.approx(model.evaluate(loader), abs=1e-6)
    assert torch.equal(model.predict({"pixels": X}), model.predict(both))
    assert model.predict(loader).shape == (24, 2)


def test_weights_beside_an_own_loss_are_refused() -> None:
    model = lampas.Model(Own(dict))
    model.compile("sgd")
    line = (
        "sample_weight and class_weight need a loss passed to compile: the model's own loss "
        "cannot be weighted from outside"
    )
    with pytest.raises(InputError, match=_line(line)):
        model.fit({"pixels": X, "labels": CLASSES}, sample_weight=torch.ones(24), verbose=0)


def test_no_loss_anywhere() -> None:
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd")
    line = (
        "no loss was compiled and forward returned a tensor of shape (24, 1): pass loss= to "
        "compile, or return a 0-d loss, a dict with 'loss' or an object with .loss"
    )
    with pytest.raises(InputError, match=_line(line)):
        model.fit(X, verbose=0, batch_size=24)


def _generator(batches: int) -> Iterator[Any]:
    for i in range(batches):
        j = i % 4 * 5
        yield X[j : j + 5].double().numpy(), Y[j : j + 5].numpy()


def test_a_generator_is_read_on() -> None:
    weights, rows = _fitted(_generator(8), steps_per_epoch=4)
    wanted, wanted_rows = _fitted(X[:20], Y[:20])
    torch.testing.assert_close(weights, wanted)
    assert rows == [pytest.approx(row, abs=1e-6) for row in wanted_rows]
    line = "a generator needs steps_per_epoch: how many of its batches make an epoch"
    with pytest.raises(InputError, match=_line(line)):
        _fitted(_generator(8))
    line = (
        "the generator ended after 7 batches, at batch 4 of 4 of this epoch: lower "
        "steps_per_epoch or epochs, or make it yield on"
    )
    with pytest.raises(DataError, match=_line(line)):
        _fitted(_generator(7), steps_per_epoch=4)


def test_a_generator_to_evaluate_is_read_to_its_end() -> None:
    model = _model()
    assert model.evaluate(_generator(4)) == pytest.approx(model.evaluate(X[:20], Y[:20]))
    assert len(model.predict(_generator(4))) == 20
    source = _generator(4)
    assert len(model.predict(source, steps=3)) == 15
    assert len(model.predict(source, steps=3)) == 5


def test_a_generator_of_weighted_numpy_batches() -> None:
    weights = np.linspace(0.1, 1.0, 24)
    batches = [(X[j : j + 5].numpy(), Y[j : j + 5].numpy(), weights[j : j + 5])
               for j in range(0, 24, 5)]  # fmt: skip
    found, _ = _fitted(iter(batches * 2), steps_per_epoch=5)
    wanted, _ = _fitted(X, Y, sample_weight=weights)
    torch.testing.assert_close(found, wanted)
    found, _ = _fitted(TensorDataset(X, Y, torch.from_numpy(weights).float()))
    torch.testing.assert_close(found, wanted)


def test_steps_per_epoch_reads_on_through_arrays() -> None:
    seen: list[Any] = []

    class Net(nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002
            seen.extend(input[:, 0].tolist())
            return super().forward(input)

    model = lampas.Model(Net(1, 1))
    model.compile("sgd", "mse")
    x = torch.arange(6.0)[:, None]
    model.fit(x, x, 2, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0)
    assert seen == [0, 1, 2, 3, 4, 5, 0, 1]
    seen.clear()
    model.fit(
        [(x, x)], epochs=3, verbose=0, validation_data=(x + 10, x), validation_steps=1,
        validation_batch_size=2,
    )  # fmt: skip
    assert [value for value in seen if value >= 10] == [10, 11] * 3
    assert len(model.predict(x, batch_size=2, steps=99)) == 6
    whole = model.evaluate(x, x, batch_size=2)
    assert model.evaluate(x, x, batch_size=2, steps=99) == pytest.approx(whole)


@pytest.mark.parametrize(
    "data",
    [
        (X[18:], Y[18:]),
        [X[18:], Y[18:]],
        (X[18:].numpy(), Y[18:].double().numpy(), np.ones(6)),
        TensorDataset(X[18:], Y[18:]),
        DataLoader(TensorDataset(X[18:], Y[18:]), 4),
        [(X[18:21], Y[18:21]), (X[21:], Y[21:])],
        (pd.DataFrame(X[18:].numpy()), pd.DataFrame(Y[18:].numpy())),
    ],
)
def test_validation_data_of_all_kinds(data: Any) -> None:
    weights, rows = _fitted(X[:18], Y[:18], validation_data=data)
    wanted, split = _fitted(X, Y, validation_split=0.25)
    torch.testing.assert_close(weights, wanted)
    assert rows == [pytest.approx(row, abs=1e-6) for row in split]


def test_validation_from_a_generator() -> None:
    _, rows = _fitted(X[:20], Y[:20], validation_data=_generator(8), validation_steps=4)
    _, wanted = _fitted(X[:20], Y[:20], validation_data=(X[:20], Y[:20]))
    assert rows == [pytest.approx(row, abs=1e-6) for row in wanted]
    line = "a generator needs validation_steps: how many of its batches make an epoch"
    with pytest.raises(InputError, match=_line(line)):
        _fitted(X, Y, validation_data=_generator(8))


def test_validation_freq() -> None:
    _, rows = _fitted(X, Y, epochs=5, validation_split=0.25, validation_freq=2)
    assert [row["epoch"] for row in rows if "val_loss" in row] == [2, 4]


def test_validation_is_checked_as_training_is() -> None:
    line = (
        "the model returns (6, 1) but the targets are (6,): MSELoss would compare them as "
        "(6, 6). Reshape the targets with y.reshape(-1, 1), or squeeze the output"
    )
    with pytest.raises(ShapeError, match=_line(line)):
        _fitted(X[:18], Y[:18], validation_data=(X[18:], Y[18:, 0]))
    bad = Y[18:].clone()
    bad[2] = float("nan")
    line = "validation y has nan in row 2, column 0: drop those rows, or fill the gaps"
    with pytest.raises(DataError, match=_line(line)):
        _fitted(X[:18], Y[:18], validation_data=(X[18:], bad))


def test_class_and_sample_weights() -> None:
    model = _model(2, nn.CrossEntropyLoss())
    keys = dict(zip(np.unique(CLASSES.numpy()), np.array([0.5, 2.0]), strict=True))
    start = {k: v.clone() for k, v in model.state_dict().items()}
    table = torch.tensor([0.5, 2.0])
    found = model.fit(X, CLASSES, 7, shuffle=False, verbose=0, class_weight=keys).rows
    model.load_state_dict(start)
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss())
    wanted = model.fit(X, CLASSES, 7, shuffle=False, verbose=0, sample_weight=table[CLASSES]).rows
    assert found == wanted
    for y in (CLASSES[:, None].float(), F.one_hot(CLASSES).float()):
        width = y.shape[1]
        model = _model(width, nn.BCEWithLogitsLoss())
        assert model.fit(X, y, verbose=0, class_weight={0: 1.0, 1: 3.0}).rows
    for kind in (OTHERS["loader"], OTHERS["list of batches"]):
        line = "sample_weight goes with arrays; a .* yields its weights: "
        with pytest.raises(InputError, match=line):
            _model().fit(kind, sample_weight=torch.ones(24))


def test_predict_batches_streams() -> None:
    read: list[int] = []

    def source() -> Iterator[torch.Tensor]:
        for number, part in enumerate(X.split(6)):
            read.append(number)
            yield part

    model = _model()
    outputs = model.predict_batches(source())
    first = next(outputs)
    assert (tuple(first.shape), read) == ((6, 1), [0])
    assert not first.requires_grad
    assert torch.is_grad_enabled()
    assert len(list(outputs)) == 3
    assert model.training


def test_outputs_that_cannot_be_joined() -> None:
    model = lampas.Model(nn.Identity())
    line = "batches hold samples of shapes (3,) and (4,), which cannot be joined in one tensor"
    ragged = [(torch.zeros(2, 3), 0), (torch.zeros(2, 4), 0)]
    with pytest.raises(ShapeError, match=_line(line)):
        model.predict(ragged)
    assert [tuple(part.shape) for part in model.predict_batches(ragged)] == [(2, 3), (2, 4)]


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        ([], None, "x holds no array: pass a tensor, a NumPy array or a pandas object"),
        ({}, Y, "x holds no array: pass a tensor, a NumPy array or a pandas object"),
        (X[:0], Y[:0], "x is empty: shape (0, 3)"),
        (X, Y[:9], "x has 24 samples but y has 9: they must be of one length"),
        ({"a": X, "b": X[:3]}, Y,
         "x['a'] has 24 samples but x['b'] has 3: they must be of one length"),
        ([[1.0, 2.0], [3.0, 4.0]], [1, 0],
         "x is a list of numbers: pass np.asarray(x), or torch.tensor(x)"),
        (None, Y, "y was passed beside a NoneType, which yields its own targets: leave y out"),
        (7, None, "x is a int: pass a tensor, a NumPy array, a pandas object, a tuple or dict of "
                  "these, a Dataset or a DataLoader"),
        (torch.tensor(3.0), None,
         "x is a single number: it needs a first dimension of samples"),
        (np.array(["a", "b"]), Y[:2], "x is an array of <U1, which no tensor can hold: encode it "
                                      "as numbers (lampas.tabular does so for tables)"),
        ("abc", None, "batch 1 of the loader holds str in a str, not a batch of tensors: yield "
                      "(x, y), each with a first dimension of samples"),
        ([(X, Y, Y, Y)], None,
         "batch 1 of the loader has 4 parts: yield x, (x, y) or (x, y, sample_weight) with "
         "weights of shape (batch,); several inputs belong together: ((x1, x2), y)"),
        ([(X, Y[:3])], None, "batch 1 of the loader: x has 24 samples but y has 3"),
        (TensorDataset(X, X, Y), None,
         "the TensorDataset holds 3 tensors: pass them as fit((x1, x2), y)"),
        (DataLoader(TensorDataset(X, Y), 99, drop_last=True), None,
         "the data holds no batch: it is empty"),
        (DataLoader(TensorDataset(X[:0], Y[:0])), None, "the data holds no batch: it is empty"),
        (DataLoader(TensorDataset(X, Y)), Y, "y was passed beside a DataLoader, which yields its "
                                             "own targets: leave y out"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_used(x: Any, y: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        _fitted(x, y)
    assert str(caught.value) == line


def test_no_batch_to_evaluate() -> None:
    loader: Any = DataLoader(TensorDataset(X, Y), 99, drop_last=True)
    with pytest.raises(DataError, match=_line("the data to evaluate holds no batch: it is empty")):
        _model().evaluate(loader)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"batch_size": 0}, "batch_size is 0: it must be a whole number, 1 or more"),
        ({"epochs": 2.5}, "epochs is 2.5: it must be a whole number, 1 or more"),
        ({"steps_per_epoch": -1}, "steps_per_epoch is -1: it must be a whole number, 1 or more"),
        ({"validation_split": 1.5}, "validation_split is 1.5: it must lie between 0 and 1"),
        ({"validation_data": (X, Y), "validation_freq": 0},
         "validation_freq is 0: it must be a whole number, 1 or more"),
        ({"validation_data": (X, Y), "validation_steps": 0},
         "validation_steps is 0: it must be a whole number, 1 or more"),
        ({"validation_data": (X, Y, None, None)},
         "validation_data has 4 parts: pass (x, y) or (x, y, sample_weight); several inputs "
         "belong together: ((x1, x2), y)"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_used(options: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=_line(line)):
        _fitted(X, Y, **options)


def test_doubles_in_the_place_of_floats() -> None:
    line = (
        "x is torch.float64 but the model's parameters are torch.float32: pass "
        "x.to(torch.float32), or convert the model with model.to(torch.float64)"
    )
    with pytest.raises(DtypeError, match=_line(line)):
        _fitted(X.double(), Y)


def test_a_loss_of_nan_names_its_step_and_cause() -> None:
    bad = X.clone()
    bad[12, 1] = float("inf")
    line = "the loss is inf in epoch 1, step 3: x has inf in row 2, column 1"
    with pytest.raises(NonFiniteError) as caught:
        _fitted(list(zip(bad.split(5), Y.split(5), strict=True)))
    assert str(caught.value) == line


def test_metrics_without_targets() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.line = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> Any:
            return {"loss": self.line(x).square().mean(), "logits": self.line(x)}

    model = lampas.Model(Sum())
    model.compile("sgd", metrics=["mae"])
    line = (
        "metric 'mae' reads one target tensor, got a NoneType: pass a function (y_pred, y_true) "
        "that picks the part it needs"
    )
    with pytest.raises(InputError, match=_line(line)):
        model.fit(X, verbose=0)


def test_a_data_frame_with_columns_in_another_order() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 3)), columns=["a", "b", "c"])
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("sgd", "mse")
    model.fit(frame, frame[["a"]], verbose=0)
    wanted = model.predict(frame)
    for columns, said in (
        (["c", "b", "a"], "has them in another order, or more"),
        (["a", "b", "x"], "lacks 'c'"),
    ):
        with pytest.raises(DataError) as caught:
            model.predict(frame.assign(x=0.0)[columns])
        assert str(caught.value) == (
            f"x: the columns in fit were ['a', 'b', 'c'], and this frame {said}"
        )
    assert torch.equal(model.predict(frame.to_numpy()), wanted)


def test_a_split_that_holds_out_a_class() -> None:
    model = lampas.Model(nn.Linear(2, 3))
    model.compile("sgd", "cross_entropy")
    y = torch.tensor([0] * 4 + [1] * 4 + [2] * 2)
    with pytest.warns(UserWarning, match="class 2 is in none of the others; shuffle the rows"):
        model.fit(torch.randn(10, 2), y, validation_split=0.2, verbose=0)


def test_a_prediction_has_a_row_for_each_sample() -> None:
    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(0, keepdim=True)

    with pytest.raises(ShapeError) as caught:
        lampas.Model(Mean()).predict(torch.ones(4, 3))
    assert str(caught.value) == (
        "the net returns (1, 3) for 4 samples: predict needs a row for each; a single sample "
        "needs a first dimension: x[None]"
    )
