"""The schema as JSON, and what it says of tables that do not fit it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import DataError
from lampas.tables.infer import infer
from lampas.tables.schema import KINDS, Column, Schema

TABLE = pd.DataFrame(
    {
        "age": np.linspace(1, 80, 40),
        "sex": ["male", "female"] * 20,
        "code": ["1", "2", "x", "y"] * 10,
        "member": ["yes", "no"] * 20,
        "joined": pd.date_range("2024-01-01", periods=40).astype(str),
        "note": [f"{title} {i}x" for i, title in enumerate(["Mr.", "Mrs."] * 20)],
        "row": range(40),
        "y": ["no", "yes"] * 20,
    }
)
SCHEMA = infer(TABLE, "y")


def refused(frame, targets=False):
    with pytest.raises(DataError) as caught:
        SCHEMA.check(frame, targets=targets)
    return str(caught.value)


columns = st.builds(
    Column,
    name=st.text(),
    kind=st.sampled_from(KINDS),
    missing=st.floats(0, 1),
    low=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    values=st.lists(st.text() | st.integers() | st.booleans(), max_size=3).map(tuple),
    pattern=st.none() | st.just("ISO8601"),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(columns, max_size=4), st.sampled_from(["binary", "regression"]))
def test_json_and_back_is_the_same_schema(listed, task):
    schema = Schema(tuple(listed), task)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_what_fits():
    SCHEMA.check(TABLE, targets=True)
    SCHEMA.check(TABLE[TABLE.columns[::-1]].assign(extra=1), targets=True)
    SCHEMA.check(TABLE.drop(columns=["row", "y"]))
    SCHEMA.check(TABLE.assign(sex="other", age=np.nan, note=12))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": "old"}, "column 'age': row 0 holds 'old', but a number is needed; "
         "correct it or leave it empty"),
        ({"age": -np.inf}, "column 'age': row 0 holds -inf, but a finite number is needed; "
         "correct it or leave it empty"),
        ({"sex": 1.5}, "column 'sex': row 0 holds 1.5, a number, where training had text "
         "(male, female)"),
        ({"member": "perhaps"}, "column 'member': row 0 holds 'perhaps', but true or false "
         "(yes/no, 1/0) is needed"),
        ({"joined": "31/12/2024"}, "column 'joined': row 0 holds '31/12/2024', but a date like "
         "2024-12-31 is needed"),
        ({"joined": 20241231}, "column 'joined': row 0 holds 20241231, but a date like "
         "2024-12-31 is needed"),
        ({"y": "maybe"}, "target 'y': row 0 holds 'maybe', a class that training did not have "
         "(no, yes)"),
        ({"y": None}, "target 'y': 40 rows have no value (row 0, 1, 2, …); "
         "fill them in, or drop these rows"),
    ],
)  # fmt: skip
def test_the_first_column_that_does_not_fit(change, message):
    assert refused(TABLE.assign(**change), targets=True) == message


def test_the_row_is_named_by_the_index():
    frame = TABLE.assign(age=[*TABLE["age"][:-1], "old"]).set_index(TABLE.index + 100)
    assert refused(frame).startswith("column 'age': row 139 holds 'old'")


def test_missing_columns_and_rows():
    assert refused(TABLE.rename(columns={"joined": "join"})) == (
        "column 'joined' is missing: did you mean 'join'? The columns are: "
        "'join', 'age', 'sex', 'code', 'member', 'note', 'row', 'y'"
    )
    assert refused(TABLE.drop(columns="y"), targets=True).startswith("column 'y' is missing")
    assert refused(TABLE.head(0)) == "the table has no rows"


def test_the_only_column_that_another_delimiter_would_split():
    asked = TABLE.set_axis([";".join(TABLE.columns), *TABLE.columns[1:]], axis=1).iloc[:, :1]
    assert refused(asked) == (
        "column 'age' is missing: the only column is 'age;sex;code;member;joined;note;row;y', "
        "which ';' would split; pass delimiter=';'"
    )
    tabs = asked.set_axis(['"Age"\t"sex"'], axis=1)
    assert refused(tabs) == (
        "column 'age' is missing: the only column is '\"Age\"\\t\"sex\"', which '\\t' would "
        "split; pass delimiter='\\t'"
    )
    assert refused(asked.set_axis(["a;b"], axis=1)) == (
        "column 'age' is missing; the columns are: 'a;b'"
    )


def test_columns_of_mostly_unseen_categories_are_told():
    assert SCHEMA.remarks(TABLE) == []
    assert SCHEMA.remarks(TABLE.assign(sex="robot")) == [
        "column 'sex': 40 of 40 rows hold a category that training did not see, as 'robot'"
    ]
    half = TABLE.assign(sex=["robot"] * 20 + ["male"] * 19 + [None])
    assert SCHEMA.remarks(half) == []
    most = TABLE.assign(sex=["male"] * 19 + ["robot"] * 21)
    assert SCHEMA.remarks(most)[0].startswith("column 'sex': 21 of 40 rows")
