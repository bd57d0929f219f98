import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.comparison.paired import paired
from lampas.errors import InputError
from lampas.evidence import Evidence
from lampas.tables.targets import TargetCoder

CODER = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())


def two(count: int, seed: int, noise: tuple[float, float] = (1.0, 1.0)) -> tuple[Evidence, ...]:
    """Two models that see the same signal, each through noise of its own."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, count)
    frame = pd.DataFrame({"y": np.array(["no", "yes"])[truth]})
    seen = 2 * truth - 1 + draw.normal(size=count)
    logits = [torch.tensor(seen + one * draw.normal(size=count))[:, None] for one in noise]
    return tuple(
        Evidence.of(CODER, frame, CODER.decode(one, frame.index), lambda rows: []) for one in logits
    )


def numbers(truth: list[float], said: list[float], index: list[object]) -> Evidence:
    frames = [pd.DataFrame({"y": values}, index=index) for values in (truth, said)]
    return Evidence("regression", (), *frames, lambda rows: [])


def test_equal_models_are_told_apart_as_rarely_as_said() -> None:
    """Of 200 pairs that differ by nothing, 5 % should be rejected: with 200, 8 % is 2 sigma up."""
    found = [paired(*two(100, seed), draws=400) for seed in range(200)]
    rates = {
        one.name: np.mean([scores[place].more_than_chance for scores in found])
        for place, one in enumerate(found[0])
    }
    assert set(rates) == {"accuracy", "log loss", "roc_auc", "average_precision", "f1 of yes"}
    assert all(rate <= 0.08 for rate in rates.values()), rates
    assert rates["log loss"] > 0.01  # a test that never rejects would pass too


def test_a_real_difference_is_found() -> None:
    found = paired(*two(600, 0, noise=(3.0, 0.2)))
    assert all(one.more_than_chance and one.second_is_better for one in found)
    assert all(one.low * one.high > 0 for one in found)
    log_loss = next(one for one in found if one.name == "log loss")
    assert log_loss.difference < 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 2), st.integers(20, 80))
def test_exchange_turns_signs_and_nothing_else(seed: int, noise: float, count: int) -> None:
    first, second = two(count, seed, (noise, 1.0))
    for there, back in zip(
        paired(first, second, draws=200), paired(second, first, draws=200), strict=True
    ):
        assert (back.first, back.second) == (there.second, there.first)
        turned = (-back.difference, -back.high, -back.low, back.p)
        assert turned == pytest.approx((there.difference, there.low, there.high, there.p))
        assert there.more_than_chance == back.more_than_chance == (there.low * there.high > 0)


def test_the_order_of_rows_and_rows_of_one_side_alone_do_not_matter() -> None:
    first, second = two(60, 3)
    mixed = np.random.default_rng(0).permutation(60)
    turned = Evidence("binary", second.classes, second.truth.iloc[mixed],
                      second.predicted.iloc[mixed], second.show)  # fmt: skip
    assert paired(first, turned) == paired(first, second)
    part = Evidence("binary", second.classes, second.truth[:40], second.predicted[:40], second.show)
    less = Evidence("binary", first.classes, first.truth[:40], first.predicted[:40], first.show)
    assert paired(first, part) == paired(less, part)


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    sides = two(100, 5)
    assert paired(*sides, seed=1) == paired(*sides, seed=1)
    assert paired(*sides, seed=1) != paired(*sides, seed=2)


def test_the_same_predictions_differ_in_nothing() -> None:
    first, _ = two(50, 0)
    for one in paired(first, first):
        assert (one.difference, one.low, one.high, one.p) == (0, 0, 0, 1)
        assert not one.more_than_chance


def test_the_interval_is_that_of_a_difference_of_means() -> None:
    draw = np.random.default_rng(0)
    errors = draw.gamma(2, size=(2, 400))
    names = list(range(400))
    found = paired(*(numbers([0.0] * 400, list(one), names) for one in errors))[0]
    wanted = 1.96 * (errors[1] - errors[0]).std() / 20
    assert (found.high - found.low) / 2 == pytest.approx(wanted, rel=0.08)


def test_one_output_and_two_are_both_of_two_classes() -> None:
    first, second = two(40, 0)
    wide = Evidence("multiclass", second.classes, second.truth, second.predicted, second.show)
    assert paired(first, wide) == paired(first, second)


def test_what_the_samples_do_not_define_is_nan() -> None:
    first, second = two(30, 0)
    lone = [Evidence("binary", one.classes, one.truth.assign(y="yes"), one.predicted, one.show)
            for one in (first, second)]  # fmt: skip
    found = {one.name: one for one in paired(*lone)}
    assert np.isnan(found["roc_auc"].p)
    assert not found["roc_auc"].more_than_chance
    assert found["accuracy"].p <= 1


def test_what_cannot_be_compared() -> None:
    rows, half = [float(row) for row in range(30)], list(range(15))
    first = numbers(rows, rows, list(range(30)))
    cases = [
        (numbers(rows, rows, list(range(15, 45))),
         "15 held-out samples are shared, of 30 and 30; 20 are needed: train both with the same "
         "--seed and --validation"),
        (numbers([*rows[:28], 0.0, 0.0], rows, list(range(30))),
         "the truth differs in 2 of 30 shared samples, first in '28': these are not the same "
         "samples"),
        (numbers(rows, rows, half * 2), "two held-out samples of the second are called '0'"),
        (two(30, 0)[0], "the first predicts y (regression), the second y (binary): only what "
         "predicts the same can be compared"),
    ]  # fmt: skip
    for second, told in cases:
        with pytest.raises(InputError) as caught:
            paired(first, second)
        assert str(caught.value) == told
    with pytest.raises(InputError, match="draws=10: pass 100 or more, a level of 5 % needs as"):
        paired(first, first, draws=10)
