import math
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from lampas.errors import InputError, UnknownNameError
from lampas.history import History


@pytest.fixture
def history() -> History:
    return History.from_rows(
        [
            {"accuracy": 0.5, "loss": 0.9},
            {"accuracy": 0.6, "loss": 0.8, "val_loss": 0.7, "val_accuracy": 0.4},
            {"accuracy": 0.7, "loss": math.nan},
            {"accuracy": 0.8, "loss": 0.3, "val_loss": 0.8, "val_accuracy": 0.5},
        ]
    )


def _curves(figure: Figure, panel: int) -> dict[str, list[tuple[float, float]]]:
    """Each labelled curve of a panel as its points."""
    lines = figure.axes[panel].get_lines()
    return {str(line.get_label()): [tuple(p) for p in line.get_xydata()] for line in lines}


def test_a_panel_each_with_the_loss_first(history: History) -> None:
    figure = history.plot()
    assert isinstance(figure, Figure)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]


def test_gaps_are_bridged_and_nan_left_out(history: History) -> None:
    curves = _curves(history.plot(), 0)
    assert curves["training"] == [(1, 0.9), (2, 0.8), (4, 0.3)]
    assert curves["held out"] == [(2, 0.7), (4, 0.8)]


def test_the_best_epoch_is_marked_in_every_panel(history: History) -> None:
    figure = history.plot()
    assert _curves(figure, 0)["best epoch 2: 0.7000"] == [(2, 0.7)]
    assert _curves(figure, 1)["best epoch 2: 0.4000"] == [(2, 0.4)]


def test_one_epoch_stands_between_whole_numbers() -> None:
    figure = History.from_rows([{"loss": 0.5, "val_loss": 0.6}]).plot()
    assert figure.axes[0].get_xlim() == (0, 2)
    assert figure.axes[0].get_xticks().tolist() == [0, 1, 2]


def test_a_learning_rate_is_no_score(history: History) -> None:
    rows = [{**row, "lr": 1e-8} for row in history.rows]
    assert [*_curves(History.from_rows(rows).plot(["lr"]), 0)] == ["training", "_child1"]


def test_chosen_panels_in_their_order(history: History) -> None:
    titles = [axes.get_title() for axes in history.plot(["accuracy", "loss"]).axes]
    assert titles == ["accuracy", "loss"]


def test_an_unknown_panel_names_the_panels(history: History) -> None:
    with pytest.raises(UnknownNameError) as caught:
        history.plot(["acuracy"])
    expected = "unknown panel 'acuracy': did you mean 'accuracy'? Valid: accuracy, loss"
    assert str(caught.value) == expected
    with pytest.raises(InputError, match=r"^monitors names no panel to plot; there are: accuracy"):
        history.plot([])


def test_nothing_to_plot() -> None:
    with pytest.raises(InputError, match=r"^there is nothing to plot: no epoch has ended yet$"):
        History().plot()


def test_a_run_of_nan_says_so() -> None:
    figure = History.from_rows([{"loss": math.nan}]).plot()
    assert [text.get_text() for text in figure.axes[0].texts] == ["no finite value"]
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("metrics", [0, 1, 2, 3, 6])
def test_it_is_a_picture_and_a_file(metrics: int, tmp_path: Path) -> None:
    row = {"loss": 1.0} | {f"m{i}": float(i) for i in range(metrics)}
    figure = History.from_rows([row]).plot()
    assert len(figure.axes) == metrics + 1
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_plotting_needs_no_pyplot_and_no_window() -> None:
    program = (
        "import sys; from lampas.history import History\n"
        "assert 'matplotlib' not in sys.modules and 'pandas' not in sys.modules\n"
        "History.from_rows([{'loss': 1.0}]).plot()._repr_png_()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
