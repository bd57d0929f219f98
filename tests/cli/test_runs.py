import pytest

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
