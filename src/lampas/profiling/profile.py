"""What was measured of some steps, in words first."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from lampas.printing import html_folded, html_lines, html_table, text_table
from lampas.profiling.stopwatch import PARTS

_ADVICE = {
    "data": "larger batches wait less often; arrays are gathered at once, and a DataLoader may "
    "have more workers (num_workers=)",
    "forward": "the net itself: larger batches cost fewer calls; the table below names the "
    "operations",
    "backward": "the net itself: larger batches cost fewer calls; the table below names the "
    "operations",
    "loss": "larger batches cost fewer calls; torch's own losses are faster than those written out",
    "optimiser": "larger batches step less often",
    "metrics": "fewer metrics, or callbacks that hear each step",
}
_SHOWN = 10  # operations


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of torch: its name, its calls a step, and its own milliseconds a step, without
    those of operations inside it: on the accelerator where there is one."""

    name: str
    calls: float
    milliseconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """Where the time of a training step goes; prints in words, then as tables.

    `steps`: milliseconds of each part of each step that was timed (see `PARTS`). `operations`:
    the dearest first, from other steps, which the recording slows down. `samples`: of a batch.
    """

    steps: tuple[dict[str, float], ...]
    operations: tuple[Operation, ...]
    trace: Path | None = None

    @property
    def parts(self) -> dict[str, float]:
        """The median milliseconds of each part."""
        return {part: median(step[part] for step in self.steps) for part in PARTS}

    @property
    def milliseconds(self) -> float:
        """Of a step: the sum of the parts."""
        return sum(self.parts.values())

    def words(self) -> list[str]:
        """The dearest part, and every other that takes a fifth of a step or more, with what
        may be done about it."""
        parts, whole = self.parts, self.milliseconds or 1.0
        dear = sorted(parts, key=lambda part: -parts[part])
        said = [part for part in dear if part == dear[0] or parts[part] >= 0.2 * whole]
        return [
            f"{100 * parts[part] / whole:.0f} % of each step {_IS[part]}: {_ms(parts[part])} of "
            f"{_ms(whole)}; {_ADVICE[part]}"
            for part in said
        ]

    def __str__(self) -> str:
        head = f"A step takes {_ms(self.milliseconds)} (medians of {len(self.steps)} steps)"
        lines = [*self.words(), "", head, text_table(*self._parts())]
        if self.operations:
            lines += ["", "Operations, in steps that recording slows down"]
            lines += [text_table(*self._operations())]
        if self.trace is not None:
            lines += ["", self._traced()]
        return "\n".join(lines)

    def _traced(self) -> str:
        return f"Trace for Perfetto or chrome://tracing: {self.trace}"

    def _parts(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows of the table of parts."""
        parts, whole = self.parts, self.milliseconds or 1.0
        rows = [[part, _ms(time), f"{100 * time / whole:.0f} %"] for part, time in parts.items()]
        return ["part", "time", "share"], rows

    def _operations(self) -> tuple[list[str], list[list[str]]]:
        """Head and rows of the table of operations."""
        whole = sum(one.milliseconds for one in self.operations) or 1.0
        rows = [
            [one.name, f"{one.calls:g}", _ms(one.milliseconds),
             f"{100 * one.milliseconds / whole:.0f} %"]
            for one in self.operations[:_SHOWN]
        ]  # fmt: skip
        return ["operation", "calls", "own time", "share"], rows

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        whole = f"A step takes {_ms(self.milliseconds)} (medians of {len(self.steps)} steps)"
        found = html_lines(self.words()) + html_table(*self._parts(), note=whole)
        if self.operations:
            found += html_folded("operations, in steps that recording slows down",
                                 html_table(*self._operations()))  # fmt: skip
        return found if self.trace is None else found + html_lines([self._traced()])

    def to_json(self) -> dict[str, Any]:
        """Parts and operations as plain values."""
        operations = [
            {"name": one.name, "calls": one.calls, "milliseconds": one.milliseconds}
            for one in self.operations
        ]
        return {"parts": self.parts, "steps": len(self.steps), "operations": operations}


_IS = {
    "data": "waits for data",
    "forward": "is the forward pass",
    "loss": "is the loss",
    "backward": "is the backward pass",
    "optimiser": "is the optimiser",
    "metrics": "goes to metrics and callbacks",
}


def _ms(milliseconds: float) -> str:
    """Milliseconds at reading precision.

    >>> _ms(0.0412), _ms(8.1)
    ('41 µs', '8.1 ms')
    """
    if milliseconds < 1:
        return f"{1000 * milliseconds:.0f} µs"
    return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3g} s"
