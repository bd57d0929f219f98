import numpy as np
import pandas as pd
import torch

from lampas.evidence import Evidence
from lampas.history import History
from lampas.page.charts import curves, forecast, line, of_evidence
from lampas.tables.targets import TargetCoder


def test_curves_have_both_sides_and_the_best_epoch() -> None:
    rows = [{"loss": 2.0, "val_loss": 3.0, "lr": 0.1}, {"loss": 1.0, "val_loss": 2.0, "lr": 0.1},
            {"loss": 0.5, "val_loss": float("nan"), "lr": 0.0}]  # fmt: skip
    loss, lr = curves(History.from_rows(rows))
    assert [(one["name"], one["points"]) for one in loss.series] == [
        ("training", [[1, 2], [2, 1], [3, 0.5]]), ("held out", [[1, 3], [2, 2]]),
    ]  # fmt: skip
    assert loss.mark == (2.0, "best epoch 2")
    assert (lr.title, lr.mark) == ("lr", None)


def test_long_lines_are_thinned_out_and_keep_their_ends() -> None:
    points = line("x", np.arange(10_000), np.arange(10_000))["points"]
    assert len(points) <= 400
    assert (points[0], points[-1]) == ([0, 0], [9999, 9999])


def evidence(
    task: str, names: tuple[str, ...], truth: list[str], outputs: torch.Tensor
) -> Evidence:
    coder = TargetCoder(task, ("y",), (names,), (), ())
    frame = pd.DataFrame({"y": truth})
    return Evidence.of(coder, frame, coder.decode(outputs, frame.index), lambda places: [])


def test_two_classes_have_a_matrix_two_curves_and_a_calibration() -> None:
    found = of_evidence(
        evidence("binary", ("no", "yes"), ["no", "yes", "yes", "no"],
                 torch.tensor([[-1.0], [2.0], [-0.5], [-3.0]]))
    )  # fmt: skip
    assert [chart.title for chart in found] == [
        "Confusion matrix", "ROC", "Precision and recall", "Calibration",
    ]  # fmt: skip
    assert found[0].series[0]["rows"] == [[2, 0], [1, 1]]
    assert found[0].labels == ["no", "yes"]
    assert found[1].series[0]["points"][-1] == [1, 1]


def test_a_large_matrix_keeps_the_classes_with_the_most_mistakes() -> None:
    names = tuple(f"c{number:02}" for number in range(30))
    truth = [names[number % 30] for number in range(60)]
    outputs = torch.eye(30)[torch.arange(60) % 30]
    outputs[25] = torch.eye(30)[3]
    matrix = of_evidence(evidence("multiclass", names, truth, outputs))[0]
    assert len(matrix.labels) == 20
    assert "c25" in matrix.labels
    assert matrix.note == "the 20 classes with the most mistakes"


def test_numbers_have_their_residuals() -> None:
    coder = TargetCoder("regression", ("y",), (), (0.0,), (1.0,))
    frame = pd.DataFrame({"y": np.arange(1000.0)})
    said = coder.decode(torch.arange(1000.0)[:, None] + 1, frame.index)
    beside, residuals = of_evidence(Evidence.of(coder, frame, said, lambda places: []))
    assert len(beside.series[0]["points"]) == 400
    assert sum(y for _, y in residuals.series[0]["points"]) == 1000


def test_a_forecast_begins_where_history_ends() -> None:
    days = pd.date_range("2024-01-01", periods=5)
    ahead = pd.DataFrame({"median": [5.0, 6.0], "q10": [4.0, 4.5], "q90": [6.0, 7.5]},
                         index=pd.date_range("2024-01-06", periods=2))  # fmt: skip
    chart = forecast("y", pd.Series(np.arange(5.0), index=days), ahead)
    history, middle, band = chart.series
    assert chart.dates
    assert history["points"][0][0] == 1704067200000  # milliseconds, as a browser counts them
    assert [y for _, y in middle["points"]] == [5, 6]
    assert [point[1:] for point in band["points"]] == [[4, 6], [4.5, 7.5]]
