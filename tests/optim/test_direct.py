"""Adam's kernel called directly: torch's own step, to the last bit, and who calls it."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lampas
from lampas.optim import bare_step
from lampas.optim.direct import direct_step

KINDS: dict[str, Any] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def _pair(kind: str, **options: Any) -> list[torch.optim.Optimizer]:
    """Two optimizers of the same, over weights of their own in two groups."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1), nn.Linear(1, 1, bias=False))
    made: list[torch.optim.Optimizer] = []
    for _ in range(2):
        first, second, last = copy.deepcopy(net)
        others = [*second.parameters(), *last.parameters()]
        groups = [{"params": list(first.parameters())}, {"params": others, "lr": 0.03}]
        made.append(KINDS[kind](groups, fused=True, **options))
    return made


def _weights(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _counted(optimizer: torch.optim.Optimizer) -> Any:
    """(the direct step, how often it was torch's own)."""
    own: list[int] = []

    def step() -> None:
        own.append(1)
        optimizer.step()

    return direct_step(optimizer, step), own


def _give(optimizers: list[torch.optim.Optimizer], missing: set[int]) -> None:
    for pair in zip(*map(_weights, optimizers), strict=True):
        grad = torch.randn(pair[0].shape)
        for p in pair:
            p.grad = grad.clone()
    for optimizer in optimizers:
        for index in missing:
            _weights(optimizer)[index].grad = None


def _assert_same(first: torch.optim.Optimizer, second: torch.optim.Optimizer) -> None:
    for a, b in zip(_weights(first), _weights(second), strict=True):
        assert torch.equal(a, b)
        kept, others = first.state.get(a, {}), second.state.get(b, {})
        assert list(kept) == list(others)
        assert all(torch.equal(kept[name], others[name]) for name in kept)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(list(KINDS)),
    options=st.fixed_dictionaries({
        "lr": st.sampled_from([0.1, 1e-3]),
        "betas": st.sampled_from([(0.9, 0.999), (0.0, 0.5)]),
        "eps": st.sampled_from([1e-8, 0.1]),
        "weight_decay": st.sampled_from([0.0, 0.2]),
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    }),
    missing=st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=5),
)  # fmt: skip
def test_law_weights_and_state_are_those_of_torchs_step(
    kind: str, options: dict[str, Any], missing: list[set[int]]
) -> None:
    ours, theirs = _pair(kind, **options)
    step, _ = _counted(ours)
    for one in missing:
        _give([ours, theirs], one)
        step()
        theirs.step()
        _assert_same(ours, theirs)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_changes_between_steps_is_heard(kind: str) -> None:
    ours, theirs = _pair(kind)
    step, own = _counted(ours)

    def both(change: Any) -> None:
        for optimizer in (ours, theirs):
            change(optimizer)
        _give([ours, theirs], set())
        step()
        theirs.step()
        _assert_same(ours, theirs)

    def other_state(optimizer: torch.optim.Optimizer) -> None:
        optimizer.state[_weights(optimizer)[0]]["exp_avg"] = torch.ones(2, 3)

    both(lambda _: None)
    assert own == [1]  # the first step makes the state
    both(lambda o: o.param_groups[0].update(lr=0.5, betas=(0.5, 0.6), weight_decay=0.3))
    both(other_state)
    both(lambda o: o.load_state_dict(copy.deepcopy(o.state_dict())))
    both(lambda o: o.state.pop(_weights(o)[1]))
    assert own == [1, 1]
    both(lambda o: o.add_param_group({"params": [nn.Parameter(torch.ones(1))]}))
    assert own == [1, 1, 1]
    both(lambda o: o.param_groups[0].update(lr=torch.tensor(0.1)))
    both(lambda o: o.param_groups[1].update(fused=False, foreach=False))
    assert own == [1] * 5


def test_it_is_for_fused_adams_on_the_cpu_alone() -> None:
    class Own(torch.optim.Adam):
        pass

    weight = nn.Parameter(torch.ones(1))
    assert direct_step(Own([weight], fused=True), print) is None
    assert direct_step(torch.optim.SGD([weight], fused=True), print) is None
    mixed = [weight, nn.Parameter(torch.ones(1, dtype=torch.float64))]
    assert direct_step(torch.optim.Adam(mixed, fused=True), print) is None
    away = nn.Parameter(torch.ones(1, device="meta"))
    assert direct_step(torch.optim.Adam([away]), print) is None
    plain = torch.optim.Adam([weight], foreach=True)
    step, own = _counted(plain)
    weight.grad = torch.ones(1)
    step()
    step()
    assert own == [1, 1]


def test_a_sparse_gradient_is_refused_by_torch() -> None:
    weight = nn.Parameter(torch.ones(2, 1))
    optimizer = torch.optim.Adam([weight], fused=True)
    weight.grad = torch.ones(2, 1)
    step, _ = _counted(optimizer)
    step()
    weight.grad = torch.ones(2, 1).to_sparse()
    with pytest.raises(RuntimeError, match="sparse"):
        step()


def test_no_graph_is_made_of_a_step() -> None:
    weight = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([weight], fused=True)
    step, _ = _counted(optimizer)
    for _ in range(2):
        weight.grad = torch.ones(1)
        step()
    assert weight.is_leaf
    assert torch.is_grad_enabled()


def test_bare_steps_of_adam_are_direct_but_where_hooks_are_heard() -> None:
    optimizer = torch.optim.Adam([nn.Parameter(torch.ones(1))], fused=True)
    assert getattr(bare_step(optimizer), "__name__", "") == "direct"
    optimizer.register_step_post_hook(lambda *_: None)
    assert bare_step(optimizer) == optimizer.step


def test_fit_ends_with_the_bits_of_torchs_own_steps() -> None:
    x = torch.randn(40, 3)
    found: list[dict[str, torch.Tensor]] = []
    for hooked in (False, True):
        torch.manual_seed(0)
        model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
        adam = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
        if hooked:
            adam.register_step_post_hook(lambda *_: None)
        model.compile(adam, "mse", clip_norm=0.5, jit=False)
        model.fit(x, x.sum(1, keepdim=True), batch_size=7, epochs=3, verbose=0)
        found.append(model.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
