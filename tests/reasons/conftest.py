"""That an explanation leaves a model as it was."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch


@contextmanager
def _unchanged(model):
    """Weights, gradients, modes, hooks, and all random states are the same after the block."""
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    grads = [p.grad if p.grad is None else p.grad.clone() for p in model.parameters()]
    needs = [p.requires_grad for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    random, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()
    yield
    assert all(torch.equal(v, weights[n]) for n, v in model.state_dict().items())
    for parameter, grad in zip(model.parameters(), grads, strict=True):
        if grad is None:
            assert parameter.grad is None
        else:
            assert torch.equal(parameter.grad, grad)
    assert [p.requires_grad for p in model.parameters()] == needs
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert (np.random.get_state()[1] == numbers).all()
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


@pytest.fixture
def unchanged():
    """A block that fails where it leaves a trace in a model."""
    return _unchanged
