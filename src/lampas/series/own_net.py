"""Nets by name, and a user's own in their place."""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from lampas import own_net
from lampas.errors import InputError, ShapeError, unknown_name
from lampas.own_net import NetLike
from lampas.series.dlinear import DLinear
from lampas.series.recurrent import GRU, Recurrent
from lampas.series.tcn import TCN

NetName = Literal["dlinear", "lstm", "gru", "tcn"]

NETS: dict[str, Callable[..., nn.Module]] = {
    "dlinear": DLinear,
    "lstm": Recurrent,
    "gru": GRU,
    "tcn": TCN,
}
"""What each name makes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a net's constructor may ask for: see `build`."""

    lookback: int
    horizon: int
    inputs: int
    known: int
    targets: int
    quantiles: int

    @property
    def outputs(self) -> int:
        """Numbers that the net says for one window."""
        return self.horizon * self.targets * self.quantiles


def build(net: NetLike | str, sizes: Sizes) -> nn.Module:
    """The net of a name in `NETS`; a user's module; or what his class makes of the sizes that
    its constructor names: lookback, horizon, inputs, known, targets, quantiles, outputs.

    Raises `UnknownNameError`, and what `lampas.own_net.build` raises.

    >>> type(build("gru", Sizes(8, 2, 1, 0, 1, 3))).__name__
    'GRU'
    """
    if isinstance(net, str):
        if net not in NETS:
            raise unknown_name("net", net, NETS)
        net = NETS[net]
    asked = asdict(sizes) | {"outputs": sizes.outputs}
    return own_net.build(net, asked, "regression", "a time series")


def takes_future(net: nn.Module) -> bool:
    """Whether `forward` has a second argument, for what is known of the future."""
    parameters = inspect.signature(net.forward).parameters.values()
    wanted = [one for one in parameters if one.kind is not one.KEYWORD_ONLY]
    more = wanted[1:2]
    return any(one.name == "future" or one.default is one.empty for one in more)


def check_output(net: nn.Module, sizes: Sizes) -> None:
    """Raise where `net` cannot read windows of these sizes or returns no quantiles."""
    past = torch.zeros(2, sizes.lookback, sizes.inputs)
    future = torch.zeros(2, sizes.horizon, sizes.known)
    given: tuple[Any, ...] = (past, future) if takes_future(net) else (past,)
    was, name = net.training, type(net).__name__
    net.eval()
    try:
        with torch.no_grad():
            said = net(*given)
    except (RuntimeError, ValueError, IndexError) as error:
        shapes = " and ".join(str(tuple(one.shape)) for one in given)
        reason = str(error).splitlines()[0]
        raise InputError(f"{name} cannot read windows of shape {shapes}: {reason}") from error
    finally:
        net.train(was)
    wanted = (2, sizes.horizon, sizes.targets, sizes.quantiles)
    found = tuple(said.shape) if isinstance(said, torch.Tensor) else (type(said).__name__,)
    if found not in (wanted, (2, sizes.outputs)):
        raise ShapeError(
            f"{name} returns {found} for 2 windows: (2, {sizes.outputs}) or {wanted} is needed, "
            "(windows, horizon, targets, quantiles)"
        )
