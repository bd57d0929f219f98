"""Graphs in their faster form do what they did."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from lampas.jit.rewrites import rewritten

aten = torch.ops.aten


class Flat(nn.Module):
    """As scripts of old have it: `view` behind a convolution, and work in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(36, 2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        images = nn.functional.max_pool2d(self.relu(self.norm(self.conv(x))), 2)
        return self.relu(self.head(images.view(len(x), -1))) + images.mean()


class Through(Flat):
    """Work in place on a view, and so on what it is of."""

    def forward(self, x: Tensor) -> Tensor:
        images = nn.functional.max_pool2d(self.norm(self.conv(x)), 2)
        rows = images.view(len(x), -1)
        rows.mul_(2.0)
        return self.head(rows) + images.mean()


def stepped(net: nn.Module) -> Callable[..., list[Tensor]]:
    """A step of SGD that writes into the weights."""
    names = list(dict(net.named_parameters()))

    def step(x: Tensor, *weights: Tensor) -> list[Tensor]:
        own = [w.detach().requires_grad_() for w in weights]
        buffers = {name: buffer.clone() for name, buffer in net.named_buffers()}
        state = dict(zip(names, own, strict=True)) | buffers
        loss = torch.func.functional_call(net, state, (x,)).square().mean()
        gradients = torch.autograd.grad(loss, own)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.copy_(weight - 0.1 * gradient)
        return [loss.detach(), *buffers.values()]

    return step


def graphs(net: nn.Module, x: Tensor) -> tuple[torch.fx.GraphModule, torch.fx.GraphModule]:
    """A step as it was traced, and its faster form."""
    tensors = [x, *(p.detach().clone() for p in net.parameters())]
    graph = make_fx(stepped(net))(*tensors)
    return graph, rewritten(graph, [t.clone() for t in tensors])


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (Flat(), (5, 1, 8, 8)),
        (Through(), (5, 1, 8, 8)),
        (nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten()), (5, 2, 9)),
        (nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.MaxPool2d(3, 2, 1), nn.Flatten()), (5, 3, 15, 15)),
    ],
    ids=["view", "in place through a view", "one dimension", "windows that overlap"],
)
def test_outputs_and_new_weights_are_those_of_the_graph(
    net: nn.Module, shape: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    x = torch.randn(shape)
    graph, faster = graphs(net, x)
    # The gradient of work through a view reads memory by its order.
    assert (faster is graph) == isinstance(net, Through)
    one, other = ([x.clone(), *(p.detach().clone() for p in net.parameters())] for _ in range(2))
    expected, found = graph(*one), faster(*other)
    for a, b in zip([*expected, *one], [*found, *other], strict=True):
        torch.testing.assert_close(b, a)
    assert not torch.equal(one[1], next(net.parameters())), "a weight was stepped"


def test_images_are_with_channels_last_and_the_gradient_of_maxima_is_no_scatter() -> None:
    _, faster = graphs(Flat(), torch.randn(5, 1, 8, 8))
    nodes = list(faster.graph.nodes)
    (convolution,) = [n for n in nodes if n.target is aten.convolution.default]
    assert convolution.meta["val"].stride() == (144, 1, 24, 4)
    assert aten.max_pool2d_with_indices_backward.default not in {n.target for n in nodes}


def test_what_has_no_convolution_stays_as_it_is() -> None:
    graph, same = graphs(nn.Linear(3, 2), torch.randn(5, 3))
    assert same is graph


def test_what_reads_memory_by_its_order_stays_as_it_is() -> None:
    class Strided(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).as_strided((5, 2), (144, 1))

    graph, same = graphs(Strided(1, 4, 3), torch.randn(5, 1, 8, 8))
    assert same is graph


def test_what_cannot_be_put_in_another_form_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(graph: object) -> None:
        raise RuntimeError("no functional form")

    monkeypatch.setattr("lampas.jit.rewrites.graph.functionalize", refuse)
    graph, same = graphs(Flat(), torch.randn(5, 1, 8, 8))
    assert same is graph
