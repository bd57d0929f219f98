"""A net's forward pass on fake tensors: shapes without numbers, and no trace of it in the net.

The pass runs on a copy whose parameters and buffers are fake tensors: they know shape, dtype and
device, and have no memory. So neither the net nor its training flags nor its hooks are touched.
"""

import copy
import logging
import warnings
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensor, FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode

from lampas.errors import InputError
from lampas.inputspec import Inputs
from lampas.seeding import same_random_state
from lampas.summary.flops import flops_of
from lampas.summary.kept import Kept, address_of
from lampas.summary.refusal import RealWriteError, explain, first_line, tree_up_to

_CAUSAL: dict[type[nn.Module], tuple[str, int]] = {
    nn.TransformerEncoder: ("is_causal", 3),
    nn.TransformerDecoder: ("tgt_is_causal", 6),
}
_LOGGER = logging.getLogger("torch._subclasses.fake_tensor")


class _Dispatched(TorchDispatchMode):
    """Each operation of the pass: counted for the innermost module under way.

    One that writes into a real tensor is refused: fake mode lets operations on nothing but real
    tensors through, so a layer that `forward` reaches from outside the net, as through a lambda,
    would update its buffers.
    """

    def __init__(self, trace: "_Trace") -> None:
        super().__init__()
        self.trace = trace

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        schema = func._schema
        if schema.is_mutable:
            for place, wanted in enumerate(schema.arguments):
                given = args[place] if place < len(args) else kwargs.get(wanted.name)
                writes = wanted.alias_info is not None and wanted.alias_info.is_write
                if writes and isinstance(given, Tensor) and not isinstance(given, FakeTensor):
                    raise RealWriteError
        out = func(*args, **kwargs)
        if self.trace.open:
            self.trace.open[-1].flops += flops_of(func, args, kwargs, out)
        return out


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a module: of what shapes its arguments and its output are (see `shapes_in`),
    and the floating-point operations that are its own, not its children's (see `flops_of`)."""

    path: str
    inputs: Any
    output: Any
    flops: int


@dataclass(slots=True)
class _Open:
    path: str
    module: nn.Module
    args: tuple[Any, ...]
    flops: int = 0


@dataclass(slots=True)
class _Trace:
    """What the hooks saw: finished calls, those under way, the innermost last, and what backward
    would need."""

    kept: Kept
    done: list[Call] = field(default_factory=list[Call])
    open: list[_Open] = field(default_factory=list[_Open])

    def save(self, tensor: Tensor) -> Tensor:
        """Autograd keeps a tensor."""
        self.kept.save(tensor, [call.path for call in self.open])
        return tensor


@dataclass(frozen=True, slots=True)
class Pass:
    """A finished pass: its calls in the order in which they ended, and the bytes that backward
    would need beside parameters and buffers."""

    calls: tuple[Call, ...]
    saved: int


def output_shapes(net: nn.Module, inputs: Inputs) -> dict[str, list[Any]]:
    """For each submodule by its path ("" is the net), the outputs' shapes of each of its calls;
    see `dry_run`."""
    found: dict[str, list[Any]] = {}
    for call in dry_run(net, inputs).calls:
        found.setdefault(call.path, []).append(call.output)
    return found


def dry_run(
    net: nn.Module, inputs: Inputs, *, training: bool = False, autocast: torch.dtype | None = None,
    blocks: Mapping[str, str] | None = None,
) -> Pass:  # fmt: skip
    """A forward pass of `net` on fake tensors, in evaluation mode or in `training` mode.

    Gradients are on, and the fused fast path of transformer layers is off: it would hide the
    layers inside. autocast: the dtype of mixed precision, if any. blocks: see `Kept`.

    Raises `InputError` in one line: for a layer that refuses what reaches it (path, class,
    shapes, what it takes), for one that needs the values themselves, and for a net that cannot
    be copied. A note on the error holds the layers up to there.
    """
    mode = FakeTensorMode()
    with _quiet(), same_random_state():
        fake = _fake_copy(net, mode).train(training)
        trace = _watch(fake, Kept(blocks or {}))
        home = _home(net)
        try:
            with (
                mode,
                _Dispatched(trace),
                torch.enable_grad(),
                _no_fast_path(),
                _mixed(home, autocast),
                saved_tensors_hooks(trace.save, _as_it_is),
            ):
                args, kwargs = _fake((inputs.args, dict(inputs.kwargs)), home)
                fake(*args, **kwargs)
        except Exception as error:
            raise _refusal(error, net, trace) from error
    own = {address_of(one) for one in (*fake.parameters(), *fake.buffers())}
    return Pass(tuple(trace.done), trace.kept.bytes_beside(own))


