"""Have each call of the file system fail in turn, and see what is left, and what goes on from it.

    python campaigns/faults.py                   # 600 faults
    python campaigns/faults.py --count 80 --seed 1

`faults.c`, loaded before the C library, counts the calls (open, write, fsync, rename, mkdir,
unlink, rmdir, link) on paths below a folder, and makes one of them fail, or all from one on: as a
disk that is full, broken, or only readable. Each trial is a process of its own. The jobs are in
`fault_jobs.py`. Afterwards, without faults: a checkpoint must be whole, from the first one on; the
job, started again, must end with the bits of the undisturbed one and leave nothing behind; the
error must have been one of ours, in one line that names the place. Exit code 1 where it was not so.
"""

import argparse
import contextlib
import ctypes
import errno
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fault_jobs import Job, WrongError, jobs

from lampas.errors import LampasError

_RESULTS = Path(__file__).parent / "results" / "faults.md"
_SHIM = "LAMPAS_FAULTS"  # the path of the compiled library, where it is loaded
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""No disk is asked: each training calls fsync some fifty times, which took most of the campaign."""
_ONCE, _ON, _HALF, _SHORT = range(4)
_CALLS: dict[str, tuple[str, ...]] = {
    "EIO": ("open", "open to read", "write", "fsync", "rename", "mkdir", "unlink", "rmdir"),
    "ENOSPC": ("open", "write", "fsync", "rename", "mkdir"),
    "EACCES": ("open", "rename", "mkdir", "unlink", "rmdir"),
    "EROFS": ("open", "write", "rename", "mkdir", "unlink", "rmdir"),
}
"""Which calls fail with which errors."""


@dataclass(frozen=True)
class Fault:
    """Call `number`, which is a `call`, fails with `code`, by `mode`."""

    number: int
    call: str
    code: str
    mode: int

    @property
    def name(self) -> str:
        how = ("", ", and all after it", ", after half of it", ", shorter than asked")[self.mode]
        return f"{self.call}: {self.code or 'no error'}{how}"


def compiled(folder: Path) -> Path | None:
    """The library, made in `folder`; None where there is no C compiler."""
    compiler = next((one for one in ("cc", "gcc", "clang") if shutil.which(one)), None)
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    made, source = folder / "faults.so", Path(__file__).with_name("faults.c")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return made


def _library() -> Any:
    library = ctypes.CDLL(os.environ[_SHIM])
    library.faults_count.restype = ctypes.c_long
    library.faults_name.restype = library.faults_hit.restype = ctypes.c_char_p
    library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    library.faults_name.argtypes = [ctypes.c_long]
    return library


def in_child(job: Job, place: Path, fault: Fault | None) -> dict[str, Any]:
    """Run a job in a process of its own, with one fault or none: what came of it."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        with os.fdopen(read, "rb") as file:
            said = file.read()
        os.waitpid(pid, 0)
        return json.loads(said) if said else {"error": "died", "message": "", "said": ""}
    try:
        os.close(read)
        os.write(write, json.dumps(_done(job, place, fault)).encode())
    finally:
        os._exit(0)


def _done(job: Job, place: Path, fault: Fault | None) -> dict[str, Any]:
    library, heard = _library(), io.StringIO()
    found: dict[str, Any] = {"digest": None, "error": None, "message": ""}
    torch.set_num_threads(1)
    number, code, mode = (-1, 0, 0) if fault is None else (
        fault.number, getattr(errno, fault.code or "EIO"), fault.mode)  # fmt: skip
    library.faults_arm(str(place).encode(), number, code, mode)
    with contextlib.redirect_stderr(heard):
        try:
            found["digest"] = job.run(place)
        except Exception as error:  # whatever it is: that is the finding
            kind = "ours" if isinstance(error, LampasError) else type(error).__name__
            found |= {"error": kind, "message": str(error)}
    library.faults_disarm()
    names = [library.faults_name(index).decode() for index in range(library.faults_count())]
    return {**found, "said": heard.getvalue(), "calls": names, "hit": library.faults_hit().decode()}


def all_faults(calls: list[str]) -> list[Fault]:
    """Each call with each error that it can have, alone and with all after it."""
    found: list[Fault] = []
    for number, call in enumerate(calls):
        for code in (code for code, names in _CALLS.items() if call in names):
            found += [Fault(number, call, code, mode) for mode in (_ONCE, _ON)]
        if call == "write":
            found += [Fault(number, call, "ENOSPC", _HALF), Fault(number, call, "", _SHORT)]
    return found


def sampled(faults: list[Fault], count: int, chance: random.Random) -> list[Fault]:
    """`count` of them, of each kind as many as there are, or its even share."""
    kinds: dict[str, list[Fault]] = {}
    for one in faults:
        kinds.setdefault(one.name, []).append(one)
    for several in kinds.values():
        chance.shuffle(several)
    order, taken = list(kinds.values()), list[Fault]()
    chance.shuffle(order)
    while len(taken) < min(count, len(faults)):
        taken += [several.pop() for several in order if several]
    return taken[: max(count, 0)]


