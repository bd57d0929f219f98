"""A framework at work: the process that runs its program, and what a run left."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from job import Order

HERE = Path(__file__).parent


@dataclass
class Line:
    """A step, written down before it was made."""

    time: float
    rows: tuple[int, ...]
    inputs: int
    mask: int


@dataclass
class Run:
    """What one process left behind."""

    code: int
    began: float
    lines: list[Line]
    found: dict[str, Any] | None
    said: str

    @property
    def start_up(self) -> float:
        """Seconds from the process's start to its first step."""
        return self.lines[0].time - self.began

    @property
    def seconds(self) -> float:
        """From its first step to its last one, validation and checkpoints between them included."""
        return self.lines[-1].time - self.lines[0].time


class Seat:
    """One framework's program, which takes orders until it is left."""

    def __init__(self, python: str, arguments: Sequence[str], place: Path):
        self.place, self.count = place, 0
        place.mkdir(parents=True)
        program, *rest = arguments
        self.errors = (place / "errors").open("w+")
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / program), *rest], text=True, cwd=place,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )  # fmt: skip

    @cached_property
    def about(self) -> dict[str, str]:
        """Its version, how often it saves and where; a `RuntimeError` where it did not start."""
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if line.startswith('{"'):  # the frameworks may greet
                return json.loads(line)
        self.errors.seek(0)
        raise RuntimeError((self.errors.read().strip().splitlines() or ["it ended"])[-1])

    def folder(self) -> Path:
        """A new one."""
        self.count += 1
        return self.place / f"run-{self.count}"

    @property
    def version(self) -> str:
        return self.about["version"]

    @property
    def every(self) -> str:
        return self.about["every"]

    @property
    def weights(self) -> str:
        """The pattern of the files in which its checkpoints keep weights."""
        return self.about["weights"]

    def run(self, folder: Path, **order: Any) -> Run:
        """One process, to its end or its death."""
        self.count += 1
        log = self.place / f"log-{self.count}"
        asked = Order(str(folder), str(log), **order)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        found = Path(f"{log}.found")
        return Run(
            answer["code"], answer["began"], read(log),
            json.loads(found.read_text()) if answer["code"] == 0 else None,
            Path(f"{log}.said").read_text(errors="replace"),
        )  # fmt: skip

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def read(log: Path) -> list[Line]:
    """The steps of a log; a last line that was cut off by a kill is no step."""
    if not log.exists():
        return []
    texts = [text for text in log.read_text().splitlines(keepends=True) if text.endswith("\n")]
    values = [json.loads(text) for text in texts]
    return [Line(time, tuple(rows), inputs, mask) for time, rows, inputs, mask in values]
