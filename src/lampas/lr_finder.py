"""The learning-rate range test: which rates this model can be trained with."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from lampas.data.batch import Batch
from lampas.data.feed import make_source
from lampas.data.wrap import grouped
from lampas.errors import InputError, NonFiniteError
from lampas.optim.state import kept
from lampas.plan import device_of, dtype_of
from lampas.printing import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lampas.model import Model

_DIVERGED = 4.0


@dataclass(frozen=True, repr=False)
class LRFinder:
    """What `find_lr` found: `losses[i]` is the loss of the step made with rate `lrs[i]`.

    `diverged`: whether the loss rose so far, or became nan, that the test was cut short.
    """

    lrs: list[float]
    losses: list[float]
    diverged: bool

    @property
    def smoothed(self) -> list[float]:
        """The losses, each the mean over a tenth of the steps around it (at least 3)."""
        half = max(1, len(self.losses) // 20)
        windows = (self.losses[max(0, i - half) : i + half + 1] for i in range(len(self.losses)))
        return [sum(window) / len(window) for window in windows]

    @property
    def suggestion(self) -> float | None:
        """The rate where the smoothed loss falls fastest over log(lr), before its minimum.

        It lies below the rate of the lowest loss, where training is close to diverging (Smith
        2017, "Cyclical Learning Rates"). None where the loss never fell: try other rates, more
        steps, or another model.
        """
        smooth = self.smoothed
        if len(smooth) < 3:
            return None
        lowest = min(range(len(smooth)), key=smooth.__getitem__)
        slopes = {i: self._slope(smooth, i) for i in range(1, lowest)}
        steepest = min(slopes, key=slopes.__getitem__, default=None)
        if steepest is None or slopes[steepest] >= 0:
            return None
        return self.lrs[steepest]

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Loss over learning rate, with the suggestion; on `ax`, or on a figure of its own."""
        if ax is None:
            from lampas.curves import Panel  # matplotlib takes long to import

            ax = Panel.alone()
        ax.plot(self.lrs, self.losses, alpha=0.35, label="loss")
        ax.plot(self.lrs, self.smoothed, label="smoothed")
        if self.suggestion is not None:
            label = f"suggestion {self.suggestion:.2g}"
            ax.axvline(self.suggestion, color="0.4", linestyle="--", label=label)
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        ax.legend()
        return ax

    def __str__(self) -> str:
        """One line: the range, how it ended, and the suggestion.

        >>> print(LRFinder([1e-4, 1e-3, 1e-2, 0.1, 1], [1, 1, 0.6, 0.5, 2], diverged=True))
        5 steps from lr 0.0001 to 1, where the loss diverged; suggestion: 0.001
        """
        found = f"suggestion: {self.suggestion:.2g}" if self.suggestion else "no suggestion"
        span = f"{len(self.lrs)} steps from lr {self.lrs[0]:.2g} to {self.lrs[-1]:.2g}"
        ended = ", where the loss diverged" if self.diverged else ""
        return f"{span}{ended}; {found}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_png_(self) -> bytes:
        from lampas.curves import Panel

        panel = Panel.alone()
        self.plot(panel)
        return panel.png()

    def _slope(self, smooth: list[float], i: int) -> float:
        run = math.log(self.lrs[i + 1]) - math.log(self.lrs[i - 1])
        return (smooth[i + 1] - smooth[i - 1]) / run


def find_lr(
    model: "Model",
    x: Any,
    y: Any = None,
    *,
    batch_size: int = 32,
    start: float = 1e-7,
    stop: float = 10.0,
    steps: int = 100,
) -> LRFinder:
    """Train for some steps while the learning rate grows, and see where the loss falls.

    The range test of Smith 2017: step i of n uses lr = start * (stop / start)^(i / (n - 1)), for
    the optimizer's first group; others keep their ratio to it. It ends early once the loss,
    averaged over about ten steps, has risen by four times the first loss above its lowest.

    `x`, `y`, `batch_size`: as for `fit`; passes over the data are repeated until `steps`
    optimizer steps are done. The compiled schedule, averaging and callbacks are not used.

    Weights, buffers, gradients, optimizer, gradient scaler and torch's random state are
    afterwards what they were, bit for bit, also after an error. A generator passed as `x`, and a
    loader's own `generator`, have moved on. This waits for the device each step: it looks.

    Raises `NotCompiledError` before `compile`, and `InputError` for several optimizers, a range
    or number of steps that cannot serve, and a `train_step` that returns no "loss".

    >>> import lampas
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(256, 3)
    >>> model = lampas.Model(nn.Linear(3, 1))
    >>> model.compile("adam", nn.MSELoss())
    >>> found = find_lr(model, x, x.sum(1, keepdim=True))
    >>> 1e-4 < found.suggestion < 10
    True
    """
    _check_range(start, stop, steps)
    plan = model.plan
    if len(plan.optimizers) != 1:
        raise InputError(f"find_lr needs one optimizer, the model has {len(plan.optimizers)}")
    source = make_source(x, y, None, device_of(model), dtype_of(model))
    batches = source.feed(
        batch_size, shuffle=True, steps=steps if isinstance(x, Iterator) else None
    )
    parts = [getattr(term, "function", None) for term in plan.criterion.terms]
    modules = [model, *(part for part in parts if isinstance(part, torch.nn.Module))]
    rates = [start * (stop / start) ** (i / (steps - 1)) for i in range(steps)]
    scaling = plan.scaler.state_dict()
    with kept(modules, plan.optimizers):
        try:
            model.train()
            return _sweep(model, batches, rates)
        finally:
            plan.scaler.load_state_dict(scaling)


