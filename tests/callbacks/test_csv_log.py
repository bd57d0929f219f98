import csv
import math
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.callbacks import CSVLog
from lampas.errors import InputError


def _rows(path: Path) -> list[dict[str, float]]:
    """The rows of a log, without the gaps."""
    with path.open(newline="") as file:
        return [
            {name: float(cell) for name, cell in row.items() if cell}
            for row in csv.DictReader(file, strict=True)
        ]


def test_a_line_an_epoch_is_on_disk_at_once(drive: Any, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "run.csv"
    log = CSVLog(path)
    drive.begin(log)
    drive.end_epoch(log, loss=0.5, mae=1 / 3)
    assert path.read_text() == "epoch,loss,mae\n1,0.5,0.3333333333333333\n"
    drive.end_epoch(log, loss=math.nan, mae=math.inf)
    assert path.read_text().splitlines()[2] == "2,nan,inf"


@settings(deadline=None, max_examples=30)
@given(
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(["loss", "val_loss", "a,b", 'q"']), st.floats(allow_nan=False)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_columns_come_the_file_is_the_history(
    new_drive: Any, rows: list[dict[str, float]]
) -> None:
    drive = new_drive()
    with tempfile.TemporaryDirectory() as folder:
        log = CSVLog(Path(folder) / "run.csv")
        drive.begin(log)
        for row in rows:
            drive.end_epoch(log, **row)
            assert _rows(log.path) == drive.history.rows
        assert [path.name for path in Path(folder).iterdir()] == ["run.csv"]


def test_a_new_run_replaces_the_file_only_when_it_has_a_row(drive: Any, tmp_path: Path) -> None:
    log = CSVLog(tmp_path / "run.csv")
    drive.begin(log)
    drive.end_epoch(log, loss=0.5)
    drive.begin(log)
    assert len(_rows(log.path)) == 1
    drive.end_epoch(log, mae=0.25)
    assert log.path.read_text() == "epoch,mae\n1,0.25\n"


def test_a_continued_run_appends(drive: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.4")  # cut off: the last line may be half a number
    log = CSVLog(path, append=True)
    drive.begin(log)
    drive.epoch = 1
    drive.end_epoch(log, loss=0.3, val_loss=0.4)
    drive.end_epoch(log, loss=0.2)
    assert path.read_text() == "epoch,loss,val_loss\n1,0.5,\n2,0.3,0.4\n3,0.2,\n"


def test_append_may_start_a_file(drive: Any, tmp_path: Path) -> None:
    log = CSVLog(tmp_path / "run.csv", append=True)
    drive.begin(log)
    drive.end_epoch(log, loss=0.5)
    assert log.path.read_text() == "epoch,loss\n1,0.5\n"


@pytest.mark.parametrize("content", [b"name,age\nx,1\n", b"epoch,loss\n1,2,3\n", b"\xff\xfe\x00"])
def test_nothing_is_appended_to_another_kind_of_file(
    drive: Any, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        drive.begin(CSVLog(path, append=True))
    assert str(caught.value) == (
        f"CSVLog: {str(path)!r} is no log of epochs, so nothing can be appended to it; "
        "pass append=False to replace it, or another path"
    )
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told_before_training(drive: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        drive.begin(CSVLog(tmp_path / "file" / "run.csv"))
    assert str(caught.value) == (
        f"CSVLog cannot write in {str(tmp_path / 'file')!r}: it is a file; "
        "choose a folder that can be written"
    )
    with pytest.raises(InputError) as caught:
        drive.begin(CSVLog(tmp_path))
    assert str(caught.value) == f"CSVLog: {str(tmp_path)!r} is a folder; give it a file name"


def test_the_file_has_ordinary_permissions(drive: Any, tmp_path: Path) -> None:
    log = CSVLog(tmp_path / "run.csv")
    drive.begin(log)
    drive.end_epoch(log, loss=0.5)
    (tmp_path / "plain").write_text("")
    assert stat.S_IMODE(log.path.stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )
