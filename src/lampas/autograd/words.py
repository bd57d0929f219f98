"""A graph in words: the headline, who keeps the most, who gets no gradient and why."""

from collections.abc import Sequence

from lampas.autograd.missing import Missing
from lampas.autograd.parts import LEAVES, Node, Saved
from lampas.autograd.saved import FREED, PACKED
from lampas.summary.show import bytes_of


def headline(nodes: Sequence[Node]) -> str:
    """What backward does, in one sentence."""
    functions = sum(node.functions for node in nodes)
    leaves = sum(node.kind in LEAVES for node in nodes)
    absorbed = sum(node.kind == "layer" for node in nodes)
    where = f"{counted(leaves, 'leaf', 'leaves')}"
    if absorbed:
        where = f"the leaves of {counted(absorbed, 'layer')}" + (f" and {where}" if leaves else "")
    size = bytes_of(sum(node.saved_bytes for node in nodes))
    return f"backward walks {counted(functions, 'Function')} to {where}; {size} is saved for it"


def report(nodes: Sequence[Node], missing: Sequence[Missing], remarks: Sequence[str]) -> str:
    """The headline and what else there is to say, a line each."""
    lines = [headline(nodes)]
    most = sorted((node for node in nodes if node.saved_bytes), key=lambda node: -node.saved_bytes)
    if len(most) > 1:
        told = ", ".join(f"{named(node)} {bytes_of(node.saved_bytes)}" for node in most[:3])
        lines.append(f"the most by {told}")
    lines += [f"{who} no gradient: {reason}" for reason, who in _by_reason(missing).items()]
    return "\n".join([*lines, *_hooks(nodes), *remarks])


def named(node: Node) -> str:
    """A node with the shape that tells it from others of its name.

    >>> from lampas.autograd.parts import Form
    >>> named(Node(3, "function", "Relu", (Form((2, 5), "float32"),), functions=1))
    'Relu 3 (2, 5) float32'
    """
    number = f" {node.number}" if node.kind == "function" else ""
    return f"{node.name}{number}{f' {node.forms[0]}' if node.forms else ''}"


def tooltip(node: Node) -> str:
    """All that is known of a node, a line each."""
    lines = [node.name if node.kind in LEAVES else f"{node.name} {node.number}"]
    lines += [f"out: {form}" for form in node.forms] if node.kind not in LEAVES else [
        str(form) for form in node.forms
    ]  # fmt: skip
    shown = node.saved if node.kind != "layer" else ()
    lines += [f"saves {_saved_text(one)}" for one in shown]
    if node.saved_bytes:
        lines.append(f"{bytes_of(node.saved_bytes)} saved")
    return "\n".join([*lines, node.note] if node.note else lines)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "leaf", "leaves"), counted(1200, "Function")
    ('1 leaf', '1,200 Functions')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _saved_text(saved: Saved) -> str:
    form = f" {saved.form}" if saved.form else ""
    return f"{saved.name}{form}: {saved.note or bytes_of(saved.bytes)}"


def _by_reason(missing: Sequence[Missing]) -> dict[str, str]:
    """For each reason who it is about, with the verb."""
    names: dict[str, list[str]] = {}
    for one in missing:
        names.setdefault(one.reason, []).append(one.name)
    return {reason: _who(found) for reason, found in names.items()}


def _who(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]!r} gets"
    told = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"{len(names):,} parameters ({told}) get"


def _hooks(nodes: Sequence[Node]) -> list[str]:
    notes = [one.note for node in nodes for one in node.saved]
    lines: list[str] = []
    if FREED in notes:
        lines.append("backward has run, and what was saved is freed: draw before it for the bytes")
    if PACKED in notes:
        count = counted(notes.count(PACKED), "saved tensor")
        lines.append(f"{count} packed by hooks (checkpointing, save_on_cpu): not counted")
    return lines
