"""Checkpoints on the disk: whole or not there, the damaged ones found out, the old ones gone."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from small_run import same, small

import lampas
from lampas.errors import ArtifactError
from lampas.state.folder import Folder, number_of
from lampas.state.manifest import NewerFormatError


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name.startswith("checkpoint"))


def test_the_newest_ones_stay_and_nothing_else_is_left(cut: Path) -> None:
    assert _names(cut) == ["checkpoint-000003", "checkpoint-000004"]
    assert sorted(one.name for one in cut.iterdir()) == _names(cut)
    assert sorted(one.name for one in (cut / "checkpoint-000004").iterdir()) == [
        "manifest.json", "optimizer.safetensors", "rest.safetensors", "weights.safetensors",
    ]  # fmt: skip


def test_weights_are_plain_safetensors_under_the_nets_own_names(cut: Path) -> None:
    from safetensors.torch import load_file

    found = load_file(cut / "checkpoint-000004" / "weights.safetensors")
    assert sorted(found) == sorted(small().net.state_dict())


def _flip(path: Path, place: int = -5) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("part", ["manifest.json", "weights.safetensors", "rest.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "folder", "link"])
def test_a_damaged_one_is_named_and_the_one_before_is_used(
    cut: Path, part: str, damage: str
) -> None:
    path = cut / "checkpoint-000004" / part
    whole = path.read_bytes()
    if damage == "flip":
        _flip(path)
    elif damage in ("cut", "empty"):
        path.write_bytes(whole[:-1] if damage == "cut" else b"")
    else:
        path.unlink()
        if damage == "folder":
            path.mkdir()
        if damage == "link":
            (cut / "elsewhere").write_bytes(whole)
            path.symlink_to(cut / "elsewhere")
    said: list[str] = []
    found = Folder(cut).newest(said.append)
    assert found is not None
    assert found[0] == 3
    (line,) = said
    assert line.startswith(f"{cut}/checkpoint-000004 is damaged: ")
    assert line.endswith("checkpoint-000003, the newest whole one, is used")


def test_parts_of_two_checkpoints_are_not_mixed(cut: Path) -> None:
    part = "optimizer.safetensors"
    os.replace(cut / "checkpoint-000003" / part, cut / "checkpoint-000004" / part)
    with pytest.raises(ArtifactError, match="the checksum of its optimizer"):
        Folder(cut).read(4)


def test_where_none_is_whole_nothing_is_begun_anew(cut: Path) -> None:
    for number in (3, 4):
        _flip(cut / f"checkpoint-{number:06d}" / "manifest.json")
    with pytest.raises(ArtifactError, match=r"2 checkpoint\(s\), and none is whole: .*move the"):
        Folder(cut).newest(lambda line: None)


def test_one_of_a_newer_lampas_is_not_passed_over(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lampas.state.manifest.FORMAT", 0)
    with pytest.raises(NewerFormatError, match="has format 1, and this Lampas reads up to 0"):
        Folder(cut).newest(lambda line: None)


def test_leftovers_of_a_process_that_died_are_swept(tmp_path: Path) -> None:
    for name in (".writing-000007-ab", ".going-000001-cd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").touch()
    (tmp_path / "mine").mkdir()
    Folder(tmp_path).sweep()
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_which_ones_are_dropped(tmp_path: Path) -> None:
    for name in ("000001", "000002", "000003-end", "000004", "000005", "000006-end"):
        (tmp_path / f"checkpoint-{name}").mkdir()
    folder = Folder(tmp_path)
    folder.drop_older(2, spared=[1])
    assert _names(tmp_path) == [
        "checkpoint-000001", "checkpoint-000004", "checkpoint-000005", "checkpoint-000006-end",
    ]  # fmt: skip
    assert folder.place(6).name == "checkpoint-000006-end"
    assert number_of(folder.place(6)) == 6
    assert number_of(tmp_path) is None
    assert Folder(tmp_path / "nowhere").newest(print) is None


def test_a_model_is_loaded_from_a_checkpoint(cut: Path) -> None:
    state = Folder(cut).read(3)
    for path, number in ((cut, 4), (cut / "checkpoint-000003", 3)):
        model: Any = lampas.load(path, net=small().net)
        wanted = Folder(cut).read(number).weights
        assert all(torch.equal(wanted[k], v) for k, v in model.net.state_dict().items())
    assert model.history.rows == state.history
    assert not same(model, lampas.load(cut, net=small().net))  # pyright: ignore
    with pytest.raises(ArtifactError, match="a folder without a checkpoint: name the"):
        lampas.load(cut.parent, net=small().net)
