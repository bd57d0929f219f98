"""The tables that come with the package: their very bytes."""

import hashlib
import re
from importlib.resources import files

from lampas import datasets


def test_the_titanic_has_the_columns_and_rows_that_are_said():
    train, test = datasets.titanic()
    assert list(train.columns) == list(test.columns)
    assert train["Survived"].isin([0, 1]).all()
    assert not set(train["PassengerId"]) & set(test["PassengerId"])


def test_the_files_are_those_of_the_docstring():
    noted = re.findall(r"([0-9a-f]{64})  (\S+)", datasets.__doc__)
    assert len(noted) == 2
    for digest, name in noted:
        data = (files("lampas") / "data_files" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
