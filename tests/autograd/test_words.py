"""The report in words."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import lampas
from lampas.autograd.parts import Form, Node, Saved
from lampas.autograd.words import tooltip


def test_headline_and_the_most() -> None:
    x = torch.ones(256, requires_grad=True)
    assert str(lampas.graph((x.exp() * x.sin()).sum())).splitlines() == [
        "backward walks 4 Functions to 1 leaf; 3.0 KiB is saved for it",
        "the most by Mul 2 (256,) float32 2.0 KiB, Sin 3 (256,) float32 1.0 KiB",
    ]


def test_missing_by_reason() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    for parameter in (*net[0].parameters(), *net[1].parameters()):
        parameter.requires_grad_(False)
    lines = str(lampas.graph(net(torch.ones(1, 2)).sum(), net)).splitlines()
    assert lines[-1] == (
        "4 parameters ('0.weight', '0.bias', '1.weight', ...) get no gradient: "
        "requires_grad is False"
    )


def test_freed_and_packed_are_remarked_on() -> None:
    x = torch.ones(2, requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    assert str(lampas.graph(loss)).splitlines()[-1] == (
        "backward has run, and what was saved is freed: draw before it for the bytes"
    )
    loss = checkpoint(torch.exp, x, use_reentrant=False).sum()
    assert str(lampas.graph(loss)).splitlines()[-1] == (
        "1 saved tensor packed by hooks (checkpointing, save_on_cpu): not counted"
    )


def test_tooltip() -> None:
    saved = (Saved("mat1", Form((2,), "float32"), 8), Saved("x", None, 0, "packed"))
    node = Node(
        4, "function", "Addmm", (Form((), "float32"),), saved, 1, "1 input without gradient"
    )
    assert tooltip(node).splitlines() == [
        "Addmm 4",
        "out: () float32",
        "saves mat1 (2,) float32: 8 B",
        "saves x: packed",
        "8 B saved",
        "1 input without gradient",
    ]
