"""What `compile` decided: everything the step needs, and nothing to decide during it."""

import contextlib
import copy
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import nn

from lampas import optim
from lampas.criterion import Criterion
from lampas.data.feed import check_count
from lampas.data.nest import map_leaves
from lampas.errors import InputError, unknown_name
from lampas.in_backward import InBackward
from lampas.losses import Penalty
from lampas.meters import Meter
from lampas.modes import every_module
from lampas.own_loss import prediction_of
from lampas.recompute import Recompute

PRECISIONS: dict[str, torch.dtype | None] = {
    "float32": None,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}
"""Names of `precision`: the dtype of autocast, None for none."""


@dataclass
class Plan:
    """The decisions of one `compile`.

    `autocast` is the context of the forward pass; `scaler` keeps fp16 gradients from vanishing
    and does nothing in other precisions. `around_step` is the context of a whole training step,
    `around_backward` that of its backward pass.
    """

    criterion: Criterion
    meters: list[Meter]
    named_optimizers: dict[str, torch.optim.Optimizer]
    named_penalties: dict[str, Penalty]
    device: torch.device
    precision: str = "float32"
    accumulate: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    schedule: optim.Schedule | None = None
    averaging: optim.EMA | optim.SWA | None = None
    jit: Literal["auto"] | bool = "auto"
    recompute: Recompute | None = None
    optimizer_in_backward: bool = False
    autocast: contextlib.AbstractContextManager[Any] = field(init=False)
    scaler: torch.amp.GradScaler = field(init=False)

    def __post_init__(self) -> None:
        self._check()
        self.optimizers = tuple(self.named_optimizers.values())
        self.penalties = tuple(self.named_penalties.values())
        self.clips = self.clip_norm is not None or self.clip_value is not None
        self.wants_closure = any(isinstance(o, torch.optim.LBFGS) for o in self.optimizers)
        if self.wants_closure:
            self._check_closure()
        self.around_step = contextlib.nullcontext() if self.recompute is None else self.recompute
        self.is_fitting = False
        self.settle(self.device)
        self.in_backward = InBackward(self) if self.optimizer_in_backward else None
        self.around_backward = self.in_backward or contextlib.nullcontext()
        self.begin()

    def settle(self, device: torch.device) -> None:
        """Move what the step needs beside the model to where the model is now."""
        half = PRECISIONS[self.precision]
        self.device = device
        self.autocast = (
            contextlib.nullcontext() if half is None else torch.autocast(device.type, half)
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=half is torch.float16)
        self.criterion.to(device)
        for meter in self.meters:
            meter.to(device)

    def in_float32(self, output: Any) -> Any:
        """What a forward pass under autocast returned, ready for an exact loss."""
        if self.precision == "float32":
            return output
        return map_leaves(_float, output)

    def shown(self, output: Any) -> Any:
        """What `predict` gives of the model's output: in float32; of a model that computes its own
        loss, what the metrics see."""
        output = self.in_float32(output)
        return prediction_of(output) if self.criterion.is_own else output

    def prediction(self, output: Any) -> Any:
        """What the metrics see of the model's output, cut from the graph; None without metrics."""
        if not self.meters:
            return None
        if self.criterion.is_own:
            output = prediction_of(output)
        if isinstance(output, torch.Tensor):
            return output.detach()
        return map_leaves(_detach, output)

    @contextlib.contextmanager
    def metrics_aside(self) -> Generator[None]:
        """Inside, the metrics are copies: who evaluates in the middle of an epoch disturbs none."""
        kept = [meter.metric for meter in self.meters]
        for meter in self.meters:
            meter.metric = copy.deepcopy(meter.metric)
        try:
            yield
        finally:
            for meter, metric in zip(self.meters, kept, strict=True):
                meter.metric = metric

    def begin(self) -> None:
        """Look again at what may change between two epochs: parameter groups, and hooks."""
        self.parameters = [p for o in self.optimizers for p in parameters_of(o)]
        if self.in_backward is None:
            self.steps = [self._step_of(o) for o in self.optimizers]
        else:
            self.steps, self.clips = [], False
            self.in_backward.begin()
        if self.recompute is not None:
            self.recompute.look_again()

    @property
    def after_a_step(self) -> str:
        """Which part of a training step goes on when the optimiser has stepped."""
        return "metrics" if self.in_backward is None else "backward"

    def _step_of(self, optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
        """`optimizer.step()`; the scaler's leaves a step out whose gradients are infinite."""
        if self.scaler.is_enabled():
            return partial(self.scaler.step, optimizer)
        return optim.bare_step(optimizer)

    def _check(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", str(self.precision), PRECISIONS)
        check_count("accumulate", self.accumulate)
        asked: Any = self.jit
        if asked is not True and asked is not False and asked != "auto":
            raise InputError(f"jit is {asked!r}: pass 'auto', True or False")
        asked = self.optimizer_in_backward
        if asked is not True and asked is not False:
            raise InputError(f"optimizer_in_backward is {asked!r}: pass True or False")
        optim.require_positive(norm=self.clip_norm, value=self.clip_value)
        given: Any = self.averaging
        if given is not None and not isinstance(given, optim.Averaging):
            raise InputError(
                f"averaging is {given!r}: pass an object, lampas.optim.EMA() or lampas.optim.SWA()"
            )

    def _check_closure(self) -> None:
        if len(self.optimizers) > 1 or self.accumulate > 1 or self.precision == "fp16":
            raise InputError(
                "LBFGS evaluates the loss several times a step: it works alone, with "
                "accumulate=1 and without fp16"
            )


def parameters_of(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """All parameters of one optimiser."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def _float(leaf: Any) -> Any:
    half = isinstance(leaf, torch.Tensor) and leaf.dtype in (torch.bfloat16, torch.float16)
    return leaf.float() if half else leaf


def _detach(leaf: Any) -> Any:
    return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf


def make_optimizers(
    spec: Any, model: nn.Module, *, own_step: bool
) -> dict[str, torch.optim.Optimizer]:
    """The optimisers of `compile` by name, checked, in their fastest implementation.

    A single one is named "".
    """
    if spec is None:
        return {}
    optim.check_model(model)
    specs = cast(Mapping[str, Any], spec) if isinstance(spec, Mapping) else {"": spec}
    made = {name: optim.resolve(part, model) for name, part in specs.items()}
    for optimizer in made.values():
        optim.check(optimizer, model)
        optim.use_fastest(optimizer, model, own_gradients=own_step)
    optim.warn_missing(made.values(), model)
    return made


def make_schedule(
    spec: Any, named: dict[str, torch.optim.Optimizer], every: Literal["step", "epoch"] | None
) -> optim.Schedule | None:
    """The schedule of `compile`, for the only optimiser; several keep schedules of their own."""
    if spec is None:
        return None
    if len(named) != 1:
        raise InputError(
            f"scheduler works with one optimizer, and there are {len(named)}: step the schedulers "
            "of several in your train_step"
        )
    return optim.Schedule.of(spec, next(iter(named.values())), every)


def find_device(device: str | torch.device | None, model: nn.Module) -> torch.device:
    """Where the model is to be: `device`, the best there is ("auto"), or where it is (None).

    Raises `InputError` for a device that is unknown, that this machine or this build of torch
    has not, or that holds no numbers.
    """
    if device is None:
        found = device_of(model)
    elif device == "auto":
        # torch 2.6 raises where newer ones answer None.
        best = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
        found = torch.device("cpu") if best is None else best
    else:
        found = _named_device(device)
    if found.type == "meta":
        raise InputError(
            "the model is on the meta device, where weights hold no numbers: build it on a real "
            "one, or call model.to_empty(device='cpu') and load its weights"
        )
    return found


def _named_device(device: str | torch.device) -> torch.device:
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise InputError(
            f"unknown device {device!r}: write 'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'"
        ) from None
    try:
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].partition(". ")[0]
        raise InputError(
            f"device {str(found)!r} cannot be used here: {reason}; 'auto' takes the best there is"
        ) from None
    return found


def device_of(model: nn.Module) -> torch.device:
    """Where the model is now: the device of its first parameter, or buffer."""
    first = next(_parameters(model), None)
    first = next(model.buffers(), None) if first is None else first
    return torch.device("cpu") if first is None else first.device


def dtype_of(model: nn.Module) -> torch.dtype:
    """The floating dtype of the model's first parameter, which NumPy's floats are converted to."""
    for parameter in _parameters(model):
        if parameter.is_floating_point():
            return parameter.dtype
    return torch.get_default_dtype()


def _parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """`model.parameters()`, without the names that it makes on its way: who evaluates a few rows
    waits for them."""
    for module in every_module(model):
        for parameter in module._parameters.values():  # pyright: ignore
            if parameter is not None:
                yield parameter
