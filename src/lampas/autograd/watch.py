"""`watch`: values and gradients of a tensor or a module, looked at by hooks that go again.

A module's outputs are seen by torch's hook for all modules, not by hooks on each of them: those
would be copied and pickled with the module, and switch off the fast path of torch's transformers,
whose results differ in the last bits.
"""

import fnmatch
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.modules.module import register_module_forward_hook

from lampas.autograd.parts import Form, form_of, shape_text
from lampas.autograd.stats import COLUMNS, Numbers, statistics
from lampas.data.nest import named_leaves
from lampas.errors import InputError, did_you_mean
from lampas.printing import html_lines, html_table, number, text_table
from lampas.recompute import is_recomputing
from lampas.weights import bare

_HEAD = ["name", "of", "shape", *COLUMNS]
_NOTHING = "nothing was seen yet"

if TYPE_CHECKING:
    import pandas as pd


class Look(NamedTuple):
    """One look at a tensor. `of`: "value" or "gradient"; `call`: of that name, from 1."""

    call: int
    name: str
    of: str
    training: bool | None
    form: Form


class Watch:
    """What `lampas.watch` returns: the looks so far, and the end of looking.

    A context manager: `with lampas.watch(net) as seen: ...` ends with the block.
    """

    def __init__(self, every: int, show: Callable[[str], object] | None) -> None:
        self.looks: list[Look] = []
        self._every = every
        self._show = show
        self._numbers = Numbers()
        self._calls: dict[str, int] = {}
        self._handles: list[Any] = []
        self._hooked: list[weakref.ref[Tensor]] = []
        self._lasting = 0

    def remove(self) -> None:
        """Take all hooks away; what was seen stays. A second call does nothing."""
        for handle in self._handles:
            handle.remove()
        for reference in self._hooked:
            tensor = reference()
            if tensor is not None and not tensor._backward_hooks:
                tensor._backward_hooks = None  # as it was: torch leaves an empty dict behind
        self._handles, self._hooked = [], []

    @property
    def frame(self) -> "pd.DataFrame":
        """A pandas DataFrame, a row a look: call, name, of ("value", "gradient"), training (the
        module's mode), shape, dtype, mean, std, min, max, zeros, nan, inf. Waits for the device.
        """
        import pandas as pd

        head = [(*look[:4], look.form.shape, look.form.dtype) for look in self.looks]
        columns = ["call", "name", "of", "training", "shape", "dtype"]
        frame = pd.DataFrame(head, columns=pd.Index(columns))
        values = pd.DataFrame(self._numbers.read(), columns=pd.Index(COLUMNS))
        values = values.astype({"nan": "Int64", "inf": "Int64"})
        return pd.concat([frame, values], axis=1)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def __str__(self) -> str:
        """The last look at each value and gradient, as a table."""
        rows = self._last()
        return text_table(_HEAD, rows) if rows else _NOTHING

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = self._last()
        return html_table(_HEAD, rows) if rows else html_lines([_NOTHING])

    def _last(self) -> list[list[str]]:
        last = {(look.name, look.of): place for place, look in enumerate(self.looks)}
        values = self._numbers.read() if last else []
        return [_cells(self.looks[place], values[place]) for place in last.values()]

    def due(self, name: str) -> int:
        """The number of this call of `name` if it is to be looked at, else 0."""
        call = self._calls[name] = self._calls.get(name, 0) + 1
        return call if (call - 1) % self._every == 0 else 0

    def look(self, tensor: Tensor, name: str, of: str, call: int, training: bool | None) -> None:
        """Note a tensor's numbers; they are read only by who prints them."""
        self.looks.append(Look(call, name, of, training, form_of(tensor)))
        self._numbers.append(statistics(tensor))
        if self._show is not None:
            self._show(_line(self.looks[-1], self._numbers.read(last=1)[0]))

    def keep(self, handle: Any, tensor: Tensor | None = None) -> None:
        """Remember a hook, and the tensor that has it, to remove it; forget those of tensors that
        are gone, each time that their number has doubled."""
        self._handles.append(handle)
        if tensor is not None:
            self._hooked.append(weakref.ref(tensor))
        if len(self._handles) > 2 * self._lasting + 64:
            self._handles = [one for one in self._handles if one.hooks_dict_ref() is not None]
            self._hooked = [one for one in self._hooked if one() is not None]
            self._lasting = len(self._handles)


