"""`Model.export`: a net of the user's own, with inputs as `predict` takes them."""

import os
from typing import TYPE_CHECKING

import torch

from lampas.data.batch import Batch
from lampas.errors import InputError
from lampas.export.exported import Exported
from lampas.export.portable import portable_of
from lampas.export.write import export_graph, export_weights, format_of
from lampas.weights import bare

if TYPE_CHECKING:
    from lampas.model import Model


def export(
    model: "Model",
    path: str | os.PathLike[str],
    example: Batch | None,
    tolerance: float | None,
) -> Exported:
    """See `lampas.Model.export`. example: some rows of inputs; None where nobody knows any."""
    net = _inside(model)
    if format_of(path) == ".safetensors":
        return export_weights(net, path)
    if example is None:
        raise InputError(
            "export needs to know what the net takes: pass a row or more of its inputs, as "
            f"model.export({os.fspath(path)!r}, example=x[:2])"
        )
    return export_graph(portable_of(net, example.args, example.kwargs), path, tolerance)


def _inside(model: "Model") -> torch.nn.Module:
    """The wrapped module, without shells; a subclass's own self."""
    from lampas.model import Model

    return bare(model.net) if type(model) is Model else model