def _sweep(model: "Model", batches: Any, rates: list[float]) -> LRFinder:
    (optimizer,) = model.plan.optimizers
    first = float(optimizer.param_groups[0]["lr"])
    ratios = [float(group["lr"]) / first if first else 1.0 for group in optimizer.param_groups]
    losses: list[float] = []
    running, lowest = 0.0, math.inf
    for group in _groups(model, batches):
        _set_rates(optimizer, ratios, rates[len(losses)])
        loss = _step(model, group)
        if not math.isfinite(loss):
            return _found(rates, losses, diverged=True)
        losses.append(loss)
        running = 0.9 * running + 0.1 * loss
        average = running / (1 - 0.9 ** len(losses))
        lowest = min(lowest, average)
        if average > lowest + _DIVERGED * max(abs(losses[0]), losses[0] - lowest):
            return _found(rates, losses, diverged=True)
        if len(losses) == len(rates):
            break
    return _found(rates, losses, diverged=False)


def _found(rates: list[float], losses: list[float], *, diverged: bool) -> LRFinder:
    if not losses:
        raise InputError("find_lr: the very first loss is nan or infinite; check x, y and the loss")
    return LRFinder(rates[: len(losses)], losses, diverged)


def _groups(model: "Model", feed: Any) -> Iterator[list[Batch]]:
    """The batches of one optimizer step at a time, pass after pass."""
    plan = model.plan
    while True:
        size = 0
        group: list[Batch] = []
        batches = feed
        if plan.accumulate > 1:
            batches = grouped(feed, plan.accumulate, plan.criterion.counts)
        for batch in batches:
            group.append(batch)
            size += 1
            if batch.closes:
                yield group
                group = []
        if size == 0:
            raise InputError("find_lr: the data holds no batch: it is empty")


def _set_rates(optimizer: torch.optim.Optimizer, ratios: list[float], rate: float) -> None:
    for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate * ratio)
        else:
            group["lr"] = rate * ratio


def _step(model: "Model", group: list[Batch]) -> float:
    """One optimizer step; its loss is the mean over the group's samples."""
    total = 0.0
    for batch in group:
        try:
            with model.plan.around_step:
                result = model.train_step(batch)
        except NonFiniteError:
            return math.nan
        except (InputError, RuntimeError):
            # Some losses, BCELoss among them, refuse what weights that diverged lead to.
            if _is_finite(model):
                raise
            return math.nan
        total += _loss_of(model, result) * batch.size
    return total / sum(batch.size for batch in group)


def _is_finite(model: "Model") -> bool:
    return all(bool(p.isfinite().all()) for p in model.parameters())


def _loss_of(model: "Model", result: Any) -> float:
    if not isinstance(result, Mapping):
        terms = model.plan.criterion.terms
        return sum(
            term.weight * float(value) for term, value in zip(terms, result.values, strict=False)
        )
    if "loss" not in result:
        names = ", ".join(map(str, result)) or "nothing"
        raise InputError(f'find_lr needs a "loss" from train_step, which returned {names}')
    return torch.as_tensor(result["loss"]).detach().item()


def _check_range(start: float, stop: float, steps: int) -> None:
    if not 0 < start < stop or not math.isfinite(stop):
        raise InputError(
            f"find_lr: start is {number(start)} and stop {number(stop)}; 0 < start < stop is needed"
        )
    if steps < 10:
        raise InputError(f"find_lr: steps is {steps}; fewer than 10 show nothing")
