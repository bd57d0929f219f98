"""A user's own datasets in fit, evaluate and predict: map-style, iterable, with workers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

import lampas
from lampas.errors import DataError

torch.manual_seed(0)
X = torch.randn(48, 3)
Y = X @ torch.tensor([[1.0], [-2.0], [0.5]])


class Rows(Dataset[Any]):
    """Map-style; `form` makes of a row what the dataset returns."""

    def __init__(self, form: Any) -> None:
        self.form = form

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> Any:
        return self.form(X[index], Y[index])


class Stream(IterableDataset[Any]):
    """Iterable; each worker reads every so-manieth row, as torch asks of such datasets."""

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        for index in range(first, len(X), step):
            yield X[index], Y[index]


class Net(nn.Module):
    """Takes one input or two, by position or by name."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 1)

    def forward(self, a: torch.Tensor, b: torch.Tensor | None = None) -> torch.Tensor:
        return self.fc(a) + 0.0 * self.fc(a if b is None else b)


def _model() -> lampas.Model:
    torch.manual_seed(1)
    model = lampas.Model(Net())
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), "mse", metrics=["mae"])
    return model


def _all_three(data: Any) -> None:
    """fit learns, evaluate agrees with the arrays, predict has a row for each sample in order."""
    model = _model()
    assert model.evaluate(data) == pytest.approx(model.evaluate(X, Y), rel=1e-5)
    torch.testing.assert_close(model.predict(data), model.predict(X))
    history = model.fit(data, epochs=3, validation_data=data, verbose=0)
    assert history.rows[-1]["val_loss"] < 0.2 * history.rows[0]["loss"]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: (x, y),
        lambda x, y: [x.numpy(), y.numpy()],
        lambda x, y: ((x, x), y),
        lambda x, y: ({"a": x, "b": x}, y),
        lambda x, y: (x, y, np.float32(1)),
    ],
)
def test_map_style(form: Any, workers: int) -> None:
    data: Any = Rows(form)
    if workers:
        data = DataLoader(data, 8, num_workers=workers, multiprocessing_context="fork")
    _all_three(data)


def test_map_style_with_named_targets() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"size": self.fc(x)}

    model = lampas.Model(Named())
    model.compile("sgd", {"size": "mse"})
    data = Rows(lambda x, y: (x, {"size": y}))
    history = model.fit(data, epochs=2, verbose=0)
    assert history.rows[1]["loss"] < history.rows[0]["loss"]
    assert model.predict(data)["size"].shape == (48, 1)


def test_map_style_of_inputs_alone_is_predicted() -> None:
    model = _model()
    for form in (lambda x, y: x, lambda x, y: {"a": x}, lambda x, y: (x,)):
        torch.testing.assert_close(model.predict(Rows(form)), model.predict(X))


def test_an_iterable_dataset() -> None:
    _all_three(Stream())


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_an_iterable_dataset_in_workers_gives_each_row_once(workers: int) -> None:
    loader: Any = DataLoader(
        Stream(), 8, num_workers=workers, multiprocessing_context="fork" if workers else None
    )
    model = _model()
    assert model.evaluate(loader) == pytest.approx(model.evaluate(X, Y), rel=1e-5)
    found = model.predict(loader).flatten()
    torch.testing.assert_close(found.sort().values, model.predict(X).flatten().sort().values)
    history = model.fit(loader, epochs=3, verbose=0)
    assert history.rows[-1]["loss"] < 0.2 * history.rows[0]["loss"]


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (lambda x, y: ("a text", y),
         "batch 1 of the loader holds Tensor, str in a list, not a batch of tensors: yield (x, y), "
         "each with a first dimension of samples"),
        (lambda x, y: {"text": "a text", "label": 1},
         "batch 1 of the loader holds Tensor, str in a dict, not a batch of tensors: yield (x, y), "
         "each with a first dimension of samples"),
        (lambda x, y: (x, x, x, y),
         "batch 1 of the loader has 4 parts: yield x, (x, y) or (x, y, sample_weight) with weights "
         "of shape (batch,); several inputs belong together: ((x1, x2), y)"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(form: Any, line: str) -> None:
    for act in (_model().fit, _model().evaluate, _model().predict):
        with pytest.raises(DataError) as caught:
            act(Rows(form))
        assert str(caught.value) == line
