"""The forward pass alone, decided once for all batches from which nothing is learnt."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn.modules import module as modules

from lampas.data.batch import Batch
from lampas.data.nest import map_leaves
from lampas.errors import ShapeError
from lampas.pieces import is_out_of_memory

if TYPE_CHECKING:
    from lampas.model import Model

Forward = Callable[[Batch], Any]


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_OF_ALL = [vars(modules).get(f"_global{kind}") for kind in _HOOKS]
"""What is called around every module, as torch keeps it; None where a torch hides it."""


def calls_of(net: nn.Module) -> list[Callable[[Any], Any]]:
    """What `net(x)` calls one after the other: the parts of an `nn.Sequential` rather than itself,
    and each `forward` rather than its module, where it has no hooks to call before and after.

    A module's call costs as much as a small layer's kernel.

    >>> net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU(), nn.Tanh()))
    >>> [call.__self__ for call in calls_of(net)] == [net[0], net[1][0], net[1][1]]
    True
    >>> handle = net[1].register_forward_hook(lambda module, inputs, output: None)
    >>> calls_of(net)[1] is net[1]
    True
    """
    if type(net).__call__ is not nn.Module.__call__ or _is_heard(net):
        return [net]
    if type(net) is nn.Sequential and "forward" not in vars(net):
        return [call for part in net for call in calls_of(part)]
    return [net.forward]


def has_hooks(module: nn.Module) -> bool:
    """Whether Python runs before or after its passes."""
    return any(getattr(module, hooks, None) for hooks in _HOOKS)


def _is_heard(net: nn.Module) -> bool:
    return has_hooks(net) or "_compiled_call_impl" in vars(net)  # of `nn.Module.compile`


def _is_all_heard() -> bool:
    return any(hooks is None or bool(hooks) for hooks in _OF_ALL)


def forward_of(model: "Model") -> Forward:
    """What gives the output of the net for a batch, in the precision of `compile`."""
    wraps = not (model.has_own_forward or _is_heard(model) or _is_all_heard())
    calls = calls_of(model.net) if wraps else [model]

    def forward(batch: Batch) -> Any:
        value = batch.x
        if not isinstance(value, Tensor):
            return model(*batch.args, **batch.kwargs)
        try:
            for call in calls:
                value = call(value)
            return value
        except Exception as error:
            if is_out_of_memory(error):
                raise
        return model(batch.x)  # which raises it again, from where it can be explained

    if not model.is_compiled or model.plan.precision == "float32":
        return forward
    plan = model.plan

    def forward_in_half(batch: Batch) -> Any:
        with plan.autocast:
            return forward(batch)

    return forward_in_half


def predictor_of(model: "Model") -> Forward:
    """What gives the prediction for a batch, a row for each sample, on the CPU."""
    forward = forward_of(model)
    plan = model.plan if model.is_compiled else None
    changes = plan is not None and (plan.criterion.is_own or plan.precision != "float32")

    def predict(batch: Batch) -> Any:
        output = forward(batch)
        if plan is not None and changes:
            output = plan.shown(output)
        if not isinstance(output, Tensor):
            return map_leaves(_on_cpu, output)
        if not output.ndim or output.shape[0] != batch.size:
            raise _without_rows(output, batch)
        return output if output.is_cpu else output.cpu()

    return predict


def _on_cpu(leaf: Any) -> Any:
    return leaf.cpu() if isinstance(leaf, Tensor) else leaf


def _without_rows(output: Tensor, batch: Batch) -> ShapeError:
    """What is joined of several batches would be no prediction."""
    return ShapeError(
        f"the net returns {tuple(output.shape)} for {batch.size} samples: predict needs a row "
        "for each; a single sample needs a first dimension: x[None]"
    )
