from pathlib import Path
from typing import Any

import pytest

from lampas.board.bins import Bins
from lampas.board.event_file import EventFile, event_types, histograms_event, scalars_event


def test_tensorboard_reads_it(tmp_path: Path, read: Any) -> None:
    file = EventFile(tmp_path / "a" / "b")
    file.add_event(scalars_event(3, 12.5, {"loss": 0.5, "lr": 0.25}))
    file.add_event(histograms_event(4, 13.0, {"w": Bins(0, 2, 3, 4, 6, [0.0, 1.0, 2.0], [1, 2])}))
    file.close()
    found = read(tmp_path / "a" / "b")
    (loss,) = found.Scalars("loss")
    assert (loss.step, loss.wall_time, loss.value) == (3, 12.5, 0.5)
    (histogram,) = found.Histograms("w")
    value = histogram.histogram_value
    assert (histogram.step, value.num, value.min, value.max) == (4, 3, 0, 2)
    assert value.bucket_limit == [0.0, 1.0, 2.0]
    assert value.bucket == [0, 1, 2]


def test_two_files_of_one_process_have_two_names(tmp_path: Path) -> None:
    first, second = EventFile(tmp_path), EventFile(tmp_path)
    assert first.path != second.path
    first.close()
    second.close()


def test_what_was_flushed_can_be_read_while_it_grows(tmp_path: Path, read: Any) -> None:
    file = EventFile(tmp_path)
    file.add_event(scalars_event(1, 0.0, {"loss": 0.5}))
    file.flush()
    assert len(read(tmp_path).Scalars("loss")) == 1
    file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_an_os_error_once(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.close()
    file._file = open("/dev/full", "wb")  # noqa: SIM115
    file._records._writer = file._file
    file._records.write(event_types().Event(step=1).SerializeToString())
    with pytest.raises(OSError, match="No space left"):
        file.close()
