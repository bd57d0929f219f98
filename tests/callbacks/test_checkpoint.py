from pathlib import Path
from typing import Any

import pytest
import torch

from lampas.callbacks import Checkpoint, Stateful
from lampas.errors import InputError, UnknownNameError


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.lampas"))


def _run(
    drive: Any, checkpoint: Checkpoint, values: list[float], monitor: str = "val_loss"
) -> None:
    drive.begin(checkpoint)
    for value in values:
        with torch.no_grad():
            drive.model.net[0].bias.fill_(value)
        drive.epoch += 1
        row = {"epoch": float(drive.epoch), monitor: value}
        drive.tell(checkpoint, "epoch_end", row, epochs=len(values))
    drive.tell(checkpoint, "fit_end")


def test_the_best_is_saved_when_it_improves(drive: Any, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "run")
    _run(drive, checkpoint, [0.5, 0.25, 0.75])
    assert _files(tmp_path) == ["run/best.lampas"]
    saved = torch.load(tmp_path / "run" / "best.lampas")
    assert float(saved["net.0.bias"][0]) == 0.25
    assert checkpoint.saved == tmp_path / "run" / "best.lampas"


def test_the_last_overwrites_one_file(drive: Any, tmp_path: Path) -> None:
    _run(drive, Checkpoint(tmp_path, save="last", every=2), [0.5, 0.25, 0.75])
    assert _files(tmp_path) == ["last.lampas"]
    assert float(torch.load(tmp_path / "last.lampas")["net.0.bias"][0]) == 0.75


def test_every_kth_and_the_final_epoch_are_kept(drive: Any, tmp_path: Path) -> None:
    _run(drive, Checkpoint(tmp_path, save="every", every=2), [0.5] * 5)
    assert _files(tmp_path) == ["epoch-002.lampas", "epoch-004.lampas", "epoch-005.lampas"]


def test_a_pattern_names_epochs_and_numbers(drive: Any, tmp_path: Path) -> None:
    pattern = f"{tmp_path}/e{{epoch}}/{{epoch:03d}}-{{val_loss:.3f}}.lampas"
    _run(drive, Checkpoint(pattern), [0.5, 0.6, 0.25])
    assert _files(tmp_path) == ["e1/001-0.500.lampas", "e3/003-0.250.lampas"]


def test_an_epoch_without_validation_reads_nan_in_the_name() -> None:
    checkpoint = Checkpoint("r/{epoch}-{val_loss:.2f}.lampas", save="every")
    assert checkpoint.path_for(1, {"loss": 0.5}) == Path("r/1-nan.lampas")


def test_a_pattern_with_an_unknown_number_names_those_there_are(drive: Any, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "{los}.lampas", save="last")
    drive.begin(checkpoint)
    with pytest.raises(UnknownNameError) as caught:
        drive.end_epoch(checkpoint, loss=0.5)
    assert str(caught.value) == (
        "unknown number in the Checkpoint file name 'los': did you mean 'loss'? Valid: loss"
    )


@pytest.mark.parametrize(
    "pattern", ["{}.lampas", "{epoch.lampas", "{epoch:zz}.lampas", "{a[0]}.lampas"]
)
def test_a_pattern_that_cannot_be_filled_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(InputError) as caught:
        Checkpoint(pattern)
    message = str(caught.value)
    assert message.startswith(f"Checkpoint: bad file name {pattern!r} (")
    assert message.endswith("); name columns in braces, as in '{epoch:03d}-{val_loss:.3f}.lampas'")
    assert "\n" not in message


def test_an_unwritable_folder_is_told_before_training(drive: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "run"
    with pytest.raises(InputError) as caught:
        drive.begin(Checkpoint(folder))
    assert str(caught.value) == (
        f"Checkpoint cannot write in {str(folder)!r}: Not a directory; "
        "choose a folder that can be written"
    )


def test_bad_arguments_are_refused_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Checkpoint("run", save="first")  # pyright: ignore[reportArgumentType]
    assert str(caught.value) == "Checkpoint: save must be 'best', 'last' or 'every', not 'first'"
    with pytest.raises(InputError, match=r"^Checkpoint: every must be 1 or more epochs, not 0$"):
        Checkpoint("run", save="last", every=0)
    with pytest.raises(InputError, match=r"^is a lower or a higher 'gain' better\?"):
        Checkpoint("run", monitor="gain")


def test_the_best_without_validation_warns(drive: Any, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"^Checkpoint watched 'val_loss', which no epoch"):
        _run(drive, Checkpoint(tmp_path), [0.5], monitor="loss")


def test_one_object_serves_two_runs_and_a_continued_one(drive: Any, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    _run(drive, checkpoint, [0.25])
    _run(drive, checkpoint, [0.5])
    assert float(torch.load(tmp_path / "best.lampas")["net.0.bias"][0]) == 0.5

    other = Checkpoint(tmp_path / "more")
    assert isinstance(other, Stateful)
    drive.begin(other)
    other.load_state(checkpoint.state())
    drive.end_epoch(other, val_loss=0.6)
    assert other.saved is None
    assert Checkpoint("x", save="last").state() == {}
