import numpy as np
import pandas as pd
import pytest

from lampas.series.backtest import Backtest, Forecasts
from lampas.series.baselines import forecasts
from lampas.series.scale import Scale


def test_baselines_see_the_past_alone_and_are_the_textbooks():
    values = np.array([[3.0], [1.0], [4.0], [1.0], [5.0], [9.0], [2.0]])
    found = forecasts(values, np.array([4, 6]), horizon=3, season=2)
    assert found.shape == (3, 2, 3, 1)
    assert found[0, :, :, 0].tolist() == [[1, 1, 1], [9, 9, 9]]
    assert found[1, :, :, 0].tolist() == [[4, 1, 4], [5, 9, 5]]
    slope = (9 - 3) / 5
    np.testing.assert_allclose(found[2, 1, :, 0], [9 + slope, 9 + 2 * slope, 9 + 3 * slope])
    changed = values.copy()
    changed[6] = 1e6
    assert np.array_equal(found, forecasts(changed, np.array([4, 6]), 3, 2))


def test_a_short_past_and_a_season_of_one_are_naive():
    values = np.arange(5.0)[:, None]
    found = forecasts(values, np.array([2]), 3, season=4)
    assert found[1].ravel().tolist() == [1, 1, 0]  # what lies a season back only at the third
    assert np.array_equal(forecasts(values, np.array([3]), 2, 1)[0],
                          forecasts(values, np.array([3]), 2, 1)[1])  # fmt: skip
    assert forecasts(values, np.array([1]), 2, 1)[2].ravel().tolist() == [0, 0]


def made(ours, truth=(10.0, 12.0, np.nan), simple=(11.0, 9.0, 20.0)):
    said = np.array([[[value - 1, value, value + 1]] for value in ours])[None]
    truths = np.array(truth)[None, :, None]
    base = np.stack([np.full((1, 3, 1), value) for value in simple])
    return Forecasts([None], np.array([0]), said, truths, base, np.full((1, 1), 2.0))


def test_scores_are_of_what_is_known():
    tested = Backtest.of(made((10.5, 15.0, 0.0)), ("y",), ["net"], (0.1, 0.5, 0.9))
    assert tested.metrics() == pytest.approx(
        {"mae": 1.75, "rmse": np.sqrt((0.25 + 9) / 2), "mase": 0.875, "coverage": 0.5}
    )
    again = Backtest.from_json(tested.to_json())
    assert again.frame.equals(tested.frame)
    assert str(again) == str(tested)


def test_the_report_says_in_plain_words_what_a_net_does_not_beat():
    worse = Backtest.of(made((13.0, 12.0, 0.0)), ("y",), ["net"], (0.1, 0.5, 0.9))
    assert str(worse).splitlines() == [
        "Backtest: 1 origin, up to 3 steps ahead; coverage: of the 80 % interval",
        "         model     mae    rmse    mase  coverage",
        "           net  1.5000  2.1213  0.7500      50 %",
        "         naive  1.0000  1.0000  0.5000         -",
        "seasonal naive  2.0000  2.2361  1.0000         -",
        "         drift  9.0000  9.0554  4.5000         -",
        "y: net does not beat naive: MAE 1.5000 against 1.0000, 50 % more",
        "y: 50 % of the values were inside the 80 % interval: it is too narrow",
    ]
    better = Backtest.of(made((10.5, 12.0, 0.0)), ("y",), ["net"], (0.1, 0.5, 0.9))
    assert better.verdicts() == [
        "y: net beats naive, the best baseline: MAE 0.2500 against 1.0000, 75 % less",
        "y: 100 % of the values were inside the 80 % interval: it is too wide",
    ]
    meant = Backtest.of(made((10.5, 12.0, 0.0)), ("y",), ["net"], (0.05, 0.5, 0.95))
    assert len(meant.verdicts()) == 1  # 100 % is near enough to 90 %


def test_a_net_that_was_left_out_is_judged_beside():
    left = {"net": made((13.0, 12.0, 0.0))}
    tested = Backtest.of(made((10.5, 12.0, 0.0)), ("y",), ["damped trend"], (0.05, 0.95), left)
    assert tested.verdicts() == [
        "y: damped trend beats naive, the best baseline: MAE 0.2500 against 1.0000, 75 % less",
        "y: net (left out) does not beat naive: MAE 1.5000 against 1.0000, 50 % more",
    ]
    assert tested.metrics()["mae"] == 0.25


def test_a_perfect_baseline_is_no_division_by_zero():
    tested = Backtest.of(
        made((10.0, 10.0, 10.0), truth=(10.0, 10.0, 10.0), simple=(10.0, 10.0, 10.0)),
        ("y",), ["net"], (0.05, 0.5, 0.95),
    )  # fmt: skip
    assert tested.verdicts() == ["y: net does not beat naive: MAE 0.0000 against 0.0000"]
    scale = Scale.fit(np.full((9, 2), 3.0), targets=1, season=2)
    assert scale.scale == (1.0, 1.0)
    assert isinstance(tested.frame, pd.DataFrame)


def test_what_is_equal_beats_nothing():
    same = Backtest.of(made((11.0, 11.0, 0.0)), ("y",), ["last season"], (0.25, 0.5, 0.75))
    assert same.verdicts()[0] == (
        "y: last season does as well as naive, the best baseline: MAE 1.0000 against 1.0000"
    )


def test_a_notebook_sees_a_table_and_the_verdicts():
    tested = Backtest.of(made((10.0, 11.0, 0.0)), ("sold<b>",), ("net",), (0.1, 0.9))
    html = tested._repr_html_()
    assert html.startswith("<p>Backtest: 1 origin, up to 3 steps ahead; coverage: of the 80 %")
    assert "<thead><tr><th>model</th><th>mae</th>" in html
    assert html.endswith(f"<p>{'<br>'.join(tested.verdicts()).replace('<b>', '&lt;b&gt;')}</p>")
