"""Kill trainings at random moments, start them again, compare every bit of what they end with.

    python campaigns/kills.py                    # 200 kills over all jobs
    python campaigns/kills.py --kills 6 --only mlp,cnn --seed 1

Each job of `kill_jobs.py` first runs once without checkpoints and once with them, undisturbed.
Then it is started again and again in real processes, each killed at a moment drawn from the time
that the undisturbed one took; a chain ends when one comes to its end. Checkpoints are written
every three steps, so that many kills hit the writing itself. Compared are SHA-256s of weights and
buffers, of the history, of the predictions and of the random state. Exit code 1 where one differs.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from kill_jobs import JOBS, Asked

import lampas

_RESULTS = Path(__file__).parent / "results" / "kills.md"


@dataclass
class Tale:
    """What came of one job."""

    name: str
    kills: int = 0
    chains: int = 0
    while_writing: int = 0
    different: list[str] = field(default_factory=list[str])
    plain_is_kept: bool = True

    def row(self) -> str:
        same = self.chains - len({one.split(":")[0] for one in self.different})
        plain = "yes" if self.plain_is_kept else "no"
        cells = (self.name, self.kills, self.while_writing, f"{same} of {self.chains}", plain)
        return f"| {' | '.join(map(str, cells))} |"


def digest(name: str, folder: Asked) -> dict[str, str]:
    """Run a job to its end; what it ends with, as digests."""
    torch.set_num_threads(1)
    lampas.seed(0)
    model, history, inputs = JOBS[name](folder)
    torch_state = torch.get_rng_state()
    predicted = model.predict(inputs)
    weights = b"".join(one.contiguous().numpy().tobytes() for one in model.state_dict().values())
    found = {
        "weights": weights,
        "history": repr(history.rows).encode(),
        "predictions": predicted.contiguous().numpy().tobytes(),
        "random": torch_state.numpy().tobytes(),
    }
    return {part: hashlib.sha256(data).hexdigest() for part, data in found.items()}


def start(name: str, folder: Path | None) -> tuple[int, int]:
    """A process of its own that runs a job: its pid, and the pipe that its digests come through.

    Forked, so that torch need not be imported 400 times; nothing was computed in this process.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        with suppress(OSError):
            os.setpgid(pid, pid)  # both do it: whoever comes first
        return pid, read
    os.close(read)
    os.setpgid(0, 0)  # its workers go with it
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    code = 1
    try:
        found = json.dumps(digest(name, folder))
        os.write(write, found.encode())
        code = 0
    finally:
        os._exit(code)


def ended(pid: int, pipe: int) -> dict[str, str] | None:
    """Wait; the digests, or None where it was killed."""
    with os.fdopen(pipe, "rb") as file:
        said = file.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a job failed: run it alone to see why")
    return json.loads(said) if said else None


def chain(name: str, folder: Path, span: float, kills: int, tale: Tale) -> dict[str, str]:
    """Start and kill a job `kills` times at most, and let it come to its end."""
    for _ in range(kills):
        pid, pipe = start(name, folder)
        time.sleep(random.uniform(0.0, span))
        done, _ = os.waitpid(pid, os.WNOHANG)
        if done:
            with os.fdopen(pipe, "rb") as file:
                return json.loads(file.read())
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(pipe)
        tale.kills += 1
        tale.while_writing += any(folder.glob(".writing-*"))
    found = ended(*start(name, folder))
    assert found is not None
    return found


def trial(name: str, kills: int, say: Callable[[str], None]) -> Tale:
    """All of one job: undisturbed, then in chains of up to five kills."""
    tale = Tale(name)
    with tempfile.TemporaryDirectory() as place:
        plain = ended(*start(name, None))
        began = time.perf_counter()
        wanted = ended(*start(name, Path(place, "whole")))
        span = time.perf_counter() - began
        assert wanted is not None
        tale.plain_is_kept = plain == wanted
        while tale.kills < kills:
            folder = Path(place, f"chain-{tale.chains}")
            found = chain(name, folder, 0.9 * span, min(5, kills - tale.kills), tale)
            parts = [part for part in wanted if found[part] != wanted[part]]
            tale.different += [f"{tale.chains}: {part}" for part in parts]
            tale.chains += 1
            shutil.rmtree(folder, ignore_errors=True)
    say(tale.row())
    return tale


def main() -> int:
    """The campaign; 0 where all ended with the same bits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="in all")
    parser.add_argument("--only", default=",".join(JOBS), help="jobs, with commas between")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--write", action="store_true", help=f"the table, into {_RESULTS.name}")
    asked = parser.parse_args()
    random.seed(asked.seed)
    names = asked.only.split(",")
    lines = ["| job | kills | in the middle of writing | chains that end with the same bits | "
             "checkpoints change nothing |", "|---|---|---|---|---|"]  # fmt: skip
    print("\n".join(lines), flush=True)

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    tales = [trial(name, -(-asked.kills // len(names)), say) for name in names]
    chains, kills = sum(one.chains for one in tales), sum(one.kills for one in tales)
    bad = sum(len({d.split(":")[0] for d in one.different}) for one in tales)
    writing = sum(one.while_writing for one in tales)
    say(f"| all | {kills} | {writing} | {chains - bad} of {chains} | |")
    for one in tales:
        for line in one.different:
            print(f"{one.name}, chain {line} differs", file=sys.stderr)
    if asked.write:
        _RESULTS.parent.mkdir(exist_ok=True)
        about = f"torch {torch.__version__}, Python {sys.version.split()[0]}, seed {asked.seed}"
        _RESULTS.write_text("\n".join([f"# {kills} kills ({about})", "", *lines, ""]))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
