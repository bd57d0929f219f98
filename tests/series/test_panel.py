import numpy as np
import pandas as pd
import pytest

from lampas.errors import InputError
from lampas.series.panel import Columns, carried, read_panel

ONE = Columns("day", None, ("y",))
MANY = Columns("day", "shop", ("y",))


def table(days, y, **more):
    return pd.DataFrame({"day": days, "y": y, **more})


def days(*numbers):
    return [f"2024-01-{number:02d}" for number in numbers]


def test_rows_come_as_series_on_one_grid():
    frame = table(days(2, 3, 4, 1, 2, 3), [1.0, 2, 3, 4, 5, 6], shop=list("aaabbb"))
    panel = read_panel(frame, MANY)
    assert [(one.key, one.first, one.values[:, 0].tolist()) for one in panel.series] == [
        ("a", 1, [1, 2, 3]), ("b", 0, [4, 5, 6]),
    ]  # fmt: skip
    assert panel.stamps[0] == pd.Timestamp("2024-01-01")
    assert panel.after(panel.series[1], 1)[0] == pd.Timestamp("2024-01-04")


def test_gaps_are_carried_from_the_past_alone():
    frame = table(days(1, 2, 3, 4, 7), [np.nan, 1, np.nan, 3, 9])
    panel = read_panel(frame, ONE, frequency="D", gaps="carry")
    (one,) = panel.series
    assert one.first == 1
    assert one.values[:, 0].tolist() == [1, 1, 3, 3, 3, 9]
    assert one.seen[:, 0].tolist() == [True, False, True, False, False, True]
    assert carried(panel) == 3


FIX = "fill it, or pass gaps='carry' to carry the last value forward"


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (
            table(days(1, 3, 2), [1, 2, 3]), ONE,
            "time column 'day': row 2 holds 2024-01-02 00:00:00, which is before "
            "2024-01-03 00:00:00: sort the rows by 'day', or name the column that tells "
            "several series apart",
        ),
        (
            table(days(1, 2, 2), [1, 2, 3]), ONE,
            "time column 'day': row 2 holds 2024-01-02 00:00:00, as does the row before: drop "
            "one, or name the series column",
        ),
        (
            table(days(1, 2, 2), [1, 2, 3], shop=list("aaa")), MANY,
            "time column 'day': row 2 of series 'a' holds 2024-01-02 00:00:00, as does the row "
            "before: drop one of them",
        ),
        (
            table([1, 2, 3, 4, 6, 7], [1, 2, 3, 4, 5, 6]), ONE,
            f"time column 'day': row 4 holds 6 after 4: 1 stamp is missing between them: {FIX}",
        ),
        (
            table([*days(1, 2, 3, 4, 5, 6), "2024-01-06T12:00"], [1, 2, 3, 4, 5, 6, 7]), ONE,
            "time column 'day': row 6 holds 2024-01-06 12:00:00 after 2024-01-06 00:00:00, which "
            "is off the regular steps of a day: resample the table, or correct it",
        ),
        (table(days(1, 2, 3), [1, np.nan, 3]), ONE,
         f"target 'y': row 1, 2024-01-02 00:00:00, holds no value: {FIX}"),
        (
            table(days(1, 2, 3), ["1", "x", "3"]), ONE,
            "column 'y': row 1 holds 'x', but a number is needed; correct it or leave it empty",
        ),
        (
            table(days(1, 2, 3), [1, np.inf, 3]), ONE,
            "column 'y': row 1 holds inf, but a finite number is needed; correct it or leave it "
            "empty",
        ),
        (
            table(days(1, 2, 3), [1, 2, 3]), Columns("date", None, ("y",)),
            "time column 'date' is missing; the columns are: 'day', 'y'",
        ),
        (
            table(days(1, 2, 3), [1, 2, 3]), Columns("day", None, ("x",)),
            "target column 'x' is missing; the columns are: 'day', 'y'",
        ),
        (
            table(days(1, 2, 3), [1, 2, 3]), Columns("day", None, ("y",), ("y",)),
            "column 'y' has two roles: name it once among time, series, target, known and past",
        ),
        (
            table(days(1, 2, 3), [1, 2, 3], shop=["a", None, "a"]), MANY,
            "series column 'shop': row 1 holds nothing",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_row(frame, columns, message):
    with pytest.raises(InputError) as error:
        read_panel(frame, columns)
    assert str(error.value) == message


def test_a_column_without_a_value_and_an_unknown_rule():
    frame = table(days(1, 2, 3), [np.nan] * 3)
    with pytest.raises(InputError) as error:
        read_panel(frame, ONE, gaps="carry")
    assert str(error.value) == "column 'y' has no value at all"
    with pytest.raises(InputError) as error:
        read_panel(frame, ONE, gaps="fill")
    assert str(error.value) == "unknown gaps 'fill'. Valid: carry, refuse"


def test_later_data_must_have_the_trainings_clock():
    clock = read_panel(table(days(1, 2, 3), [1, 2, 3]), ONE).clock
    with pytest.raises(InputError) as error:
        read_panel(table([1, 2, 3], [1, 2, 3]), ONE, clock)
    assert str(error.value) == "time column 'day' holds integers; training had dates"
