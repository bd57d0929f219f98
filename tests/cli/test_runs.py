import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lampas
from lampas.cli.runs import model_file, new_folder
from lampas.errors import ArtifactError, InputError


def test_a_failure_leaves_no_empty_folders(tmp_path):
    out = tmp_path / "a" / "b" / "run"

    def fail(write: bool) -> None:
        with new_folder(str(out), "x", force=False) as folder:
            assert folder.is_dir()
            if write:
                (folder / "kept").write_text("")
            raise InputError("no")

    with pytest.raises(InputError, match=r"^no$"):
        fail(write=False)
    assert not (tmp_path / "a").exists()
    with pytest.raises(InputError, match=r"^no$"):
        fail(write=True)
    assert (out / "kept").exists()


def test_a_folder_that_was_there_stays(tmp_path):
    with pytest.raises(InputError, match=r"^no$"), new_folder(str(tmp_path), "x", force=False):
        raise InputError("no")
    assert tmp_path.exists()


def test_folders_made_in_one_second_differ(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with new_folder(None, "x", force=False) as first, new_folder(None, "x", force=False) as second:
        assert first != second
        assert first.parent == second.parent


def test_the_model_of_a_run(tmp_path):
    with pytest.raises(ArtifactError):
        model_file(str(tmp_path))
    (tmp_path / "model.lampas").write_text("")
    assert model_file(str(tmp_path)) == tmp_path / "model.lampas"
    assert model_file("a.lampas").name == "a.lampas"


def test_a_second_training_in_one_folder_is_refused(tmp_path):
    refused = pytest.raises(
        InputError, match=r"another `lampas train`, process \d+ on .*, is writing into .*: choose"
    )
    with (
        new_folder(str(tmp_path), "x", force=False),
        refused,
        new_folder(str(tmp_path), "x", force=True),
    ):
        pass
    with new_folder(str(tmp_path), "x", force=False):
        pass
    assert list(tmp_path.iterdir()) == []


def _trained_on_a_disk_of(kilobytes, folder, tables):
    """`lampas train` into `folder`/run, where `folder` is a disk of that size, for this process
    alone; it ended well."""
    words = ["train", tables / "train.csv", "--target", "age", "--epochs", 2,
             "--out", folder / "run", "--validation", tables / "new.csv"]  # fmt: skip
    mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    inside = ["sh", "-c", f"{mount}; exit 99", folder, sys.executable, "-m", "lampas.cli", *words]
    try:
        done = subprocess.run(
            ["unshare", "-rm", *map(str, inside)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no `unshare` here to mount a small disk with")
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("this system lets no user mount a small disk")
    assert done.returncode == 0, done.stderr
    return done


def test_a_full_disk_loses_no_weights(tables, tmp_path):
    """The model does not fit on the disk: it is saved in a temporary folder."""
    done = _trained_on_a_disk_of(48, tmp_path, tables)
    saved = re.search(r"No space left on device: the model is saved in (\S+)\n", done.stderr)
    assert saved is not None, done.stderr
    assert f"lampas predict {saved[1]} NEW.csv" in done.stdout
    assert len(lampas.load(saved[1]).predict(tables / "new.csv")) == 12
    shutil.rmtree(Path(saved[1]).parent)


def test_a_full_disk_costs_the_story_alone(tables, tmp_path):
    """The model fits, and what is told of it does not."""
    done = _trained_on_a_disk_of(330, tmp_path, tables)
    assert "not all of the run is kept: " in done.stderr
    assert f"its model is whole, in {tmp_path / 'run' / 'model.lampas'}" in done.stderr
