"""Kill the same job in Lampas, Lightning, Keras, skorch, fastai and Poutyne; start it again.

    python benchmarks/resume.py [--peers VENV] [--only lampas,keras] [--quick] [--write]

Each is used as its documentation says: see `resume_jobs/`. Real processes die by SIGKILL, with
their workers, at chosen steps and at random moments, and are started again; what they end with is
compared with a run of the same framework that was left alone. The peers live in a virtual
environment of their own, which is made where there is none. Takes about twenty minutes.
"""

import argparse
import datetime
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "resume_jobs"))

from environment import RESUMED, environment  # noqa: E402
from seat import Seat  # noqa: E402
from tables import kills_tables, times_table  # noqa: E402
from trial import CHOSEN, Tale, clock, damage, kills  # noqa: E402

PAGE = HERE.parent / "docs" / "checkpoints.md"
END = "<!-- end -->"
PROGRAMS = {
    "lampas": ["with_lampas.py"],
    "lightning": ["with_lightning.py"],
    "lightning-stateful": ["with_lightning.py", "stateful"],
    "lightning-epoch": ["with_lightning.py", "epoch"],
    "keras": ["with_keras.py"],
    "keras-epoch": ["with_keras.py", "epoch"],
    "skorch": ["with_skorch.py"],
    "fastai": ["with_fastai.py"],
    "poutyne": ["with_poutyne.py"],
    "poutyne-flat": ["with_poutyne.py", "flat"],
}


def tell(seat: Seat, asked: argparse.Namespace) -> Tale | str:
    """All of one framework but its times; in words why it could not be run."""
    try:
        tale = Tale(seat.version, seat.every)
        if asked.part == "times":
            return tale
        if asked.quick:
            kills(seat, tale, 0, ["middle"], 0, asked.seed)
            return tale
        for workers in (0, 2):
            number = asked.kills - asked.kills // 3 if workers == 0 else asked.kills // 3
            kills(seat, tale, workers, list(CHOSEN), number, asked.seed + workers)
        damage(seat, tale, asked.flips, asked.seed)
    except RuntimeError as error:
        return str(error)
    return tale


def tell_all(names: list[str], place: Path, asked: argparse.Namespace) -> dict[str, Tale | str]:
    """Several side by side, which bits do not mind; then times, one after the other."""
    peers = environment(asked.peers, RESUMED) if set(names) - {"lampas"} else sys.executable
    pythons = {name: sys.executable if name == "lampas" else peers for name in names}
    seats = {name: Seat(pythons[name], PROGRAMS[name], place / name) for name in names}
    try:
        with ThreadPoolExecutor(asked.jobs) as pool:
            told = pool.map(lambda seat: tell(seat, asked), seats.values())
            tales = dict(zip(names, told, strict=True))
        for name, tale in tales.items():
            if isinstance(tale, Tale) and asked.part != "kills" and not asked.quick:
                clock(seats[name], tale, asked.repeats, places(place / name))
    finally:
        for seat in seats.values():
            seat.leave()
    return tales


def places(disk: Path) -> dict[str, Path]:
    """Where the clock has checkpoints written: the disk, and memory where the system has it."""
    memory = Path("/dev/shm")
    return {"disk": disk} | ({"memory": memory} if memory.is_dir() else {})


def about(asked: argparse.Namespace) -> str:
    """Where and how it was measured."""
    return (
        f"torch {version('torch').split('+')[0]}, Python {platform.python_version()}, "
        f"{platform.system()} on {platform.machine()}, CPU, one thread, "
        f"{datetime.date.today()}; by `benchmarks/resume.py`, seed {asked.seed}."
    )


def write(mark: str, text: str) -> None:
    """Into the page, between its marks."""
    begin = f"<!-- resume {mark} -->"
    before, rest = PAGE.read_text("utf-8").split(begin)
    _, after = rest.split(END, 1)
    PAGE.write_text(f"{before}{begin}\n{text}\n{END}{after}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--peers", type=Path, help="their virtual environment")
    parser.add_argument("--only", default=",".join(PROGRAMS), help="with commas between")
    parser.add_argument("--part", choices=["all", "kills", "times"], default="all")
    parser.add_argument("--quick", action="store_true", help="one kill each, and no clock")
    parser.add_argument("--kills", type=int, default=10, help="at random moments, a framework")
    parser.add_argument("--flips", type=int, default=8, help="bits flipped, one at a time")
    parser.add_argument("--repeats", type=int, default=5, help="of the clock")
    parser.add_argument("--jobs", type=int, default=2, help="frameworks side by side")
    parser.add_argument("--seed", type=int, default=0, help="of moments and bits")
    parser.add_argument("--write", action="store_true", help=f"the tables, into {PAGE.name}")
    asked = parser.parse_args()
    names = asked.only.split(",")
    place = Path(tempfile.mkdtemp(prefix="lampas-resume-"))
    try:
        tales = tell_all(names, place, asked)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    texts = {} if asked.part == "times" else {"table": kills_tables(tales)}
    if asked.part != "kills" and not asked.quick:
        texts["times"] = times_table(tales)
    for mark, text in texts.items():
        print(f"{text}\n\n{about(asked)}\n")
        if asked.write:
            write(mark, f"{text}\n\n{about(asked)}")


if __name__ == "__main__":
    main()
