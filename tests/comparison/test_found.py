import os
from datetime import UTC, datetime

from lampas.comparison.found import read, runs_below


def test_runs_are_found_wherever_they_lie(make, tmp_path) -> None:
    make("deep/down/b")
    first = make("a")
    make("a/2")  # as `lampas.callbacks.Record` does where there is one already
    make(".hidden")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "history.csv").write_text("year,king\n1,2\n")
    found = [run.folder.relative_to(tmp_path).as_posix() for run in runs_below(tmp_path)]
    assert found == ["a", "a/2", "deep/down/b"]
    assert next(runs_below(first)).folder == first


def test_what_a_run_tells(make) -> None:
    about = {"settings": {"net": "conv"}, "tokens": {}, "metrics": {"loss": 0.5, "f1": None}}
    run = read(make("a", about))
    assert run is not None
    assert (run.state, run.kind, run.net) == ("done", "texts", "conv")
    assert (run.epochs, run.best, run.seconds, run.metrics) == (2, 2, 2.5, {"loss": 0.5})
    assert run.when == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_half_runs_are_told_as_such(make) -> None:
    folder = make("a", {"stopped": "interrupted in epoch 2, step 1"})
    assert read(folder).state == "stopped"
    (folder / "model.lampas").unlink()
    assert read(folder).state == "no model"
    assert read(make("c", {"state": "failed"})).state == "failed"
    (folder / "run.json").write_text('{"state": "running", "created": "2026-01-02T03:04:05+00:00"}')
    assert (read(folder).state, read(folder).epochs) == ("unfinished", 2)
    (folder / "run.json").unlink()
    os.utime(folder / "history.csv", (0, 0))
    cut = read(folder)
    assert (cut.state, cut.epochs, cut.best, cut.when.year) == ("unfinished", 2, 2, 1970)


def test_damaged_files_are_told_and_not_raised(make) -> None:
    folder = make("a")
    for text, told in (
        ("{", "run.json is damaged: "),
        ("[1]", "run.json is damaged: it holds no description of a run"),
        ('{"settings": 3}', "run.json is damaged: its 'settings' is of another form"),
    ):
        (folder / "run.json").write_text(text)
        assert read(folder).state == "damaged"
        assert f"{folder}/{told}" in read(folder).reason
    odd = make("b", {"created": "?", "seconds": None, "metrics": None, "epochs": None, "tokens": 1})
    assert (read(odd).state, read(odd).seconds, read(odd).metrics) == ("done", None, {})
    (odd / "history.csv").write_text("year,king\n1,2\n")
    assert "history.csv: no history of a run" in read(odd).reason
