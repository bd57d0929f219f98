import errno
import os
import stat
from pathlib import Path

import pytest

from lampas.atomic import whole_file
from lampas.errors import ArtifactError, InputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
        assert len(names(tmp_path)) == 2
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def _write_half(path: Path, error: BaseException) -> None:
    with whole_file(path) as file:
        file.write(b"half of the ne")
        raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        _write_half(path, error)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with pytest.raises(ArtifactError) as caught, whole_file(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(caught.value) == f"cannot write {path}: No space left on device"
    assert names(tmp_path) == []


def test_folders_are_made_and_rights_are_those_of_any_new_file(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "a.bin"
    with whole_file(path) as file:
        file.write(b"x")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.bin"
    link.symlink_to(tmp_path / "real" / "a.bin")
    with whole_file(link) as file:
        file.write(b"x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.bin").read_bytes() == b"x"


def test_a_bare_name_goes_into_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with whole_file("a.bin") as file:
        file.write(b"x")
    assert names(tmp_path) == ["a.bin"]


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    for path in (str(tmp_path), f"{tmp_path}/new/"):
        with pytest.raises(InputError) as caught, whole_file(path):
            pass
        example = os.path.join(path, "model.lampas")
        assert str(caught.value) == (
            f"cannot write {path}: it is a folder: add a file name, as {example}"
        )


@pytest.mark.parametrize("rest", ["a.bin", "deeper/a.bin"])
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, rest: str) -> None:
    (tmp_path / "run").write_text("not a folder")
    path = f"{tmp_path}/run/{rest}"
    with pytest.raises(InputError) as caught, whole_file(path):
        pass
    assert str(caught.value) == f"cannot write {path}: {tmp_path}/run is a file, not a folder"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    path = f"{tmp_path}/a.bin"
    with pytest.raises(InputError) as caught, whole_file(path):
        pass
    tmp_path.chmod(0o755)
    assert str(caught.value) == f"cannot write {path}: Permission denied: choose another folder"


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    path = f"{tmp_path}/{'x' * 300}"
    with pytest.raises(InputError) as caught, whole_file(path):
        pass
    assert str(caught.value) == f"cannot write {path}: File name too long: choose another folder"
