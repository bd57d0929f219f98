"""Operations that a graph holds in another form than the net has them, because what torch's
inductor makes of that form is faster on a CPU. The numbers are the same, but for the order in which
convolutions add.
"""

from collections.abc import Callable
from typing import Any

import torch

from lampas.jit.rewrites import convolution, max_pool

_aten = torch.ops.aten

REWRITES: dict[Any, Callable[..., Any]] = {
    _aten.convolution.default: convolution.forward,
    _aten.convolution_backward.default: convolution.backward,
    _aten.max_pool2d_with_indices.default: max_pool.forward,
    _aten.max_pool2d_with_indices_backward.default: max_pool.backward,
}
"""For `make_fx`: each takes what its operation takes, and answers `NotImplemented` where that stays
as it is."""

__all__ = ["REWRITES"]
