"""Which parameters get no gradient, and what can be known of the reason."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import lampas

X = torch.ones(3, 4)


class Net(nn.Module):
    def __init__(self, middle: Callable[[Tensor], Tensor] = lambda h: h) -> None:
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.head = nn.Linear(5, 2)
        self.middle = middle

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.middle(self.body(x)))


class Indices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 5)
        self.table = nn.Embedding(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.table(self.body(x).argmax(1))


class WithoutGrad(Net):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            h = self.body(x)
        return self.head(h)


class DetachedInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = Inner()
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x))


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale.detach()


class Rounds(Inner):
    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale).long()


class RoundsFirst(DetachedInside):
    def __init__(self) -> None:
        super().__init__()
        self.layer = Rounds()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x).float())


class HalfUsed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 4))
        self.bias = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight)


class Skips(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.pad(x, (0, 1)))


class HeadWithoutGrad(Net):
    def forward(self, x: Tensor) -> Tensor:
        h = self.body(x)
        with torch.no_grad():
            again = self.head(h)
        return self.head(h.detach()) + again


class Unused(Net):
    def forward(self, x: Tensor) -> Tensor:
        self.body(x)
        return self.head(F.pad(x.requires_grad_(), (0, 1)))


CASES: list[tuple[nn.Module, str, str]] = [
    (
        Net(lambda h: h.detach()),
        "body.bias",
        "the loss does not depend on the output of 'body': the next layer, 'head', was given its "
        "values by detach() or .data",
    ),
    (
        Net(lambda h: h.detach() * 2),
        "body.bias",
        "the loss does not depend on the output of 'body': the next layer, 'head', was given "
        "(3, 5) float32 that does not require grad",
    ),
    (
        Indices(),
        "body.bias",
        "the loss does not depend on the output of 'body': the next layer, 'table', was given "
        "(3,) int64, which carries no gradient",
    ),
    (WithoutGrad(), "body.bias", "'body' was called under torch.no_grad()"),
    (
        DetachedInside(),
        "layer.scale",
        "the output of 'layer' does not require grad: detached inside, or under no_grad",
    ),
    (
        RoundsFirst(),
        "layer.scale",
        "the output of 'layer' is (3, 4) int64, which carries no gradient",
    ),
    (
        HalfUsed(),
        "bias",
        "unused in the model, or detached there: its output does reach the loss",
    ),
    (Skips(), "body.weight", "'body' was not called"),
    (
        HeadWithoutGrad(),
        "body.bias",
        "the loss does not depend on the output of 'body': the next layer, 'head', was called "
        "under torch.no_grad()",
    ),
    (
        Unused(),
        "body.bias",
        "the loss does not depend on the output of 'body': it is not used, or cut after it",
    ),
]


@pytest.mark.parametrize(("net", "name", "reason"), CASES)
def test_where_the_path_is_cut(net: nn.Module, name: str, reason: str) -> None:
    found = lampas.graph(lambda: net(X.clone()).sum(), net)
    assert {one.name: one.reason for one in found.missing}[name] == reason


@pytest.mark.parametrize(("net", "name", "reason"), CASES)
def test_missing_is_who_has_no_gradient_after_backward(
    net: nn.Module, name: str, reason: str
) -> None:
    net.zero_grad()
    loss = net(X.clone()).sum()
    found = lampas.graph(loss, net)
    loss.backward()
    without = {key for key, value in net.named_parameters() if value.grad is None}
    assert {one.name for one in found.missing} == without


def test_without_a_look_at_the_layers() -> None:
    net = Net(lambda h: h.detach())
    net.head.bias.requires_grad_(False)
    found = lampas.graph(net(X).sum(), net)
    assert {one.name: one.reason for one in found.missing} == {
        "body.weight": "backward does not reach it",
        "body.bias": "backward does not reach it",
        "head.bias": "requires_grad is False",
    }
    assert found.remarks == (
        "where a path is cut: graph(lambda: ..., model) watches the layers and tells",
    )


def test_values_that_are_read_without_a_path() -> None:
    layer = Inner()
    found = lampas.graph((layer.scale.data * torch.ones(4, requires_grad=True)).sum(), layer)
    (missing,) = found.missing
    assert missing.reason == (
        "Mul 2 reads its values, but they came there by detach(), .data or under torch.no_grad()"
    )


def test_a_layer_called_twice_is_told_by_its_better_call() -> None:
    layer = Inner()

    def compute() -> Any:
        layer(X)
        with torch.no_grad():
            layer(X)
        return torch.ones(1, requires_grad=True) * 2

    (missing,) = lampas.graph(compute, layer).missing
    assert missing.reason.startswith("the output of the model does not require grad")
