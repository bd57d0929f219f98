"""Layers are watched while a loss is computed, and no hook stays."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lampas.autograd.trace import traced


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(2, 3)
        self.head = nn.Linear(3, 1)

    def forward(self, x: Tensor, extra: Any = None) -> dict[str, Tensor]:
        h = self.body(x)
        return {"y": self.head(h), "h": h}


def hooks(model: nn.Module) -> list[Any]:
    return [(m._forward_hooks, m._forward_pre_hooks) for m in model.modules()]


def test_calls_with_what_went_in_and_out() -> None:
    net = Net()
    result, trace = traced(lambda: net(torch.ones(4, 2), extra={"n": torch.ones(1)}), net)
    assert set(result) == {"y", "h"}
    assert [call.path for call in trace.calls] == ["", "body", "head"]
    whole, body, head = trace.calls
    assert [one.form.shape for one in whole.inputs] == [(4, 2), (1,)]
    assert [one.form.shape for one in whole.outputs] == [(4, 1), (4, 3)]
    assert body.outputs[0].station is result["h"].grad_fn
    assert head.inputs[0].requires_grad
    assert whole.began < body.began < body.ended < head.began < head.ended < whole.ended
    assert trace.next_after(body) is head
    assert trace.next_after(whole) is None


def test_no_hook_stays() -> None:
    net = Net()
    before = hooks(net)
    traced(lambda: net(torch.ones(4, 2)), net)
    assert hooks(net) == before
    with pytest.raises(RuntimeError, match="shapes"):
        traced(lambda: net(torch.ones(4, 5)), net)
    assert hooks(net) == before


def test_calls_that_failed_do_not_count() -> None:
    net = Net()

    def compute() -> Tensor:
        with pytest.raises(RuntimeError, match="shapes"):
            net.body(torch.ones(4, 5))
        return net(torch.ones(4, 2))["y"]

    _, trace = traced(compute, net)
    assert len(trace.of("body")) == 1
    assert len(trace.of("")) == 1


def test_a_layer_that_catches_what_another_raises_is_still_seen() -> None:
    class Tries(Net):
        def forward(self, x: Tensor, extra: Any = None) -> Tensor:
            try:
                return self.head(x)
            except RuntimeError:
                return self.head(self.body(x))

    net = Tries()
    y, trace = traced(lambda: net(torch.ones(4, 2)), net)
    assert [call.path for call in trace.calls if call.ended] == ["", "body", "head"]
    assert trace.of("")[0].outputs[0].station is y.grad_fn
