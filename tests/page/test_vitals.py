import pytest

from lampas.history import History
from lampas.page.vitals import charts_of, memory_of, peaks_of, time_of, words_of


def test_charts_of_what_there_is() -> None:
    rows = [{"epoch": 1, "training_seconds": 2.0, "waited_seconds": 0.5, "lr": 0.1},
            {"epoch": 2, "training_seconds": 1.0, "waited_seconds": 0.25, "lr": 0.05}]  # fmt: skip
    charts = charts_of(History.from_rows(rows))
    assert [chart.title for chart in charts] == ["learning rate", "time of an epoch"]
    assert charts[0].series[0]["points"] == [[1, 0.1], [2, 0.05]]
    assert [one["name"] for one in charts[1].series] == ["training", "of it, waiting for data"]
    more = {"gradient_norm": 3.0, "memory": 2**21, "validation_seconds": 1.0}
    rows = [{**row, **more} for row in rows]
    assert [chart.title for chart in charts_of(History.from_rows(rows))] == [
        "gradient norm", "learning rate", "time of an epoch", "memory of the process",
    ]  # fmt: skip


def test_the_dearest_comes_first() -> None:
    found = time_of({"time_by_part": {"data": 6.0, "forward": 3.0, "validation": 1.0}})
    assert [(one.name, one.size, one.share) for one in found] == [
        ("waiting for data", "6.0s", 0.6), ("forward pass", "3.0s", 0.3),
        ("validation", "1.0s", 0.1),
    ]  # fmt: skip
    assert words_of(found) == "60 % of the time was spent waiting for data."
    assert time_of({}) == []
    assert words_of([]) == ""


def test_memory() -> None:
    found = memory_of({"memory_by_part": {"parameters": 1024, "activations": 3072}})
    assert [(one.name, one.size, one.share) for one in found] == [
        ("activations", "3.0 KiB", 0.75), ("parameters", "1.0 KiB", 0.25),
    ]  # fmt: skip
    assert peaks_of({"peak_memory": {"process": 2048}}) == "At most the process held 2.0 KiB."
    assert peaks_of({}) == ""
    assert sum(one.share for one in found) == pytest.approx(1.0)
