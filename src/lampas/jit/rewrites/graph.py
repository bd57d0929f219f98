"""A traced graph, with convolutions and maxima over windows in their faster forms."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.func import functionalize  # pyright: ignore[reportPrivateImportUsage]
from torch.fx.experimental.proxy_tensor import disable_proxy_modes_tracing, make_fx

from lampas.jit.rewrites import convolution, max_pool

_aten = torch.ops.aten

_FORMS: dict[Any, Callable[..., Any]] = {
    _aten.convolution.default: convolution.forward,
    _aten.convolution_backward.default: convolution.backward,
    _aten.max_pool2d_with_indices.default: max_pool.forward,
    _aten.max_pool2d_with_indices_backward.default: max_pool.backward,
}

_BY_ORDER = {
    _aten.as_strided.default, _aten.as_strided_.default, _aten.as_strided_scatter.default,
    _aten.view.dtype, _aten.set_.source_Storage_storage_offset, _aten.resize_.default,
}  # fmt: skip
"""What reads memory by its order, which is another one afterwards."""


def rewritten(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> fx.GraphModule:
    """`graph` in its faster form, on tensors like `tensors`, which it may write to; or as it is,
    where there is none. Within `torch.random.fork_rng`."""
    targets = {node.target for node in graph.graph.nodes}
    if not targets & set(_FORMS) or targets & _BY_ORDER:
        return graph
    try:
        # Without in-place operations a view of other strides may be a copy.
        table = {**_FORMS, _aten.view.default: _reshape, _aten._unsafe_view.default: _reshape}
        with torch.no_grad():
            return make_fx(functionalize(graph), decomposition_table=table)(*tensors)
    except Exception:  # of an operation that has no functional form: the graph is right as it is
        return graph


def _reshape(tensor: Tensor, size: Sequence[int]) -> Any:
    """`aten.view`, also of what lay side by side in the order that the graph was traced in."""
    try:
        with disable_proxy_modes_tracing():
            tensor.view(size)
    except RuntimeError:
        return tensor.contiguous().view(size)
    return NotImplemented
