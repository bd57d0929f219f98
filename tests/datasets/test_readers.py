"""What each data set looks like when it is read."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import lampas
from lampas.datasets import load, titanic
from lampas.datasets.catalogue import DATASETS

SHARED = os.environ.get("LAMPAS_DATA")
SHARED = SHARED and str(Path(SHARED).absolute())


@pytest.fixture
def shared(monkeypatch) -> None:
    if not SHARED:
        pytest.skip("LAMPAS_DATA is not set")
    monkeypatch.setenv("LAMPAS_DATA", SHARED)


def there(name: str) -> None:
    files = [
        Path(SHARED or "", DATASETS[name].folder, f.forms[-1][0]) for f in DATASETS[name].files
    ]
    if not all(file.exists() for file in files):
        pytest.skip(f"LAMPAS_DATA has no {name}")


def test_titanic():
    train, test = load("titanic")
    assert (train.shape, test.shape) == ((712, 12), (179, 12))
    assert list(train.columns) == list(test.columns)
    assert train["Survived"].isin([0, 1]).all()
    assert not set(train["PassengerId"]) & set(test["PassengerId"])
    assert train.equals(titanic()[0])


def test_covid19():
    train, test = load("covid19")
    assert list(train.columns) == ["date", "confirmed_num", "cured_num", "dead_num"]
    assert (len(train), len(test)) == (40, 7)
    days = [*train["date"], *test["date"]]
    assert {(after - before).days for before, after in pairwise(days)} == {1}
    assert test["confirmed_num"].iloc[-1] == 80754


def test_rt_polarity(shared):
    there("rt_polarity")
    train, test = load("rt_polarity")
    assert (len(train), len(test)) == (9596, 1066)
    assert list(test["label"]) == ["pos", "neg"] * 533
    assert train["text"].iloc[0].startswith("the rock is destined to be the 21st century's new")
    assert train["text"].iloc[1] == "simplistic , silly and tedious ."
    assert (train["text"].str.strip() == train["text"]).all()
    assert (train["text"] != "").all()


def test_mnist(shared):
    there("mnist")
    (x, y), (xt, yt) = load("mnist")
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((8000, 28, 28), np.uint8, (8000,), np.int64)
    assert (xt.shape, yt.shape) == ((2000, 28, 28), (2000,))
    assert y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert int(x[0].argmax() // 28) > 5
    assert x.max() == 255
    assert np.bincount(np.concatenate([y, yt])).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    x[0] = 0


def test_imdb(shared):
    there("imdb")
    (x, y), (xt, yt) = load("imdb")
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((16000, 200), np.int64, (16000,), np.int64)
    assert (xt.shape, yt.shape) == ((4000, 200), (4000,))
    assert x[0, :4].tolist() == [7, 96, 51, 71]
    assert (x.min(), x.max()) == (0, 9999)
    assert set(y) == {0, 1}
    assert 0.49 < yt.mean() < 0.53


def test_cifar2(shared):
    there("cifar2")
    (x, y), (xt, yt) = load("cifar2")
    assert (x.shape, x.dtype, y.dtype) == ((10000, 32, 32, 3), np.uint8, np.int64)
    assert (xt.shape, xt.dtype) == ((2000, 32, 32, 3), np.uint8)
    assert y.tolist() == [0, 1] * 5000
    assert yt.tolist() == [0, 1] * 1000
    blue = (x[..., 2] > x[..., 0]).mean((1, 2))  # the sky is behind airplanes
    assert blue[y == 0].mean() > blue[y == 1].mean() + 0.1


def test_fit_takes_the_arrays(shared):
    there("mnist")
    import torch
    from torch import nn

    (x, y), (xt, yt) = load("mnist")
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    model = lampas.Model(net)
    model.compile("adam", "cross_entropy", metrics=["accuracy"])
    model.fit((x / 255).astype(np.float32), y, epochs=1, batch_size=64, verbose=0)
    assert model.evaluate((xt / 255).astype(np.float32), yt)["accuracy"] > 0.8
