"""Who takes part in `peers.py`, and the processes that they live in."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from worker import Order

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Member:
    """A contender: how it is called in tables, and where its program is."""

    name: str
    module: str
    kind: str

    @property
    def is_ours(self) -> bool:
        """Needs no other library than Lampas and torch."""
        return self.module in ("with_hand", "with_lampas")


CREW = {
    "usual": Member("usual script", "with_hand", "Usual"),
    "hand": Member("best by hand", "with_hand", "ByHand"),
    "compiled": Member("by hand, torch.compile", "with_hand", "Compiled"),
    "lampas": Member("Lampas, eager", "with_lampas", "Lampas"),
    "jit": Member("Lampas, jit", "with_lampas", "Jit"),
    "auto": Member("Lampas, auto", "with_lampas", "Auto"),
    "lightning": Member("Lightning", "with_lightning", "Lightning"),
    "barebones": Member("Lightning, barebones", "with_lightning", "Barebones"),
    "keras": Member("Keras 3, own layers", "with_keras", "OwnLayers"),
    "keras-torch": Member("Keras 3, torch net", "with_keras", "Keras"),
    "skorch": Member("skorch", "with_skorch", "Skorch"),
    "poutyne": Member("Poutyne", "with_poutyne", "Poutyne"),
    "fastai": Member("fastai", "with_fastai", "Fastai"),
    "torchkeras": Member("torchkeras", "with_torchkeras", "Torchkeras"),
    "ignite": Member("Ignite", "with_ignite", "Ignite"),
    "accelerate": Member("Accelerate", "with_accelerate", "Accelerate"),
}
OURS = [name for name, member in CREW.items() if member.is_ours]


class LeftOutError(Exception):
    """Why a contender does not take part, or not in this workload."""


class Seat:
    """A contender's process, which takes orders until it is left."""

    def __init__(self, member: Member, python: str, threads: int, place: Path):
        self.member, self.place = member, place
        place.mkdir(parents=True)
        self.command = [python, "-W", "ignore", str(HERE / "worker.py"), member.module,
                        member.kind, str(threads)]  # fmt: skip
        self.surroundings = os.environ | {
            "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads),
            "CUDA_VISIBLE_DEVICES": "", "TORCHINDUCTOR_COMPILE_THREADS": "1",
        }  # fmt: skip
        self.errors = (place / "errors").open("w+")
        self.process = subprocess.Popen(
            self.command, text=True, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, env=self._env("cache"),
        )  # fmt: skip

    def _env(self, cache: str) -> dict[str, str]:
        """What is compiled starts from an empty folder."""
        names = "TORCHINDUCTOR_CACHE_DIR", "LAMPAS_CACHE"
        return self.surroundings | {name: str(self.place / cache / name) for name in names}

    @cached_property
    def about(self) -> dict[str, Any]:
        """Its version and torch's; `LeftOutError` where it did not start."""
        found = self._answer()
        if found["why_not"]:
            raise LeftOutError(found["why_not"])
        return found

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise LeftOutError((self.errors.read().strip().splitlines() or ["it ended"])[-1])
        found = json.loads(line)
        if "error" in found:
            raise LeftOutError(found["error"])
        return found

    def run(self, order: Order) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(order)) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def fresh(self, order: Order, number: int) -> dict[str, float]:
        """Import, first run and peak memory of a process of its own."""
        command = [*self.command, "--fresh", json.dumps(asdict(order))]
        env = self._env(f"cache-{order.workload}-{number}")
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.place, env=env
        )
        if done.returncode:
            raise LeftOutError((done.stderr.strip().splitlines() or ["it ended"])[-1])
        return json.loads(done.stdout)

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def seats(names: list[str], python: str, threads: int, place: Path) -> dict[str, Seat]:
    """Those who could start, side by side; of the others a line says why not."""
    found = {
        name: Seat(CREW[name], sys.executable if CREW[name].is_ours else python, threads,
                   place / name)
        for name in names
    }  # fmt: skip
    for name, seat in list(found.items()):
        try:
            assert seat.about
        except LeftOutError as why:
            print(f"{seat.member.name} is left out: {why}", flush=True)
            found.pop(name).leave()
    return found
