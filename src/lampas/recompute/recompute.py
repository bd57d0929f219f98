"""In the place of blocks' `forward` during a step: what they keep for backward is dropped."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from types import MethodType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import CheckpointError, checkpoint

from lampas.errors import InputError
from lampas.recompute.aside import Aside, Kept
from lampas.recompute.blocks import Block, RecomputeLike, blocks_of


class _Second:
    """How many second passes are under way, and of which block the last was: backward makes them,
    in threads of its own."""

    under_way, last = 0, ""


def is_recomputing() -> bool:
    """Whether a block is being computed again: who counts or looks at calls has seen this one."""
    return _Second.under_way > 0


def not_repeatable(error: BaseException) -> InputError | None:
    """What to say where a second pass has kept other tensors than the first; None of others."""
    if not isinstance(error, CheckpointError) or not _Second.last:
        return None
    return InputError(
        f"recompute: computed again, {_Second.last} took another way than the first time, so its "
        "gradient would be wrong: it goes by something that changes from call to call; leave it "
        "out of recompute="
    )


def make_recompute(model: nn.Module, spec: RecomputeLike) -> "Recompute | None":
    """What `compile(recompute=...)` asks for; None for nothing. Raises what `blocks_of` raises."""
    blocks = blocks_of(model, spec)
    return Recompute(blocks, spec) if blocks else None


class Recompute:
    """A context, inside of which each call of a block with gradients keeps its inputs alone, and
    backward makes the call again; the same to the last bit.

    A second call draws the same random numbers and leaves buffers as the first one did. Outside,
    and without gradients, nothing is other than it was: classes, names, hooks, copies.

    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    >>> with Recompute([Block("0", net[0], (net[0],))]):
    ...     loss = net(torch.ones(1, 2)).sum()
    >>> loss.backward()
    >>> net[0].weight.grad is not None, "forward" in vars(net[0])
    (True, False)
    """

    def __init__(self, blocks: list[Block], asked: RecomputeLike = None) -> None:
        self.asked = asked
        self.names = tuple(block.name for block in blocks)
        homes: dict[int, list[Block]] = {}
        for block in blocks:
            homes.setdefault(id(block.home), []).append(block)
        self._stands = [_Stand(of_one) for of_one in homes.values()]
        self._depth = 0

    def look_again(self) -> None:
        """Parts, modes and what passes change may be others than they were."""
        for stand in self._stands:
            stand.look_again()

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth == 1:  # a step may be made within another
            for stand in self._stands:
                stand.put()

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            for stand in self._stands:
                stand.take_away()


class _Stand:
    """Stands in the place of one module's `forward`: the whole of it, or, of a `Sequential` that is
    cut, its layers in segments."""

    def __init__(self, blocks: list[Block]) -> None:
        self._home = blocks[0].home
        self._own: Any = None  # a `forward` of the object itself, as torch.compile gives it
        self._calls = {block.start: _Call(block) for block in blocks}
        self._layers = list(self._home) if isinstance(self._home, nn.Sequential) else []

    def look_again(self) -> None:
        for call in self._calls.values():
            call.aside.look_again()

    def put(self) -> None:
        own = vars(self._home)
        self._own = own.get("forward")
        self._forward = self._own or MethodType(type(self._home).forward, self._home)
        own["forward"] = self

    def take_away(self) -> None:
        own = vars(self._home)
        if self._own is None:
            del own["forward"]
        else:
            own["forward"], self._own = self._own, None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return self._forward(*args, **kwargs)
        whole = self._calls.get(None)
        if whole is not None:
            return whole(self._forward, *args, **kwargs)
        if list(cast(nn.Sequential, self._home)) != self._layers:  # it was rebuilt since
            return self._forward(*args, **kwargs)
        (x,), index = args, 0
        while index < len(self._layers):
            call = self._calls.get(index)
            if call is None:
                x, index = self._layers[index](x), index + 1
            else:
                x, index = call(call.in_turn, x), index + len(call.parts)
        return x


class _Call:
    """One block: calls it so that backward calls it again."""

    def __init__(self, block: Block) -> None:
        self.name, self.parts = block.name, block.parts
        self.aside = Aside(block.parts)

    def in_turn(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def __call__(self, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        kept = self.aside.before()
        given = [(one, one._version) for one in (*args, *kwargs.values()) if _is_counted(one)]
        output = checkpoint(
            partial(forward, **kwargs),
            *args,
            use_reentrant=False,
            context_fn=partial(_contexts, self.name, kept),
        )
        self.aside.after(kept)
        if any(one._version != version for one, version in given):
            raise InputError(
                f"recompute: {self.name} works in place on what it is given, so it cannot be "
                "computed again: build it with inplace=False, or name other modules"
            )
        return output


def _is_counted(value: Any) -> bool:
    return isinstance(value, Tensor) and not value.is_inference()


def _contexts(name: str, kept: Kept) -> tuple[Any, Any]:
    """Around the first pass nothing; around others, what they must not change."""
    return nullcontext(), _Again(name, kept)


class _Again:
    """Around a second pass, and a third where backward comes twice."""

    def __init__(self, name: str, kept: Kept) -> None:
        self._name, self._kept = name, kept

    def __enter__(self) -> None:
        self._back = self._kept.back()
        self._back.__enter__()
        _Second.under_way, _Second.last = _Second.under_way + 1, self._name

    def __exit__(self, *error: Any) -> None:
        _Second.under_way -= 1
        self._back.__exit__(*error)
