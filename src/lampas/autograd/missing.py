"""Parameters that get no gradient, and why, as far as it can be known."""

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from lampas.autograd.names import Names
from lampas.autograd.parts import Form, form_of
from lampas.autograd.trace import Call, Trace

FROZEN = "requires_grad is False"
_AFTER = ": it is not used, or cut after it"
UNKNOWN = "backward does not reach it"


class Missing(NamedTuple):
    """A parameter that gets no gradient, and what is known of the reason."""

    name: str
    form: Form
    reason: str


def missing_of(
    names: Names,
    reached: Container[str],
    readers: Mapping[str, str],
    trace: Trace | None,
    stations: Mapping[Any, int],
) -> tuple[Missing, ...]:
    """The model's parameters outside `reached`, the names of the leaves.

    `readers`: the Function that saved a parameter's values, by the parameter's name. `trace`:
    the calls of the model's layers, where they were watched; `stations`: what backward walks.
    """
    found: list[Missing] = []
    for name, parameter in names.parameters.items():
        if name in reached:
            continue
        if not parameter.requires_grad:
            reason = FROZEN
        elif name in readers:
            reason = (
                f"{readers[name]} reads its values, but they came there by detach(), .data or "
                "under torch.no_grad()"
            )
        elif trace is None:
            reason = UNKNOWN
        else:
            reason = _traced(name, trace, stations)
        found.append(Missing(name, form_of(parameter), reason))
    return tuple(found)


def _traced(name: str, trace: Trace, stations: Mapping[Any, int]) -> str:
    """Of several calls of a layer the one that came nearest to the loss is told."""
    path = name.rpartition(".")[0]
    layer = repr(path) if path else "the model"
    calls = trace.of(path)
    if not calls:
        return f"{layer} was not called"
    reasons = [_of_call(call, layer, trace, stations) for call in calls]
    return max(reasons)[1]


def _of_call(call: Call, layer: str, trace: Trace, stations: Mapping[Any, int]) -> tuple[int, str]:
    """How far this call came, and what ended it."""
    outputs = call.outputs
    if any(one.station in stations for one in outputs if one.station is not None):
        return 4, f"unused in {layer}, or detached there: its output does reach the loss"
    if any(one.requires_grad for one in outputs):
        return 3, f"the loss does not depend on the output of {layer}{_cut(call, trace)}"
    if not call.recorded:
        return 1, f"{layer} was called under torch.no_grad()"
    if outputs and not any(one.can_require for one in outputs):
        return 0, f"the output of {layer} is {outputs[0].form}, which carries no gradient"
    return 2, f"the output of {layer} does not require grad: detached inside, or under no_grad"


def _cut(call: Call, trace: Trace) -> str:
    """Where the path ends after a layer, where the layer called next shows it."""
    after = trace.next_after(call)
    if after is None or not after.inputs:
        return _AFTER
    where = f"the next layer, {after.path!r},"
    if not after.recorded:
        return f": {where} was called under torch.no_grad()"
    if any(one.requires_grad for one in after.inputs):
        return _AFTER
    if not any(one.can_require for one in after.inputs):
        return f": {where} was given {after.inputs[0].form}, which carries no gradient"
    ours = {one.storage for one in call.outputs if one.requires_grad}
    if any(one.storage in ours and one.storage is not None for one in after.inputs):
        return f": {where} was given its values by detach() or .data"
    return f": {where} was given {after.inputs[0].form} that does not require grad"
