"""The preparation: fitted on training rows, restored exactly, at home with what is new."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import PowerTransformer

from lampas.datasets import titanic
from lampas.errors import DataError
from lampas.tables.coders import CategoryCoder, NumberCoder, TextCoder
from lampas.tables.infer import infer
from lampas.tables.prepare import Preparer
from lampas.tables.schema import Column

TRAIN, TEST = titanic()


def a_table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "plain": rng.normal(size=rows),
            "skewed": np.exp(2 * rng.normal(size=rows)),
            "gappy": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], rows),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "flag": rng.choice([True, False], rows),
            "y": rng.integers(0, 2, rows),
        }
    )


def fitted(frame, target):
    return Preparer.fit(infer(frame, target), frame)


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in ("numbers", "categories"))


def restored(preparer):
    plain, arrays = preparer.state()
    return Preparer.from_state(json.loads(json.dumps(plain)), arrays)


@pytest.mark.parametrize(("train", "test", "target"), [
    (TRAIN, TEST, "Survived"), (a_table(), a_table(seed=1), "y"),
])  # fmt: skip
def test_what_is_restored_transforms_exactly_alike(train, test, target):
    preparer = fitted(train, target)
    expected = preparer.transform(test)
    assert same(restored(preparer).transform(test), expected)
    assert same(restored(preparer).transform(test[test.columns[::-1]]), expected)
    assert restored(preparer).features == preparer.features


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(40)), st.integers(1, 40))
def test_a_row_is_transformed_the_same_whatever_stands_around_it(order, count):
    preparer, frame = fitted(a_table(), "y"), a_table(40, seed=2)
    rows = list(order)[:count]
    whole, some = preparer.transform(frame), preparer.transform(frame.iloc[rows])
    assert torch.equal(whole["numbers"][rows], some["numbers"])
    assert torch.equal(whole["categories"][rows], some["categories"])


def test_the_training_rows_are_standardised():
    numbers = fitted(a_table(), "y").transform(a_table())["numbers"]
    assert numbers.dtype == torch.float32
    torch.testing.assert_close(numbers.mean(0), torch.zeros(numbers.shape[1]), atol=1e-5, rtol=0)
    assert set(numbers.std(0, correction=0).round(decimals=2).tolist()) <= {0.0, 1.0}


def test_a_skewed_number_gets_scikit_learns_power():
    values = a_table()["skewed"]
    coder = NumberCoder.fit(Column("skewed", "number"), values)
    expected = PowerTransformer(standardize=False).fit_transform(values.to_numpy()[:, None])
    np.testing.assert_allclose(coder.encode(values), expected, rtol=1e-9)
    assert NumberCoder.fit(Column("plain", "number"), a_table()["plain"]).power is None


@pytest.mark.parametrize("power", [-1.0, 0.0, 0.5, 2.0, 3.0])
def test_the_power_of_numbers_below_zero(power):
    values = np.linspace(-3, 3, 13)
    sklearns = PowerTransformer(standardize=False)
    sklearns.fit(values[:, None])
    sklearns.lambdas_ = np.array([power])
    coder = NumberCoder("x", False, 0.0, False, power)
    expected = sklearns.transform(values[:, None])
    np.testing.assert_allclose(coder.encode(pd.Series(values)), expected, rtol=1e-9, atol=1e-12)


def test_a_gap_gets_the_median_and_says_so():
    coder = NumberCoder.fit(Column("x", "number"), pd.Series([1.0, 2.0, 9.0, None]))
    assert coder.encode(pd.Series([5.0, None])).tolist() == [[5.0, 0.0], [2.0, 1.0]]


def test_gaps_that_training_did_not_have():
    preparer, frame = fitted(a_table(), "y"), a_table(5)
    gaps = frame.assign(plain=None, city=None, when=None, flag=None)
    tensors = preparer.transform(gaps)
    assert tensors["numbers"].isfinite().all()
    assert tensors["categories"].tolist() == [[0]] * 5


def test_unseen_and_rare_categories_share_a_place():
    cells = pd.Series(["a"] * 60 + ["b"] * 58 + ["rare"] * 2)
    coder = CategoryCoder.fit(Column("c", "category"), cells)
    assert coder.encode(pd.Series(["a", "b", "rare", "new", None])).tolist() == [2, 3, 1, 1, 0]
    assert coder.cardinality == 4


def test_whole_numbers_that_a_gap_made_floats_are_the_same_category():
    coder = CategoryCoder.fit(Column("c", "category"), pd.Series([1, 2, 1, 2]))
    assert coder.encode(pd.Series([1.0, 2.0, None])).tolist() == [2, 3, 0]


def test_text_finds_what_goes_with_the_target():
    coders = {coder.name: coder for coder in fitted(TRAIN, "Survived").coders}
    name = coders["Name"]
    assert isinstance(name, TextCoder)
    assert {"mr", "mrs", "miss"} <= set(name.tokens)
    held = name.encode(pd.Series(["Smith, Mrs. John", None]))
    assert held[:, name.tokens.index("mrs")].tolist() == [1.0, 0.0]


def test_a_date_becomes_its_parts():
    frame = a_table()
    preparer = Preparer.fit(infer(frame[["when", "y"]], "y"), frame)
    coder = preparer.coders[0]
    found = coder.encode(pd.Series([pd.Timestamp("2024-04-01 06:00")]))[0]
    day = dict(zip(coder.features, found, strict=True))
    assert day["when days"] == 19814.25
    assert day["when year"] == 2024
    assert day["when month sin"] == pytest.approx(1.0)
    assert day["when hour sin"] == pytest.approx(1.0)
    assert day["when weekday cos"] == pytest.approx(1.0)
    assert day["when is missing"] == 0


def test_far_out_numbers_are_clipped():
    numbers = fitted(a_table(), "y").transform(a_table(3).assign(plain=1e30))["numbers"]
    assert numbers.abs().max() <= 8


def test_one_matrix_holds_it_all():
    preparer, frame = fitted(a_table(), "y"), a_table(7)
    matrix, tensors = preparer.matrix(frame), preparer.transform(frame)
    count = tensors["numbers"].shape[1]
    assert matrix.shape == (7, preparer.width)
    assert torch.equal(matrix[:, :count], tensors["numbers"])
    assert torch.equal(matrix[:, count:].argmax(1), tensors["categories"][:, 0])


def test_tables_of_one_kind_have_the_other_tensor_with_no_columns():
    frame = a_table()
    only_numbers = fitted(frame[["plain", "y"]], "y").transform(frame)
    only_words = fitted(frame[["city", "y"]], "y").transform(frame)
    assert only_numbers["categories"].shape == (120, 0)
    assert only_words["numbers"].shape == (120, 0)
    assert only_words["categories"].shape == (120, 1)


def test_a_column_that_is_not_there():
    with pytest.raises(DataError) as caught:
        fitted(a_table(), "y").transform(a_table().drop(columns="city"))
    assert str(caught.value) == (
        "column 'city' is missing; the columns are: 'plain', 'skewed', 'gappy', 'when', 'flag', 'y'"
    )


def test_places_say_what_each_column_becomes():
    frame = a_table()
    preparer = fitted(frame, "y")
    before, wide = preparer.transform(frame), preparer.matrix(frame)
    assert set(preparer.places) == set(preparer.matrix_places) == set(frame.columns) - {"y"}
    other = a_table(seed=1)
    seen = {"numbers": np.zeros(len(preparer.centre)), "categories": np.zeros(1)}
    for name, (part, span) in preparer.places.items():
        mixed = frame.assign(**{name: other[name]})
        after = preparer.transform(mixed)
        moved = (after[part] != before[part]).any(0).numpy()
        assert not np.delete(moved, np.r_[span]).any()
        assert moved[span].any()
        seen[part][span] += 1
        changed = (preparer.matrix(mixed) != wide).any(0).numpy()
        at = preparer.matrix_places[name]
        assert changed[at].any()
        assert not np.delete(changed, np.r_[at]).any()
    assert (seen["numbers"] == 1).all()
    assert (seen["categories"] == 1).all()
    spans = sorted((span.start, span.stop) for span in preparer.matrix_places.values())
    assert spans[0][0] == 0
    assert spans[-1][1] == preparer.width
    assert all(left[1] == right[0] for left, right in itertools.pairwise(spans))
