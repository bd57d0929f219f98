"""Seeing whether a function of the user's broadcasts targets against outputs by mistake.

The shapes (N, 1) and (N,) alone prove nothing: many a function squeezes its output first. So
where they could broadcast, the function is run once more under a watch.
"""

import copy
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_ELEMENTWISE = {
    *("sub", "__rsub__", "rsub", "subtract", "add", "__radd__", "mul", "multiply", "__rmul__"),
    *("div", "divide", "true_divide", "__rdiv__", "__rtruediv__", "pow", "__rpow__"),
    *("maximum", "minimum", "dist", "sub_", "add_", "mul_", "div_", "addcmul"),
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss"),
    *("hinge_embedding_loss", "multilabel_soft_margin_loss"),
}
"""Operations of torch that broadcast their two tensors."""


class _Watch(TorchFunctionMode):
    """Notes an elementwise operation on two tensors of just these shapes, in either order."""

    def __init__(self, shapes: set[torch.Size]) -> None:
        super().__init__()
        self.shapes = shapes
        self.seen = False

    def __torch_function__(
        self, func: Any, types: Any, args: Iterable[Any] = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") in _ELEMENTWISE:
            given = [*args, *(kwargs or {}).values()]
            self._note([value for value in given if isinstance(value, Tensor)][:2])
        return func(*args, **(kwargs or {}))

    def _note(self, pair: list[Tensor]) -> None:
        # Two views of one tensor meet on purpose: all pairs, as ranking losses take them.
        if len(pair) == 2 and {pair[0].shape, pair[1].shape} == self.shapes:
            left, right = (tensor.untyped_storage().data_ptr() for tensor in pair)
            self.seen = self.seen or left != right


def broadcasts(loss: Callable[[Any, Any], Any], y_pred: Tensor, y_true: Tensor) -> bool:
    """Whether `loss` combines outputs and targets of these unequal shapes element by element.

    Runs `loss` once, on detached outputs, on a copy where it is a module, and with the random
    state put back; what it raises is no answer.

    >>> y_pred, y_true = torch.zeros(4, 1), torch.zeros(4)
    >>> broadcasts(lambda p, t: (p - t).square().mean(), y_pred, y_true)
    True
    >>> broadcasts(lambda p, t: (p.squeeze(1) - t).square().mean(), y_pred, y_true)
    False
    """
    watch = _Watch({y_pred.shape, y_true.shape})
    outputs = y_pred.detach().requires_grad_(y_pred.requires_grad)
    devices = [y_pred.device] if y_pred.device.type == "cuda" else []
    try:
        twin = copy.deepcopy(loss) if isinstance(loss, nn.Module) else loss
        with warnings.catch_warnings(), torch.random.fork_rng(devices), watch:
            warnings.simplefilter("ignore")
            twin(outputs, y_true)
    except Exception:
        pass  # the loss says so itself when it is called in earnest
    return watch.seen
