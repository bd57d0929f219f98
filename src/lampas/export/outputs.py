"""The outputs of a net, whatever it returns, as tensors by name."""

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.utils._pytree as pytree  # the order in which torch.export flattens outputs
from torch import Tensor

from lampas.errors import InputError


def named_outputs(
    outputs: Any, names: Sequence[str] = (), inputs: Sequence[str] = ()
) -> dict[str, Tensor]:
    """{name: tensor}, in the order of a file's outputs; without what is None.

    A tensor is "output", the parts of a tuple are "output_0" and so on, those of a dict have
    their keys; `names` replaces them. A graph has a name once: one that is taken, as by one of the
    `inputs`, gets "_output" behind it. Raises `InputError` for anything that is no tensor.

    >>> sorted(named_outputs({"a": torch.ones(1), "b": (torch.ones(1), None)}))
    ['a', 'b_0']
    """
    leaves, _ = pytree.tree_flatten_with_path(outputs)
    found: dict[str, Tensor] = {}
    for path, leaf in leaves:
        if leaf is None:
            continue
        name = _name(path)
        while name in inputs or name in found:
            name += "_output"
        if not isinstance(leaf, Tensor):
            raise InputError(
                f"forward returns {leaf!r:.40} as {name}, and a file's outputs are tensors: return "
                "tensors, or tuples and dicts of them, alone"
            )
        found[name] = leaf
    return dict(zip(names, found.values(), strict=True)) if names else found


def _name(path: Sequence[Any]) -> str:
    parts = [
        str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", "")))) for key in path
    ]
    if not parts or isinstance(path[0], pytree.SequenceKey):
        parts = ["output", *parts]
    return "_".join(parts)


def as_written(outputs: Any) -> list[Tensor]:
    """The tensors alone, in that order."""
    return [cast(torch.Tensor, leaf) for leaf in pytree.tree_leaves(outputs) if leaf is not None]
