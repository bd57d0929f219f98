import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lampas.cli.boards import runs_below, write_missing
from lampas.errors import ArtifactError

pytest.importorskip("tensorboard", reason="tensorboard is not installed")


def _read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def test_a_run_without_a_log_is_written_from_its_files(run_folder: Path, tmp_path: Path) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    assert list(runs_below(tmp_path)) == list(runs_below(run)) == [run]
    assert write_missing(run)
    assert not write_missing(run)
    train, validation = _read(run / "board" / "train"), _read(run / "board" / "validation")
    lines = (run / "history.csv").read_text().splitlines()[1:]
    assert len(train.Scalars("epoch/loss")) == len(validation.Scalars("epoch/loss")) == len(lines)
    described = json.loads((run / "run.json").read_text())
    for name, value in described["metrics"].items():
        assert train.Scalars(f"result/{name}")[0].value == pytest.approx(value)
    (event,) = train.Tensors("summary/text_summary")
    assert "Linear" in event.tensor_proto.string_val[0].decode()
    (event,) = train.Tensors("run/text_summary")
    assert '    "best_epoch"' in event.tensor_proto.string_val[0].decode()


def test_what_is_no_history(run_folder: Path, tmp_path: Path) -> None:
    run = shutil.copytree(run_folder, tmp_path / "run")
    (run / "history.csv").write_text("epoch,loss\n1,x\n")
    with pytest.raises(
        ArtifactError, match=r"history\.csv: no history of a run of `lampas train`$"
    ):
        write_missing(run)
    (run / "history.csv").unlink()
    with pytest.raises(ArtifactError, match=r"history\.csv is missing, and the run has no log to "):
        write_missing(run)
    assert not (run / "board").exists()