def watch(
    target: Tensor | nn.Module,
    names: str = "*",
    *,
    every: int = 1,
    show: Callable[[str], object] | None = None,
) -> Watch:
    """Look at values and gradients from now on, until `.remove()`.

    target: a module: the output of each of its submodules at each call, the gradient of that
        output, and the gradients of its parameters, as each backward brings them. A tensor of any
        dtype: its value now, and if it requires grad, each gradient that comes to it.
    names: a pattern of the names of submodules and parameters, as "encoder.*" (`fnmatch`); the
        module itself is "".
    every: looks at the first of each so many calls.
    show: is called with a line for each look, as `print`; it waits for the device each time.

    Results are the same to the last bit, watched or not. Each look is computed on the device and
    leaves 56 bytes there; they are read only when somebody asks for `.frame` or prints. Within
    `torch.compile` only what is called from outside is seen.

    Raises `InputError` for a pattern that nothing has, a target of another type, `every` below 1.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with watch(net, "1") as seen:
    ...     net(torch.ones(4, 2)).sum().backward()
    >>> seen.frame[["name", "of", "shape"]].values.tolist()
    [['1', 'value', (4, 3)], ['1', 'gradient', (4, 3)]]
    """
    if type(every) is not int or every < 1:
        raise InputError(f"every is {every!r}: it must be an integer of 1 or more")
    given: Any = target
    if not isinstance(given, nn.Module | Tensor):
        raise InputError(f"target is of type {type(given).__name__}: pass a tensor or a module")
    seen = Watch(every, show)
    if isinstance(target, nn.Module):
        _watch_module(seen, target, names)
    else:
        _watch_tensor(seen, target)
    return seen


def _watch_tensor(seen: Watch, tensor: Tensor) -> None:
    seen.look(tensor, "tensor", "value", 1, None)
    if tensor.requires_grad:
        _hook(seen, tensor, "tensor", None)


def _watch_module(seen: Watch, target: nn.Module, pattern: str) -> None:
    model = bare(target)
    layers = {path: one for path, one in model.named_modules() if fnmatch.fnmatch(path, pattern)}
    parameters = {
        name: one for name, one in model.named_parameters() if fnmatch.fnmatch(name, pattern)
    }
    if not layers and not parameters:
        valid = [*dict(model.named_modules()), *dict(model.named_parameters())]
        hint = did_you_mean(pattern, valid)
        raise InputError(
            f"no submodule or parameter is named {pattern!r}{': ' + hint if hint else ''}"
        )
    if hasattr(target, "_orig_mod"):  # torch.compile's: within it no hook is run
        paths = weakref.WeakKeyDictionary({target: ""} if "" in layers else {})
        seen.keep(target.register_forward_hook(_Outputs(seen, paths)))
    elif layers:
        paths = weakref.WeakKeyDictionary({one: path for path, one in layers.items()})
        seen.keep(register_module_forward_hook(_Outputs(seen, paths)))
    for name, parameter in parameters.items():
        if parameter.requires_grad:
            _hook(seen, parameter, name, model)


class _Outputs:
    """The hook for all modules: looks at what comes out of those that are watched."""

    def __init__(self, seen: Watch, paths: "weakref.WeakKeyDictionary[nn.Module, str]") -> None:
        self.seen = seen
        self.paths = paths

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        if is_recomputing():  # this call was seen the first time
            return
        path = None if torch.compiler.is_compiling() else self.paths.get(module)
        if path is None:
            return
        call = self.seen.due(path)
        if not call:
            return
        for name, tensor in named_leaves(output, path):
            if isinstance(tensor, Tensor) and _has_numbers(tensor):
                self.seen.look(tensor, name, "value", call, module.training)
                if tensor.requires_grad:
                    self._expect(tensor, name, call, module.training)

    def _expect(self, tensor: Tensor, name: str, call: int, training: bool) -> None:
        seen = self.seen

        def arrived(gradient: Tensor) -> None:
            seen.look(gradient, name, "gradient", call, training)

        seen.keep(tensor.register_hook(arrived), tensor)


def _hook(seen: Watch, tensor: Tensor, name: str, model: nn.Module | None) -> None:
    """Look at each gradient that a lasting tensor gets."""
    owner = None if model is None else weakref.ref(model)

    def arrived(gradient: Tensor) -> None:
        call = seen.due(f"gradient of {name}")
        if call:
            module = None if owner is None else owner()
            training = None if module is None else module.training
            seen.look(gradient, name, "gradient", call, training)

    seen.keep(tensor.register_hook(arrived), tensor)


def _has_numbers(tensor: Tensor) -> bool:
    """Not so in a dry run, on the meta device, and within `torch.func`'s transforms."""
    return not (
        tensor.is_meta or isinstance(tensor, FakeTensor) or is_functorch_wrapped_tensor(tensor)
    )


def _cells(look: Look, row: list[float]) -> list[str]:
    counts = [str(int(value)) if value == value else "" for value in row[5:]]
    return [
        look.name or "(net)",
        look.of,
        shape_text(look.form.shape),
        *map(number, row[:5]),
        *counts,
    ]


def _line(look: Look, row: list[float]) -> str:
    name, of, shape, *values = _cells(look, row)
    told = "  ".join(f"{head} {cell}" for head, cell in zip(COLUMNS, values, strict=True))
    return f"{name} {of} {shape} {look.form.dtype}  {told}"
