"""How much memory training takes: parameters, gradients, optimiser and what backward needs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from lampas.inputspec import Inputs
from lampas.optim.table import OptimizerSpec, resolve
from lampas.plan import PRECISIONS
from lampas.summary.dryrun import dry_run
from lampas.summary.show import bytes_of


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that training holds at the end of the forward pass, beside what kernels work with.

    `parameters`: with buffers. `gradients`: of the trainable ones, or of the largest, where each is
    let go once it was used. `state`: of `optimizer`. `activations`: what autograd keeps for
    backward, whatever the batch; `per_sample`: what it keeps for each sample more. Of blocks that
    are computed again: what they begin with, and all of the largest.
    """

    optimizer: str
    parameters: int
    gradients: int
    state: int
    activations: int
    per_sample: int

    def at(self, batch_size: int) -> int:
        """All of it, for batches of that many samples."""
        return sum(self.parts(batch_size).values())

    def parts(self, batch_size: int) -> dict[str, int]:
        """The bytes of each part, for batches of that many samples."""
        return {
            "parameters": self.parameters,
            "gradients": self.gradients,
            "optimiser": self.state,
            "activations": self.activations + batch_size * self.per_sample,
        }

    def __str__(self) -> str:
        told = ", ".join(f"{name} {bytes_of(n)}" for name, n in self.parts(0).items() if n)
        more = f"; {bytes_of(self.per_sample)} of activations a sample" if self.per_sample else ""
        return f"Training with {self.optimizer} holds {bytes_of(self.at(0))}: {told}{more}"


def memory_of(
    net: nn.Module, batches: list[tuple[int, Inputs]], optimizer: OptimizerSpec, precision: str,
    blocks: Mapping[str, str], optimizer_in_backward: bool,
) -> Memory:  # fmt: skip
    """What training `net` takes, from a pass with one batch, or with two of different sizes.

    batches: (samples, inputs); one alone counts whole. blocks: see `Kept`. Raises
    what `dry_run` and the optimiser raise: a net may run in evaluation mode alone.
    """
    kind = PRECISIONS[precision]
    saved = [dry_run(net, inputs, training=True, autocast=kind, blocks=blocks).saved
             for _, inputs in batches]  # fmt: skip
    per_sample = 0
    if len(batches) == 2:
        per_sample = (saved[1] - saved[0]) // (batches[1][0] - batches[0][0])
    made, state = _optimizer(net, optimizer)
    gradients = [_size([p]) for p in net.parameters() if p.requires_grad]
    return Memory(
        optimizer=made,
        parameters=_size((*net.parameters(), *net.buffers())),
        gradients=max(gradients, default=0) if optimizer_in_backward else sum(gradients),
        state=state,
        activations=max(0, saved[0] - batches[0][0] * per_sample),
        per_sample=per_sample,
    )


def _size(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _optimizer(net: nn.Module, spec: OptimizerSpec) -> tuple[str, int]:
    """The optimiser's class, and the bytes of its state after a step on fake parameters."""
    with FakeTensorMode():
        held = _Parameters(net)
        given = resolve(spec, held)
        made = _again(given, held) if given is spec else given
        for group in made.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.empty_like(parameter)
        made.step()
    states = cast("Iterable[dict[str, Any]]", made.state.values())
    tensors = [one for state in states for one in state.values() if isinstance(one, Tensor)]
    return type(made).__name__, _size(tensors)


class _Parameters(nn.Module):
    """The trainable parameters of `net` as fake ones; made under the fake mode."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.of = {id(p): _fake_parameter(p) for p in net.parameters() if p.requires_grad}
        self.held = nn.ParameterList(self.of.values())


def _fake_parameter(p: Tensor) -> nn.Parameter:
    return nn.Parameter(torch.empty(p.shape, dtype=p.dtype, device=p.device))


def _again(given: torch.optim.Optimizer, held: _Parameters) -> torch.optim.Optimizer:
    """An optimiser like `given`, with all its settings, over the fake parameters."""
    groups = [
        {**group, "params": [held.of[id(p)] for p in group["params"] if id(p) in held.of]}
        for group in given.param_groups
    ]
    make = cast("Callable[[Any], torch.optim.Optimizer]", type(given))
    return make([group for group in groups if group["params"]])
