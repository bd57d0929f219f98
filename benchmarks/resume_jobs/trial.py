"""All that one framework goes through: undisturbed runs, kills, damage, and the clock."""

import random
import re
import shutil
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from job import EPOCHS, EVERY, STEPS
from judge import Verdict, after_damage, alike, judge
from seat import Run, Seat

MIDDLE = EVERY * 9 + 6  # of the second epoch, six steps after a checkpoint
CHOSEN: dict[str, dict[str, Any]] = {
    "middle": {"kill_after": MIDDLE},
    "just after": {"kill_after": EVERY * 9},
    "before validation": {"kill_after": 2 * STEPS, "kill_at": "valid"},
}


@dataclass
class Tale:
    """What came of one framework."""

    version: str
    every: str
    repeats_itself: bool = True
    whole: dict[int, Run] = field(default_factory=dict[int, Run])  # by number of workers
    chosen: dict[tuple[int, str], Verdict] = field(default_factory=dict[tuple[int, str], Verdict])
    at_random: dict[int, list[Verdict]] = field(default_factory=dict[int, list[Verdict]])
    failed: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    flipped: list[str] = field(default_factory=list[str])
    cut: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    ratios: dict[str, list[float]] = field(default_factory=dict[str, list[float]])  # by place
    start_up: float | None = None

    def verdicts(self, workers: int) -> list[Verdict]:
        chosen = [one for (number, _), one in self.chosen.items() if number == workers]
        return chosen + self.at_random.get(workers, [])


def killed(seat: Seat, tale: Tale, workers: int, **kill: Any) -> Verdict | None:
    """One kill and the start after it; None where it came too late or the start failed.

    None as well where no checkpoint was there yet: beginning anew repeats any run.
    """
    folder = seat.folder()
    first = seat.run(folder, workers=workers, **kill)
    if first.code == 0:
        return None
    second = seat.run(folder, workers=workers)
    shutil.rmtree(folder, ignore_errors=True)
    if second.found is None:
        tale.failed.append((workers, last_line(second)))
        return None
    verdict = judge(tale.whole[workers], first, second)
    return verdict if verdict.resumed_at else None


def last_line(run: Run) -> str:
    """What it said last; the head of an error where that has several lines."""
    lines = run.said.strip().splitlines()
    heads = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (heads or lines)[-1] if lines else f"exit code {run.code}"


def kills(seat: Seat, tale: Tale, workers: int, names: list[str], number: int, seed: int) -> None:
    """Two undisturbed runs, the chosen moments, and `number` moments by the clock.

    One undisturbed run is enough where there are no such moments, as in a quick look.
    """
    tale.whole[workers] = one = seat.run(seat.folder(), workers=workers)
    if one.found is None:
        raise RuntimeError(last_line(one))
    if number:
        tale.repeats_itself &= alike(one, seat.run(seat.folder(), workers=workers))
    for name in names:
        verdict = killed(seat, tale, workers, **CHOSEN[name])
        if verdict is not None:
            tale.chosen[workers, name] = verdict
    draw = random.Random(seed)
    tale.at_random[workers] = []
    for _ in range(5 * number):
        if len(tale.at_random[workers]) == number:
            break
        verdict = killed(seat, tale, workers, **moment(draw))
        if verdict is not None:
            tale.at_random[workers].append(verdict)


def moment(draw: random.Random) -> dict[str, Any]:
    """Any moment: at which step it is looked at, and a while of up to several steps after that.

    Not simply by the clock: on a machine with other work no two runs take the same time.
    """
    return {
        "kill_from": draw.randrange(1, EPOCHS * STEPS - 5),
        "kill_seconds": draw.uniform(0, 0.01),
    }


def damage(seat: Seat, tale: Tale, flips: int, seed: int) -> None:
    """Resume from a checkpoint with one bit flipped, at several places, and from half of one."""
    folder, draw = seat.folder(), random.Random(seed)
    seat.run(folder, kill_after=2 * STEPS + MIDDLE - STEPS)
    wanted = seat.run(copied(folder, seat.folder()))
    for number in range(flips + 1):
        copy = copied(folder, seat.folder())
        newest = max(copy.glob(seat.weights), key=lambda path: (path.stat().st_mtime_ns, path))
        data = bytearray(newest.read_bytes())
        if number < flips:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        newest.write_bytes(data if number < flips else data[: len(data) // 2])
        got = seat.run(copy)
        outcome = after_damage(wanted, got)
        (tale.flipped if number < flips else tale.cut).append(outcome)
        if got.found is None:
            tale.errors.append(last_line(got))


def copied(folder: Path, to: Path) -> Path:
    """A copy that keeps the files' times, which may decide which is the newest."""
    shutil.copytree(folder, to, symlinks=True)
    return to


def clock(seat: Seat, tale: Tale, repeats: int, places: dict[str, Path]) -> None:
    """What checkpoints cost, and how much later a resumed run makes its first step.

    Runs alternate: without, and with checkpoints in each of the places, in an order of each
    repeat's own; then one that is killed, and the one that goes on. The ratios are to the median
    without.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ("", *places)}
    fresh, resumed = [], []
    for repeat in range(repeats):
        for name in random.Random(repeat).sample(list(seconds), len(seconds)):
            folder = places.get(name, seat.place) / f"clock-{repeat}-{name}-{seat.place.name}"
            run = seat.run(folder, keeps=bool(name))
            shutil.rmtree(folder, ignore_errors=True)
            seconds[name].append(run.seconds)
            fresh += [run.start_up] if name == "disk" else []
        folder = seat.folder()
        seat.run(folder, kill_after=MIDDLE)
        resumed.append(seat.run(folder).start_up)
    middle = statistics.median(seconds.pop(""))
    tale.ratios = {name: [one / middle for one in times] for name, times in seconds.items()}
    tale.start_up = statistics.median(resumed) - statistics.median(fresh)
