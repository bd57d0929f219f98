from pathlib import Path

import pytest

from lampas.board.place import claim, claim_new, has_events


def test_a_free_folder_is_ones_own(tmp_path: Path) -> None:
    place = claim(tmp_path / "a" / "b")
    assert (place.folder, place.note) == (tmp_path / "a" / "b", None)
    place.release()
    again = claim(tmp_path / "a" / "b")
    assert again.note is None
    again.release()


def test_two_writers_write_into_two_folders(tmp_path: Path) -> None:
    places = [claim(tmp_path) for _ in range(3)]
    assert [place.folder for place in places] == [tmp_path, tmp_path / "2", tmp_path / "3"]
    assert places[1].note == (
        f"{tmp_path} is being written by another program; this goes into {tmp_path / '2'}"
    )
    for place in places:
        place.release()


@pytest.mark.parametrize("below", [".", "train", "validation"])
def test_a_new_run_leaves_an_old_log_alone(tmp_path: Path, below: str) -> None:
    (tmp_path / below).mkdir(exist_ok=True)
    (tmp_path / below / "events.out.tfevents.1.a.2.0").touch()
    assert has_events(tmp_path)
    place = claim_new(tmp_path)
    assert place.folder == tmp_path / "2"
    assert place.note == f"{tmp_path} holds the log of another run; this goes into {tmp_path / '2'}"
    place.release()
    old = claim(tmp_path)
    assert old.folder == tmp_path
    old.release()
