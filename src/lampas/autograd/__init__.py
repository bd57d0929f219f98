"""What backward will walk, and a look at values and gradients on their way."""

from lampas.autograd.missing import Missing
from lampas.autograd.parts import Edge, Node, Saved
from lampas.autograd.picture import Graph, graph
from lampas.autograd.watch import Watch, watch

__all__ = ["Edge", "Graph", "Missing", "Node", "Saved", "Watch", "graph", "watch"]
