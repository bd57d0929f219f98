import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from lampas.evidence import Evidence
from lampas.page.measures import average_precision, f1, measures, roc_auc


@st.composite
def weighted_classes(draw):
    """Classes, scores with ties, and the weights of a few draws."""
    count = draw(st.integers(4, 30))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    true = random.permutation(np.arange(count) % 2 == 0)
    share = random.integers(0, draw(st.integers(1, 12)), count) / 12
    return true, share, random.multinomial(count, np.full(count, 1 / count), size=3).astype(float)


@settings(max_examples=80, deadline=None)
@given(weighted_classes())
def test_two_classes_are_scored_as_by_scikit_learn(sample) -> None:
    true, share, weights = sample
    ours = roc_auc(true, share)(weights), average_precision(true, share)(weights)
    for place, w in enumerate(weights):
        if 0 < w[true].sum() < w.sum():
            wanted = (
                metrics.roc_auc_score(true, share, sample_weight=w),
                metrics.average_precision_score(true, share, sample_weight=w),
            )
            assert (ours[0][place], ours[1][place]) == pytest.approx(wanted)
        else:
            assert np.isnan([ours[0][place], ours[1][place]]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_f1_is_that_of_scikit_learn(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    true, said = random.integers(0, classes, (2, 20))
    weights = random.integers(0, 3, (2, 20)).astype(float)
    average = "binary" if classes == 2 else "macro"
    wanted = [
        metrics.f1_score(true, said, average=average, sample_weight=w, zero_division=0.0)
        for w in weights
    ]
    assert f1(true, said, classes)(weights) == pytest.approx(wanted)


def test_numbers_are_scored_as_by_scikit_learn() -> None:
    random = np.random.default_rng(0)
    true, said, w = random.normal(1e6, 1, 50), random.normal(1e6, 1, 50), random.integers(0, 4, 50)
    evidence = Evidence("regression", (), pd.DataFrame({"y": true}), pd.DataFrame({"y": said}),
                        lambda places: [])  # fmt: skip
    found = {name: score(w[None] * 1.0)[0] for name, score in measures(evidence).items()}
    assert found["r2"] == pytest.approx(metrics.r2_score(true, said, sample_weight=w))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(true, said, sample_weight=w))
    one = np.zeros((1, 50))
    one[0, 3] = 50
    assert np.isnan(measures(evidence)["r2"](one)[0])  # one sample alone has no spread
