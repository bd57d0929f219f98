import subprocess
import sys
from pathlib import Path

from lampas.place import Lock, claim

HOLD = """
import sys
from pathlib import Path
from lampas.place import Lock
lock = Lock.take(Path(sys.argv[1]), ".lock")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_lock_keeps_others_out_and_leaves_nothing(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path, ".lock")
    assert lock is not None
    assert Lock.take(tmp_path, ".lock") is None
    assert Lock.take(tmp_path, ".other") is not None
    lock.release()
    assert not (tmp_path / ".lock").exists()
    again = Lock.take(tmp_path, ".lock")
    assert again is not None
    again.release()


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"ready\n"
    assert Lock.take(tmp_path, ".lock") is None
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()
    lock = Lock.take(tmp_path, ".lock")
    assert lock is not None
    lock.release()


def test_the_first_folder_without_a_reason_against_it(tmp_path: Path) -> None:
    (tmp_path / "2").mkdir(parents=True)
    (tmp_path / "2" / "taken").touch()
    (tmp_path / "taken").touch()
    place = claim(tmp_path, ".lock", lambda at: "is taken" if (at / "taken").exists() else None)
    assert place.folder == tmp_path / "3"
    assert place.note == f"{tmp_path} is taken; this goes into {tmp_path / '3'}"
    place.release()
    assert not list(tmp_path.rglob(".lock"))
