"""`lampas.tabular` as a whole: every task, on small tables, and what comes back from a file."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import roc_auc_score
from torch import nn

import lampas
from lampas.datasets import titanic
from lampas.errors import ArtifactError, DataError, InputError
from lampas.tables.tabular_model import TabularModel
from lampas.tables.task import tabular

TRAIN, TEST = titanic()


def a_table(rows=160, seed=0):
    rng = np.random.default_rng(seed)
    x, city = rng.normal(size=rows), rng.choice(["Rome", "Oslo"], rows)
    amount = 50 + 20 * x + 10 * (city == "Rome")
    return pd.DataFrame(
        {
            "x": x,
            "city": city,
            "amount": amount,
            "other": -1e-3 * x,
            "yes": np.where(amount > 55, "yes", "no"),
            "one": (x > 0).astype(int),
            "size": pd.cut(amount, [-1e9, 40, 65, 1e9], labels=["S", "M", "L"]).astype(str),
        }
    )


def fit(target, *columns, data=None, **options):
    frame = a_table() if data is None else data
    kept = frame[[*("x", "city"), *columns]] if columns else frame
    return tabular(kept, target, **{"epochs": 40, "verbose": 0, **options})


@pytest.fixture(scope="module")
def survival():
    return tabular(TRAIN, "Survived", verbose=0)


def test_the_titanic(survival):
    scores = survival.evaluate(TEST)
    assert list(scores) == ["loss", "accuracy", "roc_auc", "average_precision", "f1"]
    assert scores["roc_auc"] > 0.84
    assert scores["accuracy"] > 0.77


def test_predictions_carry_index_names_and_shares(survival):
    rows = TEST.sample(20, random_state=0)
    found = survival.predict(rows.drop(columns="Survived"))
    assert found.index.equals(rows.index)
    assert list(found.columns) == ["Survived", "probability of 0", "probability of 1"]
    np.testing.assert_allclose(found.iloc[:, 1:].sum(axis=1), 1.0)
    assert (found["Survived"] == (found["probability of 1"] > 0.5)).all()


def test_the_scores_are_those_of_scikit_learn(survival):
    found = survival.predict(TEST)["probability of 1"]
    area = roc_auc_score(TEST["Survived"], found)
    assert survival.evaluate(TEST)["roc_auc"] == pytest.approx(area, abs=1e-6)


def test_columns_in_another_order_unseen_words_and_gaps(survival):
    expected = survival.predict(TEST)
    turned = TEST[TEST.columns[::-1]].assign(extra="?")
    pd.testing.assert_frame_equal(survival.predict(turned), expected)
    odd = TEST.assign(Embarked="Z", Age=None, Cabin=None)
    assert survival.predict(odd)["probability of 1"].between(0, 1).all()


def test_a_column_that_does_not_fit_is_named(survival):
    with pytest.raises(DataError) as caught:
        survival.predict(TEST.assign(Age="old"))
    assert str(caught.value) == (
        "column 'Age': row 0 holds 'old', but a number is needed; correct it or leave it empty"
    )
    with pytest.raises(DataError, match=r"^column 'Sex' is missing; the columns are: "):
        survival.predict(TEST.drop(columns="Sex"))
    with pytest.raises(DataError, match=r"^column 'Survived' is missing; the columns are: "):
        survival.evaluate(TEST.drop(columns="Survived"))


def test_a_column_of_unseen_categories_is_told(survival, capsys):
    told = (
        f"column 'Sex': {len(TEST)} of {len(TEST)} rows hold a category that training did not "
        "see, as 'robot'\n"
    )
    survival.predict(TEST.assign(Sex="robot"))
    assert capsys.readouterr().err == told
    survival.evaluate(TEST.assign(Sex="robot"))
    assert capsys.readouterr().err == told


def test_saved_and_loaded_it_is_the_same(survival, tmp_path):
    survival.save(tmp_path / "run.lampas")
    loaded = TabularModel.load(tmp_path / "run.lampas")
    pd.testing.assert_frame_equal(loaded.predict(TEST), survival.predict(TEST), check_exact=True)
    assert loaded.evaluate(TEST) == survival.evaluate(TEST)
    assert loaded.schema == survival.schema
    assert loaded.metrics == survival.metrics
    assert loaded.history.rows == survival.history.rows
    assert repr(loaded) == repr(survival)


def test_the_history_has_the_held_out_rows(survival):
    assert {"loss", "val_loss", "val_roc_auc"} <= set(survival.history.columns)
    best = min(row["val_loss"] for row in survival.history.rows)
    assert survival.metrics["loss"] == pytest.approx(best, abs=1e-5)


def test_the_seed_decides_and_the_random_state_stays():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, two, other = (fit("yes", "yes", seed=seed, epochs=2) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.history.rows == two.history.rows != other.history.rows


def test_shuffled_labels_score_chance():
    """Here only a label that leaks into the features could score."""
    rng = np.random.default_rng(0)
    train, test = (
        part.assign(Survived=rng.permutation(part["Survived"])) for part in (TRAIN, TEST)
    )
    area = tabular(train, "Survived", epochs=15, verbose=0).evaluate(test)["roc_auc"]
    assert abs(area - 0.5) < 0.12


def test_regression_in_the_targets_units():
    model = fit("amount", "amount", epochs=150)
    test = a_table(seed=1)
    scores = model.evaluate(test)
    assert list(scores) == ["loss", "mae", "rmse", "r2"]
    assert scores["r2"] > 0.9
    error = (model.predict(test)["amount"] - test["amount"]).abs().mean()
    assert scores["mae"] == pytest.approx(error, rel=1e-4)


def test_several_numbers_of_very_different_size(tmp_path):
    model = fit(["amount", "other"], "amount", "other", epochs=150)
    assert model.evaluate(a_table(seed=1))["r2"] > 0.8
    model.save(tmp_path / "run.lampas")
    loaded = TabularModel.load(tmp_path / "run.lampas")
    assert list(loaded.predict(a_table(5)).columns) == ["amount", "other"]


def test_several_labels():
    model = fit(["yes", "one"], "yes", "one")
    assert model.schema.task == "multilabel"
    assert model.evaluate(a_table(seed=1))["accuracy"] > 0.85


def test_several_classes():
    model = fit("size", "size", epochs=100)
    assert model.evaluate(a_table(seed=1))["accuracy"] > 0.8
    found = model.predict(a_table(5))
    assert list(found.columns) == [
        "size", "probability of L", "probability of M", "probability of S",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("load", "name", "least"),
    [
        (load_wine, "accuracy", 0.9),
        (load_breast_cancer, "roc_auc", 0.97),
        (load_diabetes, "r2", 0.3),
    ],
)
def test_scikit_learns_tables(load, name, least):
    frame = load(as_frame=True).frame.sample(frac=1, random_state=0)
    cut = len(frame) // 5
    model = tabular(frame[cut:], "target", verbose=0)
    assert model.evaluate(frame[:cut])[name] > least


def test_a_table_of_its_own_or_none_for_validation(tmp_path):
    path = tmp_path / "validation.csv"
    a_table(30, seed=1)[["x", "city", "yes"]].to_csv(path, index=False)
    assert "val_loss" in fit("yes", "yes", validation=path, epochs=2).history.columns
    without = fit("yes", "yes", validation=None, epochs=2)
    assert "val_loss" not in without.history.columns
    assert without.metrics["accuracy"] > 0


def test_strong_imbalance_is_weighted_and_told(capsys):
    frame = a_table(400)
    frame["rare"] = np.where(frame["x"] > 1.6, "rare", "usual")
    fit("rare", "rare", data=frame, epochs=1, verbose=2)
    assert "-fold in size and are weighted (rare: " in capsys.readouterr().err


class Own(nn.Module):
    def __init__(self, in_features, n_classes, hidden=8):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, n_classes)
        )

    def forward(self, x):
        return self.layers(x)


def test_a_net_of_ones_own(tmp_path):
    model = fit("yes", "yes", net=Own, optimizer=lambda p: torch.optim.Adam(p, lr=0.05))
    assert model.evaluate(a_table(seed=1))["accuracy"] > 0.9
    path = tmp_path / "run.lampas"
    model.save(path)
    pd.testing.assert_frame_equal(
        TabularModel.load(path, net=Own).predict(a_table(9)), model.predict(a_table(9))
    )
    with pytest.raises(ArtifactError) as caught:
        TabularModel.load(path)
    assert str(caught.value) == (
        f"{path} was trained with your net Own: pass it, lampas.load({str(path)!r}, net=Own)"
    )
    with pytest.raises(ArtifactError, match="does not fit"):
        TabularModel.load(path, net=nn.Linear)


def test_a_run_of_another_kind(tmp_path):
    lampas.Model(nn.Linear(1, 1)).save(tmp_path / "net.lampas")
    with pytest.raises(ArtifactError) as caught:
        TabularModel.load(tmp_path / "net.lampas")
    assert str(caught.value) == (
        f"{tmp_path / 'net.lampas'} holds a run of kind 'model', not 'tabular'"
    )


def test_an_optimizer_that_was_made_before_the_net():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    with pytest.raises(InputError) as caught:
        fit("yes", "yes", optimizer=optimizer)
    assert str(caught.value) == (
        "optimizer was made before the net: pass its name, or a function of the parameters, "
        "as lambda p: torch.optim.SGD(p, lr=0.1)"
    )


def test_a_score_that_the_rows_do_not_define_is_nan(survival):
    scores = survival.evaluate(TEST[TEST["Survived"] == 0])
    assert np.isnan(scores["roc_auc"])
    assert 0 < scores["accuracy"] <= 1


def test_a_file_and_a_frame_train_alike(tmp_path):
    frame = a_table()[["x", "yes"]]
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    from_file = tabular(tmp_path / "a.tsv", "yes", epochs=1, verbose=0)
    assert from_file.history.rows == tabular(frame, "yes", epochs=1, verbose=0).history.rows
    path = tmp_path / "none.csv"
    with pytest.raises(DataError) as caught:
        tabular(path, "yes")
    assert str(caught.value) == f"{path}: no such file"


def test_moved_and_still_the_same(survival, tmp_path):
    survival.save(tmp_path / "run.lampas")
    moved = lampas.load(tmp_path / "run.lampas").to("auto")
    assert moved.evaluate(TEST)["loss"] == pytest.approx(survival.evaluate(TEST)["loss"], abs=1e-5)


def test_metrics_of_ones_own():
    model = fit("yes", "yes", epochs=1, metrics=["recall"])
    assert list(model.evaluate(a_table(20))) == ["loss", "recall"]
