"""Boxes and edges of a drawing."""

import torch
from torch import nn

import lampas
from lampas.autograd.parts import Form, Node, Saved
from lampas.autograd.scene import lines_of, scene_of


def test_a_leaf_is_drawn_below_each_layer_that_uses_it() -> None:
    w = torch.ones(2, requires_grad=True)
    found = lampas.graph(((w * 2).exp() + w * w).sum())
    scene = scene_of(found.nodes, found.edges)
    leaves = [box for box in scene.boxes if box.node.kind == "input"]
    assert [box.copies for box in leaves] == [2, 2]
    users = {box.node.number: box.layer for box in scene.boxes}
    for edge in found.edges:
        if found.nodes[edge.target].kind == "input":
            assert users[edge.source] + 1 in {box.layer for box in leaves}


def test_edges_lead_down_and_bend_in_each_layer() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    x = torch.ones(1, 2, requires_grad=True)
    found = lampas.graph((net(x * 1) + (x * 1)).sum(), net)
    scene = scene_of(found.nodes, found.edges)
    for route in scene.routes:
        layers = [layer for _, layer in route]
        assert layers == list(range(layers[0], layers[0] + len(layers)))
    assert all(0 <= middle <= scene.width for route in scene.routes for middle, _ in route)


def test_what_a_box_says() -> None:
    forms = (Form((2, 3), "float32"), Form((2,), "int64"))
    node = Node(1, "function", "Max", forms, (Saved("indices", None, 2048),), functions=1)
    assert lines_of(node) == ("Max", "(2, 3) +1 · 2.0 KiB")
    long = Node(1, "parameter", "encoder." * 8 + "weight", (Form((2,), "float16"),))
    assert lines_of(long) == ("…" + ("encoder." * 8 + "weight")[-39:], "(2,) float16")
    assert lines_of(Node(1, "function", "Odd", ())) == ("Odd",)


def test_very_many_long_edges_are_drawn_without_bends() -> None:
    first = torch.ones(1, requires_grad=True) * 2
    x = first
    for _ in range(300):
        x = x.exp() + first
    found = lampas.graph(x)
    scene = scene_of(found.nodes, found.edges)
    assert max(len(route) for route in scene.routes) == 2


def test_nothing_to_draw() -> None:
    scene = scene_of([], [])
    assert (scene.width, scene.layers) == (0.0, 0)
