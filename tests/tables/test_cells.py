"""Cells, whatever dtype pandas chose for them."""

import numpy as np
import pandas as pd
import pytest

from lampas.tables import cells


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, None]),
        pd.Series([1, 2, None], dtype="Int64"),
        pd.Series(["1", " 2", ""]),
        pd.Series(["1", "2", None], dtype="string"),
        pd.Series(["1", "2", None], dtype=object),
        pd.Series(["1", "2", None], dtype="category"),
        pd.Series([1.0, 2.0, np.nan], dtype="float32"),
    ],
)
def test_one_column_in_many_dtypes(column):
    np.testing.assert_array_equal(cells.numbers(column), [1, 2, np.nan])
    assert cells.labels(column).tolist() == ["1", "2", None]
    assert cells.present(column).tolist() == [True, True, False]
    assert cells.number_share(column) == 1.0


def test_dates_with_a_zone_become_utc():
    column = pd.Series(["2024-01-01T12:00:00+02:00", None])
    read = cells.dates(column, "ISO8601")
    assert read[0] == pd.Timestamp("2024-01-01 10:00")
    assert read.isna().tolist() == [False, True]


def test_a_month_over_twelve_tells_which_comes_first():
    assert cells.date_format(pd.Series(["01/02/2024", "12/31/2024"])) == "%m/%d/%Y"
    assert cells.date_format(pd.Series(["01/02/2024", "31/12/2024"])) == "%d/%m/%Y"
    assert cells.date_format(pd.Series(["31/31/2024"])) is None
    assert cells.date_format(pd.Series(["call 555-01-22"])) is None
