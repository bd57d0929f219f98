"""The picture: well-formed, complete, readable for people and for screen readers."""

from xml.etree import ElementTree

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lampas
from lampas.autograd.missing import Missing
from lampas.autograd.parts import Form, Node
from lampas.autograd.svg import svg

_NAME = "{http://www.w3.org/2000/svg}"


def drawn(found: lampas.Graph) -> ElementTree.Element:
    return ElementTree.fromstring(found.svg())


def cnn() -> lampas.Graph:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Linear(4, 2))
    net[0].bias.requires_grad_(False)
    return lampas.graph(net(torch.ones(2, 1, 6, 6)).sum(), net)


def test_each_node_has_a_box_with_a_tooltip() -> None:
    found = cnn()
    titles = [title.text or "" for title in drawn(found).iter(f"{_NAME}title")]
    assert len(titles) == len(found.nodes) + len(found.missing)
    told = "\n".join(titles)
    assert "saves input (2, 2, 4, 4) float32: 256 B" in told
    assert "0.bias\n(2,) float32\nno gradient: requires_grad is False" in told


def test_it_is_an_image_with_a_label_for_light_and_dark() -> None:
    root = drawn(cnn())
    assert root.get("role") == "img"
    assert (root.get("aria-label") or "").startswith("backward walks 8 Functions to 5 leaves;")
    assert "@media(prefers-color-scheme:dark)" in (root.findtext(f"{_NAME}style") or "")


def test_all_boxes_lie_within_the_picture() -> None:
    root = drawn(cnn())
    width, height = float(root.get("width") or 0), float(root.get("height") or 0)
    for box in root.iter(f"{_NAME}rect"):
        x, y = float(box.get("x") or 0), float(box.get("y") or 0)
        assert 0 <= x <= x + float(box.get("width") or 0) <= width
        assert 0 <= y <= y + float(box.get("height") or 0) <= height


def test_edges_and_tips() -> None:
    found = cnn()
    paths = {path.get("class"): path.get("d") or "" for path in drawn(found).iter(f"{_NAME}path")}
    assert paths["edges"].count("M") == paths["tips"].count("M") == len(found.edges)


def test_very_many_missing_are_counted() -> None:
    missing = [Missing(f"layer.{n}", Form((2,), "float32"), "why") for n in range(40)]
    text = svg([Node(0, "output", "loss", ())], [], missing)
    assert "and 16 more parameters" in text
    assert "layer.23<" in text
    assert "layer.24<" not in text


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=50), st.text(max_size=50))
def test_any_name_and_reason_make_a_picture(name: str, reason: str) -> None:
    node = Node(0, "parameter", name, (Form((2,), "float32"),))
    ElementTree.fromstring(svg([node], [], [Missing(name, Form((), "int8"), reason)]))
