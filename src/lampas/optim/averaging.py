"""Averaged weights, kept beside those that train: EMA and SWA."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn, get_swa_multi_avg_fn

from lampas.errors import ArtifactError, InputError
from lampas.optim.schedules import check_length, steps_of

_HALF = (torch.float16, torch.bfloat16)


class Averaging(ABC):
    """Averages of a model's trainable parameters.

    Call `begin` before the first step and `update` after each; `swapped_in` lends the averages
    to the model for a validation; `finish` leaves them in it. Nothing here waits for the device.

    Each parameter that requires a gradient at `begin` is averaged once, tied or not; frozen
    ones are constant and cost no memory. Averages of half-precision parameters are float32: in
    bfloat16, steps of 0.001 would be lost to rounding. Buffers are not averaged: with the
    averaged weights the model uses its current ones, such as BatchNorm's running statistics,
    which follow the raw weights; `torch.optim.swa_utils.update_bn(loader, net)` recomputes them.

    The arithmetic is that of `torch.optim.swa_utils`; unlike its `AveragedModel`, no second
    module is built and no step reads a counter back from the device.
    """

    def __init__(self) -> None:
        self.count = 0
        self._averages: dict[str, Tensor] = {}
        self._paired: tuple[nn.Module, list[nn.Parameter], list[Tensor]] | None = None

    @abstractmethod
    def update(self, model: nn.Module, step: int, total: int | None) -> None:
        """Take in the weights after an optimizer step.

        `step`: the steps done so far in the run, this one included. `total`: the run's steps.
        """

    @abstractmethod
    def ready(self) -> bool:
        """Whether the averages stand for the model yet."""

    def begin(self, model: nn.Module) -> None:
        """Start anew from the model's present weights."""
        self.count = 0
        with torch.no_grad():
            self._averages = {
                name: p.detach().to(_kept_as(p), copy=True)
                for name, p in model.named_parameters()
                if p.requires_grad
            }
        self._paired = None

    @contextmanager
    def swapped_in(self, model: nn.Module) -> Generator[None]:
        """Within the block the model has the averages; after it, exactly its own weights.

        Costs one more copy of the trainable weights meanwhile. Before the averages are ready
        the model keeps its own weights.
        """
        live, averages = self.pairs(model)
        raw = [p.detach().clone() for p in live] if self.ready() else []
        try:
            if raw:
                _copy(live, averages)
            yield
        finally:
            if raw:
                _copy(live, raw)

    def finish(self, model: nn.Module) -> None:
        """Put the averages into the model, if they are ready."""
        if self.ready():
            _copy(*self.pairs(model))

    def state_dict(self) -> dict[str, Tensor]:
        """Plain tensors: "count", and "average.<name>" for each averaged parameter."""
        averages = {f"average.{name}": value.clone() for name, value in self._averages.items()}
        return {"count": torch.tensor(self.count), **averages}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state_dict`, after `begin` with the same model.

        Raises `ArtifactError` where the names or shapes differ from the model's.
        """
        for name, average in self._averages.items():
            saved = state.get(f"average.{name}")
            if saved is None or saved.shape != average.shape:
                found = "nothing" if saved is None else f"shape {tuple(saved.shape)}"
                raise ArtifactError(
                    f"averaged weights: {name!r} has shape {tuple(average.shape)} in the model, "
                    f"the saved state has {found} for it"
                )
        for name, average in self._averages.items():
            average.copy_(state[f"average.{name}"])
        self.count = int(state["count"])

    def pairs(self, model: nn.Module) -> tuple[list[nn.Parameter], list[Tensor]]:
        """The live parameters and their averages, in one order. Raises before `begin`."""
        if not self._averages:
            raise InputError("averaging: begin(model) comes before the first step")
        if self._paired is None or self._paired[0] is not model:
            # Walking the model's names costs more than the averaging of a small net.
            parameters = dict(model.named_parameters())
            live = [parameters[name] for name in self._averages]
            self._paired = model, live, list(self._averages.values())
        return self._paired[1:]


class EMA(Averaging):
    """Exponential moving average of the weights, updated each step.

    a_0 = w_0 and a_t = d_t a_{t-1} + (1 - d_t) w_t, with d_t = min(decay, (1 + t) / (10 + t))
    while warming up, else d_t = decay. Polyak and Juditsky 1992 average; the warm-up, which
    forgets the first weights sooner, is TensorFlow's `ExponentialMovingAverage(num_updates)`.

    `decay`: in [0, 1); 0.999 remembers about 1000 steps. Raises `InputError` outside.

    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.zeros_(net.weight)
    >>> ema = EMA(decay=0.9, warmup=False)
    >>> ema.begin(net)
    >>> _ = nn.init.ones_(net.weight)
    >>> ema.update(net, step=1, total=None)
    >>> with ema.swapped_in(net):
    ...     print(f"{net.weight.item():.1f}")
    0.1
    """

    def __init__(self, decay: float = 0.999, warmup: bool = True) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise InputError(f"EMA: decay is {decay}; it must lie in [0, 1)")
        self.decay = decay
        self.warmup = warmup

    def update(self, model: nn.Module, step: int, total: int | None) -> None:
        """Take in the weights after an optimizer step; `step` and `total` do not matter."""
        live, averages = self.pairs(model)
        self.count += 1
        early = (1 + self.count) / (10 + self.count) if self.warmup else 1.0
        average = get_ema_multi_avg_fn(min(self.decay, early))
        for current, kept in _by_dtype(live, averages):
            average(kept, current, None)

    def ready(self) -> bool:
        """True from `begin` on: the average starts at the first weights."""
        return True


class SWA(Averaging):
    """Stochastic weight averaging: the equal mean of the weights from `start` on.

    a_n = a_{n-1} + (w_n - a_{n-1}) / n over the weights w_1 .. w_n taken every `every` steps.
    Izmailov et al. 2018 take one an epoch at a constant rate; taking every step is Cha et al.
    2021 (SWAD). Before `start` the model is validated with its own weights.

    `start`: an int (steps) or a float (share of the run). `every`: steps between two weights
    taken. Raises `InputError` for other values, and in `update` for a share of a run whose
    number of steps nobody knows.

    >>> net = nn.Linear(1, 1, bias=False)
    >>> swa = SWA(start=0.5)
    >>> swa.begin(net)
    >>> for step in range(1, 5):
    ...     _ = nn.init.constant_(net.weight, step)
    ...     swa.update(net, step, total=4)
    >>> swa.finish(net)
    >>> net.weight.item()
    3.5
    """

    def __init__(self, start: int | float = 0.75, every: int = 1) -> None:
        super().__init__()
        check_length("SWA: start", start)
        if every < 1:
            raise InputError(f"SWA: every is {every}; it must be at least 1 step")
        self.start = start
        self.every = every

    def update(self, model: nn.Module, step: int, total: int | None) -> None:
        """Take in the weights after optimizer step number `step` of `total`."""
        late = step - self._start(total)
        if late <= 0 or (late - 1) % self.every:
            return
        live, averages = self.pairs(model)
        average = get_swa_multi_avg_fn()
        for current, kept in _by_dtype(live, averages):
            average(kept, current, self.count)
        self.count += 1

    def ready(self) -> bool:
        """Whether weights were taken yet."""
        return self.count > 0

    def _start(self, total: int | None) -> int:
        if isinstance(self.start, int):
            return self.start
        if total is None:
            raise InputError(
                f"SWA(start={self.start}) is a share of the run, whose number of steps nobody "
                "knows here: pass steps_per_epoch to fit, or SWA(start=<steps>)"
            )
        return steps_of(self.start, total)


def _kept_as(p: Tensor) -> torch.dtype:
    return torch.float32 if p.dtype in _HALF else p.dtype


def _by_dtype(
    live: list[nn.Parameter], averages: list[Tensor]
) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
    """Lists of one dtype each, the live half-precision weights as float32."""
    for dtype in dict.fromkeys(a.dtype for a in averages):
        chosen = [(p, a) for p, a in zip(live, averages, strict=True) if a.dtype == dtype]
        yield [p.detach().to(dtype) for p, _ in chosen], [a for _, a in chosen]


def _copy(targets: list[nn.Parameter], sources: list[Tensor]) -> None:
    with torch.no_grad():
        for target, source in zip(targets, sources, strict=True):
            target.copy_(source)
