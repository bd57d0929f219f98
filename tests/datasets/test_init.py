"""The face: names, load and path, light to import."""

import subprocess
import sys

import pytest

from lampas import datasets
from lampas.datasets.catalogue import DATASETS
from lampas.errors import UnknownNameError


def test_names_are_those_of_the_table():
    assert set(datasets.names()) == set(DATASETS)
    for name in datasets.names():
        assert f"{name} " in (datasets.load.__doc__ or "")


def test_an_unknown_name_is_told_before_anything_is_imported():
    with pytest.raises(UnknownNameError, match=r"^unknown data set 'cifar10': did you mean"):
        datasets.load("cifar10")


def test_names_need_neither_torch_nor_pandas():
    code = "import sys, lampas; lampas.datasets.names(); print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "'lampas.datasets'" in loaded
    assert not {"torch", "pandas", "numpy", "PIL"} & set(loaded.replace("'", "").split(", "))


def test_the_path_of_what_comes_with_us(tmp_path):
    assert sorted(path.name for path in datasets.path("titanic").iterdir()) == [
        "test.csv", "train.csv",
    ]  # fmt: skip
    assert datasets.path("covid19").is_file()
