"""The kind of each column, and what is said of targets that cannot be learned."""

import uuid

import numpy as np
import pandas as pd
import pytest

from lampas.datasets import titanic
from lampas.errors import DataError, UnknownNameError
from lampas.tables.infer import infer


def kinds_of(frame, target="y", **kinds):
    return {column.name: column.kind for column in infer(frame, target, kinds).columns}


def a_table(rows=60, **columns):
    return pd.DataFrame({**columns, "y": np.arange(rows) % 2})


def refused(frame, target="y", kinds=None, error=DataError):
    with pytest.raises(error) as caught:
        infer(frame, target, kinds)
    return str(caught.value)


def test_the_titanic():
    schema = infer(titanic()[0], "Survived")
    assert schema.task == "binary"
    assert {column.name: column.kind for column in schema.columns} == {
        "PassengerId": "identifier",
        "Survived": "target",
        "Pclass": "number",
        "Name": "text",
        "Sex": "category",
        "Age": "number",
        "SibSp": "number",
        "Parch": "number",
        "Ticket": "text",
        "Fare": "number",
        "Cabin": "text",
        "Embarked": "category",
    }
    lines = str(schema).splitlines()
    assert lines[0] == "column       kind        missing  what it holds"
    assert lines[5] == "Sex          category      0.0 %  male, female"


def test_each_kind():
    n = 60
    rng = np.random.default_rng(0)
    frame = a_table(
        n,
        amount=rng.normal(size=n),
        count=rng.integers(0, 9, n),
        written=[f"{value:.3f}" for value in rng.normal(size=n)],
        yes=["yes", "no"] * 30,
        flag=[True, False] * 30,
        zero_one=[0, 1] * 30,
        when=pd.date_range("2024-01-01", periods=n).astype(str),
        stamp=pd.date_range("2024-01-01", periods=n),
        german=pd.date_range("2024-01-01", periods=n).strftime("%d.%m.%Y"),
        city=["Rome", "Oslo", "Bonn"] * 20,
        name=[f"{title} {i}x" for i, title in enumerate(["Mr.", "Mrs."] * 30)],
        hash=[str(uuid.UUID(int=int(i))) for i in rng.integers(0, 2**62, n)],
        word=[chr(0x4E00 + i) for i in range(n)],
        row=range(n),
        user_id=rng.permutation(10**6)[:n],
        same=[3] * n,
        empty=[None] * n,
    )
    assert kinds_of(frame) == {
        "amount": "number",
        "count": "number",
        "written": "number",
        "yes": "boolean",
        "flag": "boolean",
        "zero_one": "number",  # a later table may hold a 2
        "when": "date",
        "stamp": "date",
        "german": "date",
        "city": "category",
        "name": "text",
        "hash": "identifier",
        "word": "identifier",
        "row": "identifier",
        "user_id": "identifier",
        "same": "constant",
        "empty": "constant",
        "y": "target",
    }


def test_different_whole_numbers_far_apart_are_an_amount():
    assert kinds_of(a_table(area=np.arange(60) ** 3))["area"] == "number"


def test_what_the_user_says_counts():
    frame = a_table(row=range(60), code=[1, 2, 3] * 20)
    assert kinds_of(frame, row="number", code="category")["row"] == "number"
    assert kinds_of(frame, row="number", code="category")["code"] == "category"


@pytest.mark.parametrize(
    ("values", "kind", "task"),
    [
        ([0, 1] * 30, None, "binary"),
        ([True, False] * 30, None, "binary"),
        (["a", "b", "c"] * 20, None, "multiclass"),
        ([1, 2, 3] * 20, None, "multiclass"),
        ([1, 2, 3] * 20, "number", "regression"),
        ([1.5, 2.5, 3.5] * 20, None, "regression"),
        ([1.5, 2.5, 3.5] * 20, "category", "multiclass"),
        (list(range(60)), None, "regression"),
    ],
)
def test_the_task_follows_from_the_target(values, kind, task):
    frame = pd.DataFrame({"x": np.linspace(0, 1, 60), "y": values})
    assert infer(frame, "y", {"y": kind} if kind else None).task == task


def test_several_targets():
    x = np.linspace(0, 1, 60)
    frame = pd.DataFrame({"x": x, "a": x * 2, "b": x**2, "c": [0, 1] * 30, "d": [1, 0] * 30})
    assert infer(frame, ["a", "b"]).task == "regression"
    assert infer(frame, ["c", "d"]).task == "multilabel"
    assert refused(frame, ["a", "c"]) == (
        "several targets must all be numbers or all have two values, but 'a' is regression, "
        "'c' is binary; train one model for each, or pass kinds={...}"
    )


def test_targets_that_cannot_be_learned():
    frame = a_table(x=np.linspace(0, 1, 60), one=["a"] * 60, id=[f"{i}q" for i in range(60)])
    gaps = frame.assign(y=frame["y"].where(frame.index != 4).where(frame.index < 9))
    assert refused(frame, "Y") == (
        "target column 'Y' is missing: did you mean 'y'? The columns are: 'y', 'x', 'one', 'id'"
    )
    assert refused(frame, "ones") == (
        "target column 'ones' is missing: did you mean 'one'? The columns are: 'one', 'x', 'id', "
        "'y'"
    )
    assert refused(gaps) == (
        "target 'y': 52 rows have no value (row 4, 9, 10, …); fill them in, or drop these rows"
    )
    assert refused(frame, "one") == "target 'one' has only one value, 'a': nothing to learn"
    assert refused(frame, "id") == (
        "target 'id' has 60 different texts in 60 rows: neither classes nor numbers; "
        "name another target"
    )
    assert refused(frame, []) == "no target is named; pass the column to predict"
    assert refused(frame.head(0)) == "the table has no rows"


def test_features_that_cannot_be_read():
    x = np.linspace(0, 1, 60)
    infinite, stray = x.copy(), [f"{value:.4f}" for value in x]
    infinite[3], stray[5] = np.inf, "?"
    assert refused(a_table(x=infinite)) == (
        "column 'x': row 3 holds inf, but a finite number is needed; correct it or leave it empty"
    )
    assert refused(a_table(x=stray)) == (
        "column 'x': row 5 holds '?' among numbers; correct it or leave it empty, "
        "or pass kinds={'x': 'category'}"
    )
    assert refused(a_table(x=[[1, 2]] * 60)) == (
        "column 'x': row 0 holds a list: a cell must be one value; drop the column or split it up"
    )
    assert refused(a_table(row=range(60), same=[1] * 60)) == (
        "no column is left to learn from: 'row' (identifier), 'same' (constant), 'y' (target); "
        "pass kinds={...}"
    )


def test_kinds_that_are_none():
    frame = a_table(x=np.linspace(0, 1, 60))
    assert refused(frame, kinds={"z": "number"}) == (
        "column 'z' is missing; the columns are: 'x', 'y'"
    )
    assert refused(frame, kinds={"x": "numbr"}, error=UnknownNameError) == (
        "unknown kind for column 'x': 'numbr': did you mean 'number'? "
        "Valid: boolean, category, constant, date, identifier, number, text"
    )
