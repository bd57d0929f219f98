"""All contenders on one workload, in turns; and what is to be said of each."""

import random
import statistics
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from crew import LeftOutError, Seat
from worker import Order


@dataclass
class Result:
    """One contender on one workload; seconds are of whole runs."""

    name: str
    times: list[float]
    warm_up: float
    loss: float
    accuracy: float
    compiles: bool
    steady: list[float] = field(default_factory=list)
    fresh: list[dict[str, float]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(self.times)

    @property
    def compile_seconds(self) -> float | None:
        """The first run of its process less a later one, for those who compile."""
        return self.warm_up - self.seconds if self.compiles else None

    def of_fresh(self, name: str) -> float | None:
        """The median over processes of their own."""
        return statistics.median(one[name] for one in self.fresh) if self.fresh else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"seconds": self.seconds, "compile_seconds": self.compile_seconds}


@dataclass
class Contest:
    """A workload, as it was asked for, and its results."""

    title: str
    batch_size: int
    epochs: int
    steps: int
    order: Order
    results: dict[str, Result]


def contest(
    seats: dict[str, Seat], order: Order, work: Any, repeats: int, processes: int
) -> Contest:
    """Each in turn, in an order of its own in every repeat."""
    results = {}
    for name, seat in seats.items():
        _say(f"{order.workload}: {seat.member.name} warms up")
        try:
            results[name] = _warmed_up(seat, order, processes)
        except LeftOutError as why:
            print(f"{seat.member.name} is left out of {order.workload}: {why}", flush=True)
    for repeat in range(repeats):
        turns = list(results)
        random.Random(repeat).shuffle(turns)
        for name in turns:
            _take(results[name], seats[name].run(order))
        _say(f"{order.workload}: repeat {repeat + 1} of {repeats}")
    results = _with_steady({name: one for name, one in results.items() if one.times})
    steps = -(-len(work.x) // work.batch_size) if order.verb == "fit" else 1
    return Contest(work.name, work.batch_size, work.epochs, steps * work.epochs, order, results)


def _take(result: Result, answer: dict[str, Any]) -> None:
    result.times.append(answer["seconds"])
    if answer["steady"] is not None:
        result.steady.append(answer["steady"])


def _with_steady(results: dict[str, Result]) -> dict[str, Result]:
    """After each whose first epoch is unlike the others: its run without that one."""
    found: dict[str, Result] = {}
    for name, one in results.items():
        found[name] = one
        if one.steady:
            again = Result(f"{one.name}, once compiled", one.steady, 0.0, one.loss, one.accuracy,
                           compiles=False)  # fmt: skip
            found[f"{name}-steady"] = again
    return found


def _say(line: str) -> None:
    """How far it is, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{line:70}", end="\r", file=sys.stderr, flush=True)


def _warmed_up(seat: Seat, order: Order, processes: int) -> Result:
    """Its first run, which is not timed with the others, and its processes of their own."""
    first = seat.run(order)
    return Result(
        seat.member.name, [], first["seconds"], first["loss"], first["accuracy"],
        seat.about["keeps_compiled"], [],
        [seat.fresh(order, number) for number in range(processes)],
    )  # fmt: skip