def _as_it_is(tensor: Tensor) -> Tensor:
    return tensor


def _mixed(home: torch.device, dtype: torch.dtype | None) -> AbstractContextManager[Any]:
    if dtype is None:
        return nullcontext()
    kind = "cpu" if home.type == "meta" else home.type
    return torch.autocast(kind, dtype=dtype)


def _refusal(error: Exception, net: nn.Module, trace: _Trace) -> InputError:
    if not trace.open:
        return InputError(explain(error, "", None, ()))
    last = trace.open[-1]
    refusal = InputError(explain(error, last.path, last.module, last.args))
    refusal.add_note(tree_up_to(net, last.path, {call.path: call.output for call in trace.done}))
    return refusal


def _fake_copy(net: nn.Module, mode: FakeTensorMode) -> nn.Module:
    try:
        with FakeCopyMode(mode):
            return copy.deepcopy(net)
    except Exception as error:
        raise InputError(
            f"output shapes need a copy of the net, and {type(net).__name__} cannot be copied "
            f"({first_line(error)}): call summary() without shapes for the layers alone"
        ) from error


def _watch(net: nn.Module, kept: Kept) -> _Trace:
    trace = _Trace(kept)
    for path, module in net.named_modules():

        def before(
            module: nn.Module, args: Any, kwargs: dict[str, Any], path: str = path
        ) -> tuple[Any, dict[str, Any]]:
            given = (*args, *kwargs.values())
            kept.enter(path, given)
            trace.open.append(_Open(path, module, given))
            return args, _undecided(module, args, kwargs)

        def after(module: nn.Module, args: Any, output: Any, path: str = path) -> None:
            call = trace.open.pop()
            given = shapes_in(call.args[0] if len(call.args) == 1 else call.args)
            trace.done.append(Call(path, given, shapes_in(output), call.flops))

        module.register_forward_pre_hook(before, with_kwargs=True)
        module.register_forward_hook(after)
    return trace


def _undecided(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Spares torch's transformers a look into the mask's values for whether it is causal: that
    chooses a kernel, and no shape depends on it."""
    name, place = _CAUSAL.get(type(module), ("", 0))
    if not name or len(args) > place or kwargs.get(name) is not None:
        return kwargs
    return {**kwargs, name: False}


def shapes_in(value: Any) -> Any:
    """`value` with each tensor replaced by its shape, and other leaves by their type's name.

    >>> shapes_in((torch.ones(2, 3), {"n": 3, "rest": None}))
    (torch.Size([2, 3]), {'n': 'int', 'rest': None})
    """
    if isinstance(value, Tensor):
        return torch.Size(value.shape)
    if isinstance(value, Mapping):
        items = cast(Mapping[Any, Any], value).items()
        return {str(key): shapes_in(item) for key, item in items}
    if isinstance(value, tuple | list):
        shapes = [shapes_in(item) for item in cast(list[Any], value)]
        return shapes if isinstance(value, list) else tuple(shapes)
    return None if value is None else type(value).__name__


def _fake(value: Any, home: torch.device) -> Any:
    """New fake tensors in the place of tensors; called under the fake mode."""
    if isinstance(value, Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=home)
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value).items()
        return {key: _fake(item, home) for key, item in items}
    if type(value) in (tuple, list):
        return type(value)(_fake(item, home) for item in value)
    return value


def _home(net: nn.Module) -> torch.device:
    tensors = (*net.parameters(), *net.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


@contextmanager
def _quiet() -> Generator[None]:
    """Fake tensors log each failure with its traceback; we say it in one line."""
    before = _LOGGER.disabled
    _LOGGER.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _LOGGER.disabled = before


@contextmanager
def _no_fast_path() -> Generator[None]:
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
