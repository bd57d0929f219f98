"""Intervals follow the errors that are known, and no others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lampas
from lampas.series.backtest import Forecasts
from lampas.series.reach import MOST, RATE, followed, stretched

LEVELS = (0.1, 0.5, 0.9)


def made(truth, half=1.0, horizon=3, step=1, key=None):
    """Forecasts of 0 with an interval of +-`half` from each place of `truth` (n,)."""
    origins = np.arange(0, len(truth), step)
    ahead = np.append(truth, np.full(horizon, np.nan))
    truths = np.stack([ahead[place : place + horizon] for place in origins])[..., None]
    said = np.broadcast_to([-half, 0.0, half], (*truths.shape, 3)).copy()
    empty = np.zeros((3, *truths.shape))
    return Forecasts([key] * len(origins), origins, said, truths, empty, np.ones((len(origins), 1)))


def reach_of(found, end, start=1.0, since=0, levels=LEVELS):
    reach = {key: np.full((1, len(levels) // 2), start) for key in found.keys}
    after, newest = followed(found, levels, reach, since, end)
    return after.said[:, :, 0, -1], newest


def test_an_interval_grows_by_what_it_missed_and_shrinks_by_what_it_held():
    high, newest = reach_of(made(np.array([0.5, 9.0, 0.5, 0.5])), end=4)
    inside, outside = np.exp(-0.2 * RATE), np.exp(0.8 * RATE)
    # At each origin all steps ahead have the same factor: of the steps before it.
    expected = np.cumprod([1.0, inside, outside, inside])
    np.testing.assert_allclose(high, np.repeat(expected[:, None], 3, axis=1))
    np.testing.assert_allclose(newest[None], [[expected[-1] * inside]])


def test_each_forecast_is_judged_by_the_interval_that_it_had():
    # The truth is between what was said first and what was said later: the old ones missed it.
    found = made(np.array([2.0, 2.0, 2.0, 2.0]), horizon=1)
    high, _ = reach_of(found, end=4, start=1.9)
    np.testing.assert_allclose(high[:, 0], 1.9 * np.exp(RATE * np.array([0, 0.8, 0.6, 0.4])))


@given(st.lists(st.floats(-9, 9), min_size=6, max_size=30), st.integers(0, 29), st.floats(-99, 99))
def test_nothing_of_the_future_is_used(truth, place, other):
    place = min(place, len(truth) - 1)
    changed = np.array(truth)
    changed[place] = other
    one, _ = reach_of(made(np.array(truth)), end=len(truth))
    two, _ = reach_of(made(changed), end=len(truth))
    assert np.array_equal(one[: place + 1], two[: place + 1])


def test_what_was_followed_in_two_parts_is_what_was_followed_at_once():
    truth = np.random.default_rng(0).normal(size=40)
    whole, newest = reach_of(made(truth), end=40)
    half, after = reach_of(made(truth[:25]), end=25)
    np.testing.assert_array_equal(whole[:25], half)
    # Origins whose steps were partly known before: judged by the interval that they have now.
    found = made(truth)
    late = np.arange(40) >= 25
    part = Forecasts(
        [None] * 15, found.origins[late], found.said[late], found.truth[late],
        found.simple[:, late], found.scale[late],
    )  # fmt: skip
    said, reach = followed(part, LEVELS, after, 25, 40)
    assert said.said[0, 0, 0, -1] == whole[25, 0]
    np.testing.assert_allclose(reach[None], newest[None], rtol=0.1)


def test_steps_that_were_followed_before_are_passed_over():
    _, newest = reach_of(made(np.full(10, 9.0)), end=10, since=10)
    assert newest[None].tolist() == [[1.0]]


@pytest.mark.parametrize("spread", [0.2, 5.0])
def test_a_wrong_width_is_found_out(spread):
    truth = spread * np.random.default_rng(0).normal(size=400)
    high, _ = reach_of(made(truth), end=400)
    inside = np.abs(truth[100:]) <= high[100:, 0]
    assert abs(inside.mean() - 0.8) < 0.03
    assert abs(high[100:, 0].mean() / (1.28 * spread) - 1) < 0.2


def test_unknown_steps_and_stand_stills_change_nothing_more_than_the_bounds():
    high, newest = reach_of(made(np.full(30, np.nan)), end=30)
    assert (high == 1).all()
    _, newest = reach_of(made(np.zeros(300), half=0.0), end=300)
    assert newest[None].tolist() == [[1 / MOST]]
    _, newest = reach_of(made(np.ones(300), half=0.0), end=300)
    assert newest[None].tolist() == [[MOST]]


def test_origins_with_steps_between_them_and_several_pairs_and_series():
    levels = (0.05, 0.1, 0.5, 0.9, 0.95)
    found = [made(np.full(9, value), step=3, key=key) for key, value in (("a", 0.0), ("b", 9.0))]
    wide = [np.concatenate([f.said[..., [0]] * 2, f.said, f.said[..., [2]] * 2], -1) for f in found]
    both = Forecasts(
        [key for f in found for key in f.keys], np.concatenate([f.origins for f in found]),
        np.concatenate(wide), np.concatenate([f.truth for f in found]),
        np.zeros((3, 6, 3, 1)), np.ones((6, 1)),
    )  # fmt: skip
    after, newest = followed(both, levels, {key: np.ones((1, 2)) for key in "ab"}, 0, 9)
    assert (np.diff(after.said, axis=-1) >= 0).all()
    np.testing.assert_allclose(newest["a"], np.exp(RATE * 9 * -np.array([[0.1, 0.2]])))
    np.testing.assert_allclose(newest["b"], np.exp(RATE * 9 * np.array([[0.9, 0.8]])))


def test_stretched_quantiles_keep_their_order():
    said = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert stretched(said, np.array([0.1, 2.0])).tolist() == [0.0, 1.8, 2.0, 2.2, 4.0]


@pytest.fixture(scope="module")
def grown():
    """Noise that grows threefold after what the model learnt, and the model."""
    noise = np.random.default_rng(0).normal(size=400) * np.where(np.arange(400) < 300, 1, 3)
    cycle = 10 * np.sin(2 * np.pi * np.arange(400) / 7)
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=400), "sold": noise + cycle})
    fitted = lampas.timeseries(
        frame[:300], "sold", time="day", horizon=7, backtest=30, epochs=8, verbose=0
    )
    return fitted, frame


def width(frame):
    return float((frame["q90"] - frame["q10"]).mean())


def test_a_forecast_from_newer_rows_follows_their_errors(grown):
    fitted, frame = grown
    before = fitted.reach[None].copy()
    calm = width(fitted.forecast(data=frame[:300]))
    assert calm == pytest.approx(width(fitted.forecast()))
    assert width(fitted.forecast(data=frame)) > 1.7 * calm
    assert np.array_equal(before, fitted.reach[None])  # a forecast changes no model


def test_newer_rows_are_tested_from_where_the_held_out_ones_ended(grown):
    fitted, frame = grown
    rows = fitted.sizes.lookback
    newer = fitted.backtest(frame[300 - rows :], origins=100)
    assert 0.7 < newer.metrics()["coverage"] < 0.87
    again = fitted.backtest(frame[:300], origins=30)
    assert again.frame.equals(fitted.tested.frame)


def test_reach_is_saved(grown, tmp_path):
    fitted, frame = grown
    fitted.save(tmp_path / "run.lampas")
    again = lampas.load(tmp_path / "run.lampas")
    assert np.array_equal(again.reach[None], fitted.reach[None])
    assert again.forecast(data=frame).equals(fitted.forecast(data=frame))
