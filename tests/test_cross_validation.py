"""Folds: each sample held out once; and one table for a model trained on each."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import Subset, TensorDataset

import lampas
from lampas.errors import LampasError


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20)), min_size=6, max_size=50),
    st.integers(2, 5), st.booleans(), st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_each_sample_is_held_out_once(pairs, count, stratified, grouped, seed):
    rows, labels = list(range(len(pairs))), [label for label, _ in pairs]
    groups = [group for _, group in pairs]
    options: dict[str, Any] = {"seed": seed, "stratify": labels if stratified else None}
    options["groups"] = groups if grouped else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            found = list(lampas.folds(rows, count, **options))
        except LampasError:
            assert len(set(groups)) < count or max(map(labels.count, "ab")) < count
            return
        np.random.seed(len(rows))
        assert list(lampas.folds(rows, count, **options)) == found
    assert sorted(i for _, held in found for i in held) == rows
    for train, held in found:
        assert sorted(train + held) == rows
        if grouped:
            assert not {groups[i] for i in train} & {groups[i] for i in held}
        elif stratified:
            for name in "ab":
                assert abs(sum(labels[i] == name for i in held) - labels.count(name) / count) <= 1
        else:
            assert abs(len(held) - len(rows) / count) < 1


torch.manual_seed(0)
X = torch.randn(60, 3)
Y = (X.sum(1) > 0).long()


def make_model() -> lampas.Model:
    model = lampas.Model(nn.Linear(3, 2))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.5), "cross_entropy", ["accuracy"])
    return model


def test_one_call_one_table() -> None:
    before = torch.get_rng_state()
    table = lampas.cross_validate(make_model, X, Y, folds=4, stratify=True, epochs=10)
    assert torch.equal(torch.get_rng_state(), before)
    assert table.index.tolist() == [1, 2, 3, 4, "mean", "std"]
    assert table.index.name == "fold"
    assert list(table) == ["loss", "accuracy"]
    assert table.loc["mean", "accuracy"] > 0.85
    rows = table.loc[[1, 2, 3, 4], "accuracy"]
    assert table.loc["mean", "accuracy"] == pytest.approx(np.mean(rows))
    assert table.loc["std", "accuracy"] == pytest.approx(np.std(rows, ddof=1))
    again = lampas.cross_validate(make_model, X, Y, folds=4, stratify=True, epochs=10)
    pd.testing.assert_frame_equal(table, again)


def test_a_dataset_gives_what_its_arrays_give() -> None:
    arrays = lampas.cross_validate(make_model, X, Y, folds=3, batch_size=60)
    dataset = lampas.cross_validate(make_model, TensorDataset(X, Y), folds=3, batch_size=60)
    pd.testing.assert_frame_equal(arrays, dataset, atol=1e-6)


def test_shuffled_labels_give_chance() -> None:
    torch.manual_seed(0)
    many = torch.randn(400, X.shape[1])
    noise = torch.randint(0, 2, (400,))
    table = lampas.cross_validate(make_model, many, noise, folds=5, epochs=3)
    assert abs(table.loc["mean", "accuracy"] - 0.5) < 0.1


def test_folds_serve_what_is_no_model_and_stay_lazy() -> None:
    frame = pd.DataFrame({"x": range(6), "kind": list("ababab")})
    sums = [held["x"].sum() for _, held in lampas.folds(frame, 3, stratify="kind")]
    assert sum(sums) == 15
    train, held = next(lampas.folds(TensorDataset(X, Y), 5))
    assert (type(train), len(train), len(held)) == (Subset, 48, 12)


SHARED = make_model()
NET = nn.Linear(3, 2)


def same_net() -> lampas.Model:
    model = lampas.Model(NET)
    model.compile("adam", "cross_entropy")
    return model


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (lambda: lampas.folds([1, 2, 3], 1), "folds is 1: it must be a whole number, 2 or more"),
        (lambda: lampas.folds([1, 2, 3], 4), "3 samples are too few for 4 folds"),
        (lambda: lampas.folds([1, 2, 3], 3, groups=[1, 1, 2]), "2 groups are too few for 3 folds"),
        (lambda: lampas.folds([1, 2, 3], 2, stratify=[0.1, 0.2, 0.3]),
         "no class has 2 samples, one for each fold, the largest has 1: are these classes? Take "
         "fewer folds, or leave stratify out"),
        (lambda: lampas.folds([1, 2, 3], 2, stratify=[0, 1]),
         "stratify has 2 values for 3 samples"),
        (lambda: lampas.folds([1, 2, 3], 2, seed="a"),
         "seed is 'a', a str: pass an integer, as seed(0)"),
        (lambda: lampas.cross_validate(make_model(), X, Y),
         "make_model is a Model: pass a function that makes a new, compiled lampas.Model for each "
         "fold"),
        (lambda: lampas.cross_validate(lambda: SHARED, X, Y),
         "make_model returned for fold 2 the weights that fold 1 has trained: make the net and "
         "its optimizer inside of it"),
        (lambda: lampas.cross_validate(same_net, X, Y),
         "make_model returned for fold 2 the weights that fold 1 has trained: make the net and "
         "its optimizer inside of it"),
        (lambda: lampas.cross_validate(lambda: lampas.Model(nn.Linear(3, 2)), X, Y),
         "make_model returned a model that is not compiled: return a compiled lampas.Model"),
        (lambda: lampas.cross_validate(lambda: None, X, Y),
         "make_model returned None: return a compiled lampas.Model"),
    ],
)  # fmt: skip
def test_bad_input(act: Any, line: str) -> None:
    with pytest.raises(LampasError) as caught:
        act()
    assert str(caught.value) == line
