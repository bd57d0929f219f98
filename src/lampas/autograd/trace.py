"""A look at a model's layers while a loss is computed: who was called, and what came out."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lampas.autograd.names import storage_of
from lampas.autograd.parts import Form, form_of
from lampas.data.nest import leaves


@dataclass(frozen=True, slots=True)
class Seen:
    """A tensor that went into a layer or came out of it. `station`: its Function, if any.
    `kept`: its memory, if it requires grad, so that no later tensor has the same address."""

    form: Form
    requires_grad: bool
    can_require: bool
    station: Any
    storage: int | None
    kept: Any


@dataclass(slots=True)
class Call:
    """A call of the layer at `path`: when it began and ended, counted in events, whether
    gradients were on, what went in and came out."""

    path: str
    began: int
    recorded: bool
    inputs: tuple[Seen, ...]
    ended: int = 0
    outputs: tuple[Seen, ...] = ()


@dataclass(slots=True)
class Trace:
    """The calls in the order in which they began."""

    calls: list[Call] = field(default_factory=list[Call])
    events: int = 0
    open: list[Call] = field(default_factory=list[Call])

    def of(self, path: str) -> list[Call]:
        """The finished calls of one layer."""
        return [call for call in self.calls if call.path == path and call.ended]

    def begin(self, path: str, inputs: Any) -> None:
        """A layer was called."""
        self.events += 1
        self.calls.append(Call(path, self.events, torch.is_grad_enabled(), _seen(inputs)))
        self.open.append(self.calls[-1])

    def end(self, path: str, output: Any) -> None:
        """The layer at `path` has ended; those that it had called and that had not, have failed."""
        self.events += 1
        call = self.open.pop()
        while call.path != path:
            call = self.open.pop()
        call.ended, call.outputs = self.events, _seen(output)

    def next_after(self, call: Call) -> Call | None:
        """The layer that was called next after `call` had ended."""
        return next((one for one in self.calls if one.began > call.ended), None)


def traced(compute: Callable[[], Any], model: nn.Module) -> tuple[Any, Trace]:
    """What `compute()` returns, and the calls of `model`'s layers on the way; hooks go again."""
    trace = Trace()
    with _hooked(model, trace):
        return compute(), trace


@contextmanager
def _hooked(model: nn.Module, trace: Trace) -> Generator[None]:
    handles: list[Any] = []
    for path, module in model.named_modules():

        def before(_: nn.Module, args: Any, kwargs: Any, path: str = path) -> None:
            trace.begin(path, (args, kwargs))

        def after(_: nn.Module, __: Any, output: Any, path: str = path) -> None:
            trace.end(path, output)

        handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(module.register_forward_hook(after))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _seen(values: Any) -> tuple[Seen, ...]:
    return tuple(
        Seen(
            form_of(one),
            one.requires_grad,
            one.is_floating_point() or one.is_complex(),
            one.grad_fn,
            storage_of(one),
            one.untyped_storage() if one.requires_grad and storage_of(one) is not None else None,
        )
        for one in leaves(values)
        if isinstance(one, Tensor)
    )
