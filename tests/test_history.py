import copy
import csv
import itertools
import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import ArtifactError, InputError, UnknownNameError
from lampas.history import History

ROWS = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.5},
    {"epoch": 2, "loss": 0.5, "accuracy": 0.7, "val_loss": 0.8, "val_accuracy": 0.6},
    {"epoch": 3, "loss": 0.4, "accuracy": 0.9},
    {"epoch": 4, "loss": 0.3, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.5},
]


@pytest.fixture
def history() -> History:
    return History.from_rows(ROWS)


def test_epochs_are_numbered_from_one_and_come_first() -> None:
    history = History()
    history.append({"loss": 1.0})
    history.append({"loss": 0.5, "epoch": 5.0})
    history.append({"loss": 0.4})
    assert history.rows[0] == {"epoch": 1, "loss": 1.0}
    assert list(history.rows[1]) == ["epoch", "loss"]
    assert history.epoch == [1, 5, 6]
    assert len(history) == 3


def test_values_become_python_floats() -> None:
    history = History()
    history.append({"loss": torch.tensor(0.5), "mae": np.float32(0.25)})  # pyright: ignore[reportArgumentType]
    assert [type(value) for value in history.rows[0].values()] == [int, float, float]


def test_an_appended_row_is_a_copy() -> None:
    row = {"loss": 1.0}
    history = History.from_rows([row])
    row["loss"] = 2.0
    assert history.rows == [{"epoch": 1, "loss": 1.0}]


def test_the_frame_has_a_row_an_epoch_and_nan_for_gaps(history: History) -> None:
    expected = pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4],
            "loss": [0.9, 0.5, 0.4, 0.3],
            "accuracy": [0.5, 0.7, 0.9, 0.8],
            "val_loss": [math.nan, 0.8, math.nan, 0.6],
            "val_accuracy": [math.nan, 0.6, math.nan, 0.5],
        }
    )
    pd.testing.assert_frame_equal(history.frame, expected)


def test_keras_history_holds_the_values_there_are(history: History) -> None:
    assert history.history == {
        "loss": [0.9, 0.5, 0.4, 0.3],
        "accuracy": [0.5, 0.7, 0.9, 0.8],
        "val_loss": [0.8, 0.6],
        "val_accuracy": [0.6, 0.5],
    }


def test_the_best_is_by_validation_loss_or_else_by_loss(history: History) -> None:
    assert history.best is history.rows[3]
    assert History.from_rows([{"loss": 0.2}, {"loss": 0.1}, {"loss": 0.1}]).best["epoch"] == 2


def test_best_by_another_column(history: History) -> None:
    assert history.best_by("accuracy")["epoch"] == 3
    assert history.best_by("val_accuracy")["epoch"] == 2
    assert history.best_by("accuracy", mode="min")["epoch"] == 1


def test_best_by_an_unknown_column_names_the_columns(history: History) -> None:
    with pytest.raises(UnknownNameError) as caught:
        history.best_by("val_acuracy")
    assert str(caught.value) == (
        "unknown monitor 'val_acuracy': did you mean 'val_accuracy' or 'accuracy'? "
        "Valid: accuracy, loss, val_accuracy, val_loss"
    )


def test_the_best_skips_nan() -> None:
    history = History.from_rows([{"loss": math.nan}, {"loss": 2.0}, {"loss": math.nan}])
    assert history.best["epoch"] == 2


def test_no_best_without_epochs_or_numbers() -> None:
    with pytest.raises(InputError, match=r"^this history is empty: no epoch has ended yet, so"):
        _ = History().best
    with pytest.raises(InputError, match=r"^'loss' is nan in every epoch, so none is the best$"):
        _ = History.from_rows([{"loss": math.nan}]).best


def test_it_prints_as_a_table(history: History) -> None:
    history.stopped = "Ctrl-C"
    assert str(history) == (
        "   epoch    loss  accuracy  val_loss  val_accuracy\n"
        "       1  0.9000    0.5000\n"
        "       2  0.5000    0.7000    0.8000        0.6000\n"
        "       3  0.4000    0.9000\n"
        "*      4  0.3000    0.8000    0.6000        0.5000\n"
        "* best epoch, by val_loss\n"
        "stopped: Ctrl-C"
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.data())
def test_a_long_table_keeps_both_ends_and_the_best(count: int, data: st.DataObject) -> None:
    best = data.draw(st.integers(1, count))
    history = History.from_rows([{"loss": abs(e - best) + 0.5} for e in range(1, count + 1)])
    lines = str(history).splitlines()
    epochs = [line.replace("*", "").split()[0] for line in lines[1:-1]]
    assert epochs[0] == "1"
    assert epochs[-1] == str(count)
    assert [line.split()[1] for line in lines[1:-1] if line.startswith("*")] == [str(best)]
    assert len(lines) <= 25
    if count <= 20:
        assert epochs == [str(e) for e in range(1, count + 1)]
    # Every gap, and nothing but a gap, has its dots.
    for before, after in itertools.pairwise(epochs):
        if "…" not in (before, after):
            assert int(after) == int(before) + 1


def test_repr_is_one_short_line(history: History) -> None:
    assert repr(history) == "History(4 epochs, best 4: val_loss 0.6000)"
    assert repr(History()) == "History(no epoch yet)"
    assert repr(History.from_rows([{"accuracy": 1.0}])) == "History(1 epoch)"
    assert str(History()) == "no epoch has ended yet"


def test_the_html_is_escaped(history: History) -> None:
    history.append({"<script>": 1.0})
    history.stopped = "<b>now</b>"
    page = history._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "stopped: &lt;b&gt;now&lt;/b&gt;" in page
    assert page.count("font-weight: bold") == 1
    assert History()._repr_html_() == "<p>no epoch has ended yet</p>"


def test_csv_holds_every_digit(history: History, tmp_path: Path) -> None:
    history.append({"loss": 1 / 3, "val_loss": math.inf})
    history.to_csv(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    back = [{name: float(cell) for name, cell in row.items() if cell} for row in rows]
    assert back == history.rows
    assert History.from_csv(tmp_path / "run.csv").rows == history.rows


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "epoch,loss\n1,x\n", "epoch,loss\n,1\n"])
def test_another_csv_file_is_no_history(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ArtifactError) as error:
        History.from_csv(tmp_path / "x.csv")
    assert str(error.value) == f"{tmp_path / 'x.csv'}: no history of a run of `lampas train`"


def test_an_empty_history_has_a_frame_and_is_false(tmp_path: Path) -> None:
    history = History()
    assert not history
    assert list(history.frame.columns) == ["epoch"]
    assert len(history.frame) == 0
    assert history.history == {}
    history.to_csv(tmp_path / "empty.csv")
    assert (tmp_path / "empty.csv").read_text().strip() == "epoch"


def test_copies_and_pickles_are_equal_and_apart(history: History) -> None:
    history.stopped = "why"
    for other in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert other.rows == history.rows
        assert other.stopped == "why"
        other.append({"loss": 0.0})
        assert len(history) == 4


def test_from_rows_is_the_inverse_of_rows(history: History) -> None:
    other = History.from_rows(history.rows, stopped="x")
    assert other.rows == history.rows
    assert other.stopped == "x"


def test_the_best_epoch_or_none() -> None:
    assert History.from_rows([{"loss": 2.0}, {"loss": 1.0}]).best_epoch == 2
    assert History.from_rows([{"val_loss": float("nan")}]).best_epoch is None
    assert History().best_epoch is None
