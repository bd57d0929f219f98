"""A .safetensors file: weights alone, under the names of the net's own state dict."""

from collections.abc import Mapping
from json import dumps
from typing import Any, BinaryIO

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lampas.errors import ArtifactError, InputError
from lampas.export.onnx_file import ABOUT
from lampas.tensorfile import DTYPES
from lampas.tensorfile import write as write_tensors
from lampas.weights import bare


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """The state dict: a weight that has two names is there under both.

    Raises `InputError` for what the format cannot hold.
    """
    state = dict(bare(net).state_dict())
    for name, value in state.items():
        if not isinstance(value, Tensor):
            what = f"a {type(value).__name__}"
        elif is_lazy(value):
            what = "not made yet: call the net once"
        elif value.is_sparse or value.is_quantized or value.dtype not in DTYPES.values():
            what = f"{value.dtype}, {value.layout}"
        else:
            continue
        raise InputError(f"{name} is {what}: a .safetensors file holds dense tensors alone")
    return state


def write(file: BinaryIO, weights: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write `weights` into `file`, with `about` as JSON in its metadata, if there is any."""
    more = {ABOUT: dumps(about)} if about else {}
    write_tensors(file, {"format": "pt", **more}, weights)


def compare(path: str, weights: Mapping[str, Tensor]) -> None:
    """Raise `ArtifactError` unless the file at `path` holds the same bits."""
    found = load_file(path)
    for name, tensor in weights.items():
        ours = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        if found[name].shape != tensor.shape or not torch.equal(
            found[name].reshape(-1).view(torch.uint8), ours
        ):
            raise ArtifactError(f"{name} in the file is not what it is in the net")
