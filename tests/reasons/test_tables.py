"""What a shuffled column costs, on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import DataError, InputError
from lampas.reasons.tables import score_by


class Matrix(nn.Module):
    def __init__(self, in_features, outputs):
        super().__init__()
        self.last = nn.Linear(in_features, outputs)

    def forward(self, x):
        return self.last(x)


def table(rows=300, seed=0):
    """`size` decides, with gaps where the answer is no; `colour` a little; `luck` nothing."""
    rng = np.random.default_rng(seed)
    size, luck = rng.normal(size=rows), rng.normal(size=rows)
    colour = rng.choice(["red", "blue", "green"], rows)
    big = size + 0.5 * (colour == "red") > 0
    frame = pd.DataFrame({"luck": luck, "colour": colour, "size": np.where(size < -1, None, size)})
    return frame.assign(size=frame["size"].astype(float), big=np.where(big, "yes", "no"))


@pytest.fixture(scope="module", params=[None, Matrix], ids=["parts", "matrix"])
def fitted(request):
    return lampas.tabular(table(), "big", net=request.param, epochs=20, verbose=0)


@pytest.mark.parametrize("metric", [None, "roc_auc", "accuracy"])
def test_what_decides_has_the_most_and_noise_none(fitted, metric):
    found = fitted.importance(table(seed=1), metric)
    assert found["column"][0] == "size"
    worth = found.set_index("column")["importance"]
    assert set(worth.index) == {"size", "colour", "luck"}
    assert worth["size"] > 5 * abs(worth["luck"])
    assert abs(worth["luck"]) < 0.05
    assert found["importance"].is_monotonic_decreasing


def test_the_score_is_that_of_evaluate_and_what_is_lost_the_difference(fitted):
    data = table(seed=1)
    scores = fitted.evaluate(data)
    for metric, sign in (("loss", 1), ("roc_auc", -1)):
        found = fitted.importance(data, metric)
        assert found.attrs["score"] == pytest.approx(scores[metric], abs=1e-6)
        assert found.attrs["lower_is_better"] is (sign == 1)
        expected = sign * (found["score"] - found.attrs["score"])
        np.testing.assert_allclose(found["importance"], expected, atol=1e-12)


def test_it_is_the_same_as_shuffling_the_cells(fitted):
    """Of a table's own column, strings and gaps as they are; all parts of it move together."""
    data = table(seed=2)
    order = np.random.default_rng(7).permutation(len(data))
    found = fitted.importance(data, "loss", repeats=1, seed=7).set_index("column")
    for name in ("size", "colour", "luck"):
        moved = data.assign(**{name: data[name].to_numpy()[order]})
        assert found["score"][name] == pytest.approx(fitted.evaluate(moved)["loss"], abs=1e-6)
    assert found["std"].isna().all()


def test_the_seed_decides_and_batches_do_not(fitted):
    data = table(seed=1)
    found = fitted.importance(data, repeats=2, seed=3)
    pd.testing.assert_frame_equal(found, fitted.importance(data, repeats=2, seed=3))
    small = fitted.importance(data, repeats=2, seed=3, batch_size=7)
    pd.testing.assert_frame_equal(found, small, atol=1e-6)
    assert not found.equals(fitted.importance(data, repeats=2, seed=4))


def test_nothing_of_the_model_changes(fitted, unchanged):
    fitted.model.train()
    data = table(seed=1)
    before = data.copy()
    with unchanged(fitted.model):
        fitted.importance(data)
    pd.testing.assert_frame_equal(data, before)


def test_amounts_and_several_classes():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
    frame["y"] = 100 * frame["a"] + 500
    model = lampas.tabular(frame, "y", epochs=30, verbose=0)
    found = model.importance(frame, "mae")
    assert found["column"].tolist() == ["a", "b"]
    assert found["importance"][0] > 25
    assert model.importance(frame, "r2")["importance"][0] > 0.5
    frame["y"] = np.where(frame["a"] > 0.4, "high", np.where(frame["a"] < -0.4, "low", "middle"))
    model = lampas.tabular(frame, "y", epochs=15, verbose=0)
    assert model.importance(frame)["column"][0] == "a"


def test_a_function_says_which_way_by_its_name_or_mode(fitted):
    def profit(y_pred, y_true):
        return float(((y_pred > 0) == (y_true > 0)).float().sum())

    with pytest.raises(InputError, match=r"is a lower or a higher 'profit' better"):
        fitted.importance(table(), profit)
    found = fitted.importance(table(), profit, mode="max")
    assert found["column"][0] == "size"
    assert found["importance"][0] > 50


def test_columns_that_say_the_same_are_shuffled_together():
    data = table()
    data["again"] = data["size"]
    model = lampas.tabular(data, "big", epochs=20, verbose=0)
    found = model.importance(data, together=[["size", "again"], ["luck"]])
    worth = found.set_index("column")["importance"]
    assert set(worth.index[worth.index.duplicated()]) == set()
    assert found["column"][0] == "size + again"
    assert worth["size + again"] > worth["size"] + worth["again"]
    line = "^feature 'Size' is missing: did you mean 'size'"
    with pytest.raises(DataError, match=line):
        model.importance(data, together=[["Size"]])


def test_what_cannot_be_said_is_one_line(fitted):
    data = table()
    with pytest.raises(DataError, match=r"^the table has 1 row: a shuffle needs several$"):
        fitted.importance(data[:1])
    line = "^roc_auc is nan on these rows, so that nothing can be lost: pass others, or another"
    with pytest.raises(DataError, match=line):
        fitted.importance(data[data["big"] == "no"], "roc_auc")
    with pytest.raises(InputError, match=r"^repeats is 0: it must be a whole number, 1 or more$"):
        fitted.importance(data, repeats=0)
    with pytest.raises(InputError, match=r"^metric names 2 metrics: pass one$"):
        fitted.importance(data, ["accuracy", "f1"])
    with pytest.raises(DataError, match=r"column 'size' is missing"):
        fitted.importance(data.drop(columns="size"))


def test_the_loss_by_name_or_none():
    loss = nn.MSELoss()
    for metric in (None, "loss"):
        score = score_by(metric, loss)
        assert (score.name, score.lower) == ("loss", True)
        assert score.of(torch.zeros(2, 1), torch.ones(2, 1)) == 1
