import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampas.errors import DataError
from lampas.series.spans import Spans, divide


@given(
    steps=st.integers(1, 400), lookback=st.integers(1, 50), horizon=st.integers(1, 30),
    backtest=st.one_of(st.floats(0, 0.5), st.integers(1, 50)),
    validation=st.floats(0, 0.3), calibration=st.floats(0, 0.3),
)  # fmt: skip
def test_spans_follow_each_other_or_are_refused(
    steps, lookback, horizon, backtest, validation, calibration
):
    try:
        spans = divide(steps, lookback, horizon, backtest, validation, calibration)
    except DataError:
        return
    assert lookback + horizon <= spans.train <= spans.validation <= spans.calibration <= spans.end
    assert spans.end == steps
    assert (spans.validation - spans.train >= horizon) == (validation > 0)
    assert (spans.calibration - spans.validation >= horizon) == (calibration > 0)


def test_fewer_rows_than_one_window():
    with pytest.raises(DataError) as error:
        divide(12, 6, 4, backtest=2, validation=0, calibration=0.1)
    assert str(error.value) == (
        "6 of 12 steps are left to train on, fewer than one window of lookback 6 + horizon 4 (0 "
        "validate, 4 calibrate, 2 are held out): pass a smaller horizon, lookback or backtest, "
        "or more data"
    )
    assert divide(16, 6, 4, 2, 0, 0.1) == Spans(10, 10, 14, 16)
