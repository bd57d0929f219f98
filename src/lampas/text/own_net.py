"""The net for texts: a built-in one by its name, or the user's, given the sizes that it names."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from lampas import own_net
from lampas.errors import InputError, ShapeError, unknown_name
from lampas.own_net import NetLike
from lampas.tables.targets import TargetCoder
from lampas.text.conv import ConvNet
from lampas.text.given import GivenIds
from lampas.text.ids import PADDING
from lampas.text.tokens import Tokens
from lampas.text.transformer import Positions, TransformerNet

TextNet = str | NetLike
"""The name of a built-in net, or the user's own."""

NETS: Mapping[str, Callable[..., nn.Module]] = {"conv": ConvNet, "transformer": TransformerNet}
"""The built-in nets by name."""

_VOCABULARY = ("vocabulary", "vocab_size", "num_embeddings", "n_tokens")
_PADDING = ("padding", "padding_idx")
_LENGTH = ("length", "max_length")


def build(
    net: TextNet,
    tokens: Tokens | GivenIds,
    targets: TargetCoder,
    length: int,
    pairs: int,
    positions: Positions | None,
) -> nn.Module:
    """The net: built in for a name, a module as it is, a class or factory called with its sizes.

    A constructor gets what its parameters name: vocabulary (also vocab_size, num_embeddings,
    n_tokens), the number of different ids; padding (padding_idx), the id 0; unknown, the id of
    an unknown token; length (max_length), the most tokens of a text; outputs (out_features,
    n_outputs), columns of the output; classes (n_classes, num_classes).

    Raises `InputError` as `lampas.own_net.build`, and for positions where they mean nothing;
    `UnknownNameError` for a string that names no net.
    """
    if positions is not None and net != "transformer":
        raise InputError("positions are the transformer's: choose that net, or leave them out")
    if isinstance(net, str):
        if net not in NETS:
            raise unknown_name("net", net, NETS)
        more = {} if positions is None else {"positions": positions}
        return NETS[net](tokens.size, targets.outputs, unknown=tokens.unknown, pairs=pairs, **more)
    sizes: dict[str, Any] = dict.fromkeys(_VOCABULARY, tokens.size)
    sizes |= dict.fromkeys(_PADDING, PADDING) | dict.fromkeys(_LENGTH, length)
    sizes |= {"unknown": tokens.unknown}
    sizes |= dict.fromkeys((*own_net.OUTPUTS, *own_net.CLASSES), targets.outputs)
    return own_net.build(net, sizes, targets.task, "texts")


def input_names(net: nn.Module) -> tuple[str, ...]:
    """The parameters of `forward` that get the ids and, where it takes one, the mask.

    A mask is the second parameter, if it has no default or "mask" is in its name.

    >>> input_names(ConvNet(10, 1)), input_names(nn.Embedding(10, 2))
    (('ids', 'mask'), ('input',))
    """
    found = list(inspect.signature(net.forward).parameters.values())
    masks = [
        one.name
        for one in found[1:2]
        if one.kind is one.POSITIONAL_OR_KEYWORD
        and (one.default is one.empty or "mask" in one.name)
    ]
    return (*(one.name for one in found[:1]), *masks)


def inputs_of(names: tuple[str, ...], ids: torch.Tensor) -> Any:
    """What the net reads: the ids (N, L), or a dict of ids and mask (N, L) by its own names."""
    if len(names) < 2:
        return ids
    return dict(zip(names, (ids, ids != PADDING), strict=True))


def check_output(net: nn.Module, ids: torch.Tensor, outputs: int) -> None:
    """Run `net` on a few texts, int64 (N, L), in eval mode.

    Raises `InputError`, with the net's own error as its cause, when the net cannot read them,
    and `ShapeError` unless it gives (N, `outputs`).

    >>> check_output(nn.Embedding(5, 1), torch.ones(2, 3, dtype=torch.int64), 1)
    Traceback (most recent call last):
    lampas.errors.ShapeError: Embedding returned (2, 3, 1) for 2 texts, and these targets need \
(2, 1): let its constructor ask for outputs, or for classes
    """
    names = input_names(net)
    inputs = inputs_of(names, ids)
    training = net.training
    net.eval()
    try:
        with torch.no_grad():
            given: Any = net(**inputs) if isinstance(inputs, dict) else net(inputs)
    except Exception as error:
        line = str(error).strip().partition("\n")[0].rstrip(".: ") or type(error).__name__
        got = f"{' and '.join(names) or 'ids'} {tuple(ids.shape)}"
        raise InputError(
            f"{type(net).__name__}.forward failed on {got}: {line}: take vocabulary in its "
            "constructor for the number of ids"
        ) from error
    finally:
        net.train(training)
    shape = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
    if shape != (len(ids), outputs):
        raise ShapeError(
            f"{type(net).__name__} returned {shape} for {len(ids)} texts, and these targets need "
            f"{(len(ids), outputs)}: let its constructor ask for outputs, or for classes"
        )
