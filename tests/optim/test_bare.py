import functools

import pytest
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from lampas.optim import bare_step


def stepped(how, make):
    """The weights after five steps."""
    torch.manual_seed(0)
    net = nn.Linear(3, 2)
    optimizer = make(net.parameters())
    step = how(optimizer)
    for _ in range(5):
        optimizer.zero_grad()
        net(torch.ones(4, 3)).pow(2).sum().backward()
        step()
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@pytest.mark.parametrize(
    "make",
    [
        functools.partial(torch.optim.SGD, lr=0.01, momentum=0.9),
        functools.partial(torch.optim.Adam, lr=0.01, fused=True),
        functools.partial(torch.optim.AdamW, lr=0.01),
        functools.partial(torch.optim.Adagrad, lr=0.01),
        functools.partial(torch.optim.RMSprop, lr=0.01),
    ],
)
def test_it_steps_as_the_optimizer_does(make):
    assert torch.equal(stepped(bare_step, make), stepped(lambda o: o.step, make))


def adam():
    return torch.optim.Adam([nn.Parameter(torch.ones(1))])


def test_the_wrapper_is_left_out_where_nobody_needs_it():
    optimizer = adam()
    assert bare_step(optimizer) != optimizer.step


def test_hooks_run():
    optimizer = adam()
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append("pre"))
    optimizer.register_step_post_hook(lambda *_: seen.append("post"))
    bare_step(optimizer)()
    assert seen == ["pre", "post"]


def test_global_hooks_run():
    seen = []
    handle = register_optimizer_step_pre_hook(lambda *_: seen.append(1))
    try:
        bare_step(adam())()
    finally:
        handle.remove()
    assert seen == [1]


def test_a_step_put_on_the_object_is_used():
    optimizer = adam()
    torch.optim.lr_scheduler.StepLR(optimizer, 1)  # counts steps by a step of its own
    assert bare_step(optimizer) == optimizer.step


def test_a_profile_shows_the_step():
    with torch.profiler.profile() as profile:
        bare_step(adam())()
    assert any("Optimizer.step#Adam" in event.name for event in profile.events())


def test_an_optimizer_of_the_users_own_keeps_its_step():
    class Mine(torch.optim.SGD):
        def step(self, closure=None):
            return "mine"

    assert bare_step(Mine([nn.Parameter(torch.ones(1))], lr=0.1))() == "mine"
