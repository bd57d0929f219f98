"""Our steps beside torch's own, from the same states."""

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from lampas.jit.updates import Group, States, Update

few = settings(max_examples=60, deadline=None, derandomize=True)

# Ours and torch's round in different places; in bfloat16, torch's loop does so at each operation,
# the others differ by the order of a product and whether a sum is fused with one.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 3e-2}


@dataclass(frozen=True)
class Problem:
    """A parameter's shape and dtype, and what its gradients are drawn from."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    seed: int
    steps: int

    def parameter(self) -> nn.Parameter:
        return nn.Parameter(self._drawn(self.seed))

    def gradient(self, step: int) -> Tensor:
        return self._drawn(self.seed + 1 + step)

    def _drawn(self, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(self.shape, generator=generator, dtype=torch.float64).to(self.dtype)


problems = st.builds(
    Problem,
    dtype=st.sampled_from(list(TOLERANCE)),
    shape=st.sampled_from([(), (1,), (0,), (5,), (2, 3), (3, 1, 4)]),
    seed=st.integers(0, 10_000),
    steps=st.integers(1, 5),
)


def assert_agrees(kind: Any, update: Update, problem: Problem, **options: Any) -> None:
    """Each step agrees with torch's from the same states, while lr falls; nothing is in place."""
    p = problem.parameter()
    optimizer = kind([p], **options, **{k: False for k in ("foreach", "fused") if takes(kind, k)})
    (group,) = optimizer.param_groups
    _torch_step(optimizer, p, problem.gradient(0))
    for step in range(1, problem.steps + 1):
        group["lr"] *= 0.7
        g = problem.gradient(step)
        found = without_writing(update, group, p.detach(), g, states_of(update, optimizer, p))
        _torch_step(optimizer, p, g)
        assert_close(found, (p.detach(), states_of(update, optimizer, p)), problem.dtype)


def takes(kind: Any, option: str) -> bool:
    return option in kind.__init__.__code__.co_varnames


def assert_walks(kind: Any, update: Update, **options: Any) -> None:
    """Ten steps on our own, from torch's first, end where torch's do."""
    problem = Problem(torch.float64, (2, 3), seed=7, steps=10)
    p = problem.parameter()
    optimizer = kind([p], **options)
    _torch_step(optimizer, p, problem.gradient(0))
    here, states = p.detach().clone(), states_of(update, optimizer, p)
    states = {name: state.clone() for name, state in states.items()}
    for step in range(1, 11):
        g = problem.gradient(step)
        here, states = without_writing(update, optimizer.param_groups[0], here, g, states)
        _torch_step(optimizer, p, g)
    assert_close((here, states), (p.detach(), states_of(update, optimizer, p)), torch.float64)


def states_of(update: Update, optimizer: torch.optim.Optimizer, p: nn.Parameter) -> States:
    """Those that the rule names: all that torch has made of tensors."""
    names = update.names(optimizer.param_groups[0])
    held = {name for name, s in optimizer.state[p].items() if isinstance(s, Tensor)}
    assert set(names) == held
    return {name: optimizer.state[p][name] for name in names}


def without_writing(
    update: Update, group: Group, p: Tensor, g: Tensor, states: States
) -> tuple[Tensor, States]:
    """The step; what it was given is as before, and shares no memory with what it gives."""
    numbers = numbers_of(update, group)
    given = [numbers, p, g, *states.values()]
    before = [(t.clone(), t._version) for t in given]
    (each,) = update.numbers_of_each(group, numbers.unbind(), [states])
    new, after = update.step(group, each, p, g, states)
    for t, (copy, version) in zip(given, before, strict=True):
        assert t._version == version
        assert torch.equal(t, copy)
    assert list(after) == list(states)
    taken = {t.data_ptr() for t in given if t.numel()}
    assert not any(t.data_ptr() in taken for t in (new, *after.values()) if t.numel())
    return new, after


def numbers_of(update: Update, group: Group) -> Tensor:
    return torch.tensor(update.numbers(group), dtype=torch.float64)


def assert_close(
    found: tuple[Tensor, States], expected: tuple[Tensor, States], dtype: torch.dtype
) -> None:
    """dtypes and shapes are compared as well."""
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(found[0], expected[0], rtol=tolerance, atol=tolerance)
    assert set(found[1]) == set(expected[1])
    for name, state in expected[1].items():
        torch.testing.assert_close(found[1][name], state, rtol=tolerance, atol=tolerance, msg=name)


def assert_traces(kind: Any, update: Update, other: dict[str, Any], **options: Any) -> None:
    """A graph traced with `options` gives the step of `other` numbers: none is baked in."""
    problem = Problem(torch.float32, (2, 3), seed=3, steps=1)
    p = problem.parameter()
    optimizer = kind([p], **options)
    (group,) = optimizer.param_groups
    _torch_step(optimizer, p, problem.gradient(0))
    states = states_of(update, optimizer, p)

    def step(numbers: Tensor, p: Tensor, g: Tensor, states: States) -> tuple[Tensor, States]:
        (each,) = update.numbers_of_each(group, numbers.unbind(), [states])
        return update.step(group, each, p, g, states)

    traced = make_fx(step, tracing_mode="fake")(
        numbers_of(update, group), p.detach(), problem.gradient(1), states
    )
    form = update.shape(group)
    group.update(other)
    assert update.shape(group) == form
    assert all(other_number != number for other_number, number in _pairs(update, group, options))
    states = {name: state + 1 for name, state in states.items()}
    given = (numbers_of(update, group), p.detach() + 1, problem.gradient(2), states)
    expected = step(*given)
    assert_close(traced(*given), expected, torch.float32)
    assert not torch.equal(expected[0], given[1])


def _pairs(update: Update, group: Group, options: dict[str, Any]) -> Any:
    """All numbers of `group`, beside those of `options`, where these say any."""
    return zip(update.numbers(group), update.numbers({**group, **options}), strict=True)


def _torch_step(optimizer: torch.optim.Optimizer, p: nn.Parameter, g: Tensor) -> None:
    p.grad = g.clone()
    optimizer.step()