def trial(job: Job, ground: Path, place: Path, fault: Fault, wanted: str) -> str:
    """One fault: "as if nothing were", "a line said it", "an error in one line"; or "wrong: …"."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(ground, place)
    found = in_child(job, place, fault)
    try:
        kind = _judged(job, place, fault, found, wanted)
        job.check(place, found["digest"] is not None, fault.number)
        _goes_on(job, place, wanted)
    except (WrongError, LampasError) as error:
        return f"wrong: {found['hit']}: {error}"
    return kind


def _judged(job: Job, place: Path, fault: Fault, found: dict[str, Any], wanted: str) -> str:
    if found["digest"] is not None:
        if found["digest"] != wanted:
            raise WrongError("it ended with other bits")
        lines = found["said"].splitlines()
        told = [line for line in lines if "cannot" in line or "is damaged" in line]
        if any(str(place) not in line for line in told):
            raise WrongError(f"a line that does not name the place: {told}")
        return "a line said it" if told else "as if nothing were"
    line = found["message"]
    if found["error"] != "ours" or "\n" in line or str(place) not in line:
        raise WrongError(f"{found['error']}: {line}")
    if not job.required and not line.startswith("checkpoint: "):  # which is before the first step
        raise WrongError(f"it need not be kept, and ended the run: {line}")
    return "an error in one line"


def _goes_on(job: Job, place: Path, wanted: str) -> None:
    """The same once more, without faults."""
    found = in_child(job, place, None)
    if found["digest"] != wanted:
        raise WrongError(f"started again it ended otherwise: {found['message'] or 'other bits'}")
    names = [str(one.relative_to(place)) for one in place.rglob("*")]
    left = [one for one in names if Path(one).name.startswith((".writ", ".going", ".lock"))]
    if left:
        raise WrongError(f"left behind: {left}")


def trials(count: int, only: list[str], chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """`count` faults over all jobs: the job, the fault's name, and what came of it."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        warm_up(Path(folder, "warm"))
        place, first = Path(folder, "place"), _first_checkpoint(Path(folder, "first"))
        for name in only:
            job, ground = jobs(first)[name], Path(folder, name)
            job.begin(ground)
            shutil.copytree(ground, place)
            undisturbed = in_child(job, place, None)
            if undisturbed["digest"] is None:
                raise SystemExit(f"{name} fails without faults: {undisturbed['message']}")
            calls = undisturbed["calls"]
            for fault in sampled(all_faults(calls), -(-count // len(only)), chance):
                yield name, fault.name, trial(job, ground, place, fault, undisturbed["digest"])
            shutil.rmtree(place)


def warm_up(place: Path) -> None:
    """Train once here: what is imported at the first step need not be in each process."""
    torch.set_num_threads(1)  # else a fork would lack the others
    place.mkdir()
    jobs(0)["a training"].run(place)


def _first_checkpoint(place: Path) -> int:
    """After which call of a training its first checkpoint is whole."""
    place.mkdir()
    return in_child(jobs(0)["a training"], place, None)["calls"].index("rename") + 1


def table(found: list[tuple[str, str, str]], column: int, title: str) -> list[str]:
    """A line for each job, or for each kind of fault."""
    kinds = ("as if nothing were", "a line said it", "an error in one line", "wrong")
    lines = [f"| {title} | faults | {' | '.join(kinds)} |", "|---" * 6 + "|"]
    names = dict.fromkeys(one[column] for one in found)
    for name in [*(names if column == 0 else sorted(names)), "all"]:
        ends = [one[2].partition(":")[0] for one in found if name in (one[column], "all")]
        counts = Counter(ends)
        cells = [name, len(ends), *(counts[kind] for kind in kinds)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def main() -> int:
    """The campaign; 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=600, help="of faults, in all")
    parser.add_argument("--only", default=",".join(jobs(0)), help="jobs, with commas between")
    parser.add_argument("--seed", type=int, default=0, help="of the choice among the faults")
    parser.add_argument("--write", action="store_true", help=f"the tables, into {_RESULTS.name}")
    asked = parser.parse_args()
    if _SHIM not in os.environ:
        return _again_with_shim()
    found = list(trials(asked.count, asked.only.split(","), random.Random(asked.seed)))
    lines = [*table(found, 0, "job"), "", *table(found, 1, "call and error")]
    print("\n".join(lines))
    wrong = [": ".join(one) for one in found if one[2].startswith("wrong")]
    print("\n".join(wrong), file=sys.stderr)
    if asked.write:
        about = f"torch {torch.__version__}, Python {sys.version.split()[0]}, seed {asked.seed}"
        _RESULTS.parent.mkdir(exist_ok=True)
        _RESULTS.write_text("\n".join([f"# {len(found)} faults ({about})", "", *lines, ""]))
    return int(bool(wrong))


def _again_with_shim() -> int:
    """This program once more, with the library loaded before it began."""
    with tempfile.TemporaryDirectory() as folder:
        made = compiled(Path(folder))
        if made is None:
            raise SystemExit("this campaign needs Linux and a C compiler")
        with_shim = {**os.environ, "LD_PRELOAD": str(made), _SHIM: str(made)}
        return subprocess.run([sys.executable, *sys.argv], env=with_shim, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
