"""The graph in the language of Graphviz, for who has it."""

from collections.abc import Sequence

from lampas.autograd.missing import Missing
from lampas.autograd.parts import Edge, Node
from lampas.autograd.scene import lines_of
from lampas.autograd.words import headline, tooltip

_STYLES = {
    "output": 'shape=box, style="rounded,filled,bold", fillcolor="#e8e0fb", color="#6d4fc4"',
    "function": 'shape=box, style="rounded,filled", fillcolor="#eef2f7", color="#8896a8"',
    "layer": 'shape=box3d, style=filled, fillcolor="#dbeafe", color="#3b6fb6"',
    "parameter": 'shape=box, style="rounded,filled", fillcolor="#dff3e4", color="#2d8a4e"',
    "input": 'shape=box, style="rounded,filled", fillcolor="#fdf0d5", color="#b7791f"',
}
_MISSING = 'shape=box, style="rounded,dashed", color="#c0392b"'


def dot(nodes: Sequence[Node], edges: Sequence[Edge], missing: Sequence[Missing]) -> str:
    """A digraph from the output to the leaves; those without a gradient stand apart."""
    lines = [
        "digraph backward {",
        f"  graph [label={_quoted(headline(nodes))}, labelloc=t, rankdir=TB];",
        '  node [fontname="monospace", fontsize=11];',
    ]
    for node in nodes:
        label = _quoted("\n".join(lines_of(node)))
        tip = _quoted(tooltip(node))
        lines.append(f"  n{node.number} [label={label}, tooltip={tip}, {_STYLES[node.kind]}];")
    for number, one in enumerate(missing):
        label, tip = _quoted(f"{one.name}\n{one.form}"), _quoted(f"no gradient: {one.reason}")
        lines.append(f"  m{number} [label={label}, tooltip={tip}, {_MISSING}];")
    pairs = dict.fromkeys((edge.source, edge.target) for edge in edges)
    lines += [f"  n{source} -> n{target};" for source, target in pairs]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    """A string of DOT: quotes and backslashes escaped.

    >>> print(_quoted('a "b"'))
    "a \\"b\\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
