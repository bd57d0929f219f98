"""The graph in the language of Graphviz."""

import re

import torch
from torch import nn

import lampas
from lampas.autograd.dot import dot
from lampas.autograd.parts import Node


def test_nodes_edges_and_missing() -> None:
    net = nn.Linear(2, 1)
    net.bias.requires_grad_(False)
    found = lampas.graph(net(torch.ones(1, 2)).sum(), net)
    text = found.dot()
    assert text.startswith("digraph backward {\n")
    assert text.endswith("}\n")
    assert len(re.findall(r"^  n\d+ \[label=", text, re.M)) == len(found.nodes)
    assert len(re.findall(r"^  n\d+ -> n\d+;$", text, re.M)) == len(found.edges)
    assert 'm0 [label="bias\\n(1,) float32", tooltip="no gradient: requires_grad is False"' in text


def test_quotes_and_backslashes() -> None:
    text = dot([Node(0, "input", 'a"b\\c', ())], [], [])
    assert 'n0 [label="a\\"b\\\\c"' in text
