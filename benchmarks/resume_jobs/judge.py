"""What a run that was killed and started again has in common with one that was not."""

from collections import Counter
from dataclasses import dataclass

from job import EPOCHS, ROWS, STEPS
from seat import Line, Run


@dataclass
class Verdict:
    """One kill."""

    same_weights: bool
    same_optimizer: bool
    steps: int  # that Adam counted in the end
    rate: float
    rows_kept: int  # of the history, with the same figures
    twice: int  # rows that the interrupted epoch saw more than once
    never: int
    same_order: bool  # of the interrupted epoch
    same_later: bool | None  # order of the epochs after it; None where there is none
    same_masks: bool
    same_inputs: bool
    again: int  # steps from the checkpoint to the kill, which are made a second time
    resumed_at: int
    start_up: float

    @property
    def same(self) -> bool:
        return self.same_weights and self.same_optimizer


def judge(whole: Run, first: Run, second: Run) -> Verdict:
    """`first` was killed; `second` went on to the end; `whole` was left alone."""
    assert whole.found is not None
    assert second.found is not None
    start = resumed_at(second)
    lines = first.lines[:start] + second.lines
    epoch = max(0, len(first.lines) - 1) // STEPS
    after = (EPOCHS - 1 - epoch) * STEPS
    interrupted = lines[epoch * STEPS : len(lines) - after]
    seen = Counter(row for line in interrupted for row in line.rows)
    rows = zip(whole.found["history"], second.found["history"], strict=False)
    return Verdict(
        same_weights=whole.found["weights"] == second.found["weights"],
        same_optimizer=whole.found["optimizer"] == second.found["optimizer"],
        steps=second.found["steps"],
        rate=second.found["rate"],
        rows_kept=sum(one == other for one, other in rows),
        twice=sum(times > 1 for times in seen.values()),
        never=ROWS - len(seen),
        same_order=order(interrupted) == order(whole.lines[epoch * STEPS : (epoch + 1) * STEPS]),
        same_later=order(lines[-after:]) == order(whole.lines[-after:]) if after else None,
        same_masks=[one.mask for one in lines] == [one.mask for one in whole.lines],
        same_inputs=[one.inputs for one in lines] == [one.inputs for one in whole.lines],
        again=len(first.lines) - start,
        resumed_at=start,
        start_up=second.start_up,
    )


def order(lines: list[Line]) -> list[tuple[int, ...]]:
    return [line.rows for line in lines]


def alike(one: Run, other: Run) -> bool:
    """Whether two undisturbed runs agree in every bit that was looked at."""
    seen = [[(line.rows, line.inputs, line.mask) for line in run.lines] for run in (one, other)]
    return one.found == other.found is not None and seen[0] == seen[1]


def after_damage(wanted: Run, got: Run) -> str:
    """What came of a damaged checkpoint, in a word or two, beside the run from the whole one."""
    if got.found is None:
        return "fails" if got.code > 0 else "crashes"
    if resumed_at(got) < resumed_at(wanted):
        return "fell back"
    assert wanted.found is not None
    return "no effect" if got.found["weights"] == wanted.found["weights"] else "loaded"


def resumed_at(run: Run) -> int:
    """How many steps it got from a checkpoint: those that Adam counted, less those it made."""
    return run.found["steps"] - len(run.lines) if run.found else 0
