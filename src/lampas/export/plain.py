"""`Model.export`: a net of the user's own, with inputs as `predict` takes them."""

import os
from typing import TYPE_CHECKING, Any

import torch

from lampas.data.feed import Source
from lampas.errors import InputError
from lampas.export.exported import Exported
from lampas.export.portable import portable_of
from lampas.export.write import export_graph, export_weights, format_of
from lampas.inputspec import float_dtype
from lampas.weights import bare

if TYPE_CHECKING:
    from lampas.model import Model

_ROWS = 7  # of the example, at most: as many as the largest batch that is tried


def export(
    model: "Model",
    path: str | os.PathLike[str],
    example: Source | None,
    columns: list[list[str] | None] | None,
    tolerance: float | None,
) -> Exported:
    """See `lampas.Model.export`. columns: those of the data frames that `fit` saw."""
    net = _inside(model)
    if format_of(path) == ".safetensors":
        return export_weights(net, path)
    if example is not None:
        batch = next(iter(example.once(_ROWS, steps=1)))
        portable = portable_of(net, batch.args, batch.kwargs)
    else:
        portable = portable_of(net, [_like(net, columns, os.fspath(path))], {})
    return export_graph(portable, path, tolerance)


def _inside(model: "Model") -> torch.nn.Module:
    """The wrapped module, without shells; a subclass's own self."""
    from lampas.model import Model

    return bare(model.net) if type(model) is Model else model


def _like(net: torch.nn.Module, columns: Any, path: str) -> torch.Tensor:
    """Random rows of the data frame that `fit` saw, from numbers of their own."""
    if not columns or columns[0] is None:
        raise InputError(
            "export needs to know what the net takes: pass a row or more of its inputs, as "
            f"model.export({path!r}, example=x[:2])"
        )
    own = torch.Generator().manual_seed(0)
    return torch.randn(_ROWS, len(columns[0]), generator=own).to(float_dtype(net))
