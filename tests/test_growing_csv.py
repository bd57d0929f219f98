from pathlib import Path

import pytest

from lampas.errors import InputError
from lampas.growing_csv import GrowingCSV


def test_several_rows_and_a_new_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("something else")
    log = GrowingCSV(path, "me")
    assert path.read_text() == "something else"  # replaced by the first rows, and no sooner
    log.write([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    log.write([{"epoch": 3, "loss": 0.2, "lr": 0.1}])
    log.write([{"epoch": 4}])
    assert path.read_text() == "epoch,loss,lr\n1,0.5,\n2,0.25,\n3,0.2,0.1\n4,,\n"


def test_going_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    GrowingCSV(path, "me").write([{"epoch": 1, "loss": 0.5}])
    GrowingCSV(path, "me", append=True).write([{"epoch": 2, "loss": 0.25}])
    assert path.read_text() == "epoch,loss\n1,0.5\n2,0.25\n"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"^me: '.*' is no log of epochs"):
        GrowingCSV(path, "me", append=True)
