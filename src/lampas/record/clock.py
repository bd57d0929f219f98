"""Where the time of a run goes: exactly between its epochs, by samples within its steps."""

import time
from statistics import median
from typing import TYPE_CHECKING

from lampas.profiling.stopwatch import PARTS, Stopwatch

if TYPE_CHECKING:
    from lampas.model import Model

_WINDOW = 10  # steps that are timed in an epoch that is looked at
_WARM = 3  # the first steps of a run, which allocate and choose algorithms
_WITHIN = tuple(part for part in PARTS if part != "data")


class Clock:
    """Books the seconds of a run of `model`: waiting for data, steps, validation, other things.

    What a step consists of is timed by hooks, in the first ten steps of the epochs 1, 2, 4, 8 and
    so on: of long runs that is next to nothing, and a slow first epoch does not speak for all.
    A `train_step` of the user's own may step and go backward as often as it likes, so its parts
    are not told apart.
    """

    def __init__(self, model: "Model") -> None:
        from lampas.model import Model

        self._model = model
        self._is_own = type(model).train_step is not Model.train_step
        self._booked: dict[str, float] = {
            "data": 0.0, "steps": 0.0, "validation": 0.0, "other": 0.0,
        }  # fmt: skip
        self._under_way = "other"
        self._last = time.perf_counter()
        self._epochs = 0
        self._watch: Stopwatch | None = None
        self._samples: list[dict[str, float]] = []

    @property
    def wants_steps(self) -> bool:
        """Whether each step is to be told."""
        return self._watch is not None

    def begin_epoch(self) -> None:
        """The steps of an epoch begin."""
        self._book("steps")
        self._epochs += 1
        if self._epochs & (self._epochs - 1) == 0 and not self._is_own:
            plan = self._model.plan
            self._watch = Stopwatch(self._model, plan.optimizers, after=plan.after_a_step)

    def step(self) -> None:
        """A step is done."""
        if self._watch is None:
            return
        self._watch.end_step()
        if len(self._watch.steps) == _WINDOW:
            self._collect()

    def end_steps(self, waited: float, then: str) -> float:
        """The steps of an epoch are done, `waited` seconds of it for data; "validation" or
        "other" follows. Returns the seconds they took, with that."""
        self._collect()
        took = self._book(then)
        self._booked["steps"] -= waited
        self._booked["data"] += waited
        return took

    def end_validation(self) -> float:
        """The validation is done: the seconds it took."""
        return self._book("other")

    def end(self, waited: float) -> None:
        """The run is over, perhaps in the midst of an epoch."""
        if self._under_way == "steps":
            self.end_steps(waited, "other")
        self._book("other")

    def _book(self, then: str) -> float:
        now = time.perf_counter()
        took, self._last = now - self._last, now
        self._booked[self._under_way] += took
        self._under_way = then
        return took

    def _collect(self) -> None:
        if self._watch is not None:
            self._watch.remove()
            self._samples += self._watch.steps
            self._watch = None

    def seconds(self) -> dict[str, float]:
        """Of each part: "data", the parts of a step, "validation" and "other", in this order; of a
        `train_step` of the user's own "steps" in the place of its parts.

        Steps are divided as the medians of the sampled ones are; {} before the first.
        """
        if self._is_own:
            parts = ("data", "steps", "validation", "other")
            return {part: self._booked[part] for part in parts}
        samples = self._samples[_WARM:] or self._samples
        if not samples:
            return {}
        typical = {part: median(one[part] for one in samples) for part in _WITHIN}
        scale = self._booked["steps"] / (sum(typical.values()) or 1.0)
        within = {part: scale * time for part, time in typical.items()}
        return {
            "data": self._booked["data"], **within,
            "validation": self._booked["validation"], "other": self._booked["other"],
        }  # fmt: skip
