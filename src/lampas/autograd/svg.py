"""The graph as an SVG: output above, leaves below, as backward goes; light and dark."""

import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise

from lampas.autograd.missing import Missing
from lampas.autograd.parts import Edge, Node
from lampas.autograd.scene import LETTER, Box, Scene, lines_of, scene_of
from lampas.autograd.words import counted, headline, tooltip

_HIGH, _STEP, _MARGIN, _LINE = 38, 68, 20, 18
_MOST_MISSING = 24
_KINDS = {
    "output": "output",
    "function": "Function",
    "layer": "layer",
    "parameter": "parameter",
    "input": "input",
    "missing": "no gradient",
}
_STYLE = """
.lampas-graph{--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#8b95a1;
--output:#e8e0fb;--output-line:#6d4fc4;--function:#f0f3f7;--function-line:#8896a8;
--layer:#dbeafe;--layer-line:#3b6fb6;--parameter:#dff3e4;--parameter-line:#2d8a4e;
--input:#fdf0d5;--input-line:#b7791f;--missing:#fff;--missing-line:#c0392b;
font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
@media(prefers-color-scheme:dark){.lampas-graph{--ground:#14171c;--ink:#e6e9ee;--soft:#9aa4b1;
--line:#6b7684;--output:#352a5c;--output-line:#a48df0;--function:#252b34;--function-line:#66748a;
--layer:#1d3354;--layer-line:#6fa0e6;--parameter:#173524;--parameter-line:#4fb477;
--input:#40300f;--input-line:#d9a441;--missing:#14171c;--missing-line:#ef7a6d}}
.lampas-graph text{fill:var(--ink);text-anchor:middle}
.lampas-graph .small{fill:var(--soft);font-size:10.5px}
.lampas-graph .left{text-anchor:start}
.lampas-graph .ground{fill:var(--ground)}
.lampas-graph .edges{fill:none;stroke:var(--line);stroke-width:1.2}
.lampas-graph .tips{fill:var(--line)}
.lampas-graph .missing rect{stroke-dasharray:5 3}
.lampas-graph .output rect,.lampas-graph .layer rect{stroke-width:2}
"""
_COLOURS = "".join(
    f".lampas-graph .{kind} rect{{fill:var(--{kind});stroke:var(--{kind}-line)}}\n"
    for kind in _KINDS
)


def svg(nodes: Sequence[Node], edges: Sequence[Edge], missing: Sequence[Missing]) -> str:
    """The whole picture; each box tells all it knows under the pointer."""
    scene = scene_of(nodes, edges)
    title = headline(nodes)
    shown = [kind for kind in _KINDS if any(node.kind == kind for node in nodes)]
    shown += ["missing"] if missing else []
    wide = max(scene.width, LETTER * len(title), sum(map(_key_width, shown)), 360)
    width = wide + 2 * _MARGIN
    left = _MARGIN + (wide - scene.width) / 2
    top = _MARGIN + 2 * _LINE + 26
    below = top + (scene.layers - 1) * _STEP + _HIGH + 30
    outside, height = _missing(missing, width, below) if missing else ([], below - 10)
    body = [
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
        _text(title, width / 2, _MARGIN + 10),
        *_legend(shown, width),
        *_edges(scene, left, top),
        *(_box(box, left, top) for box in scene.boxes),
        *outside,
    ]
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="lampas-graph" role="img" {size}'
    label = f' aria-label="{_safe(title)}" style="max-width:100%;height:auto">'
    return "\n".join([f"{head}{label}<style>{_STYLE}{_COLOURS}</style>", *body, "</svg>", ""])


def _legend(shown: Sequence[str], width: float) -> Iterable[str]:
    x = (width - sum(map(_key_width, shown))) / 2
    y = _MARGIN + _LINE + 12
    for kind in shown:
        yield (
            f'<g class="{kind}"><rect x="{x:.1f}" y="{y - 9}" width="12" height="12" rx="3"/>'
            f"{_text(_KINDS[kind], x + 18, y + 1, 'small left')}</g>"
        )
        x += _key_width(kind)


def _key_width(kind: str) -> float:
    return 6.6 * len(_KINDS[kind]) + 36


def _edges(scene: Scene, left: float, top: float) -> Iterable[str]:
    """All edges in one path, all tips in another: a tenth of the size of a path each."""
    lines: list[str] = []
    tips: list[str] = []
    for route in scene.routes:
        places = [(left + middle, top + layer * _STEP) for middle, layer in route]
        lines.append(f"M{places[0][0]:.1f} {places[0][1] + _HIGH}")
        for (x, y), (to, end) in pairwise(places):
            start, bend = y + _HIGH, (y + _HIGH + end) / 2
            lines.append(f"V{start}C{x:.1f} {bend} {to:.1f} {bend} {to:.1f} {end}")
        tips.append(f"M{places[-1][0]:.1f} {places[-1][1]}l-4 -7h8z")
    if lines:
        yield f'<path class="edges" d="{"".join(lines)}"/>'
        yield f'<path class="tips" d="{"".join(tips)}"/>'


def _box(box: Box, left: float, top: float) -> str:
    tip = tooltip(box.node)
    if box.copies > 1:
        tip += f"\none leaf, drawn {box.copies} times"
    return _drawn(
        box.node.kind, box.lines, tip, left + box.middle, top + box.layer * _STEP, box.width
    )


def _drawn(kind: str, lines: Sequence[str], tip: str, middle: float, y: float, width: float) -> str:
    """A box with one or two lines and what the pointer shows."""
    round_ = _HIGH / 2 if kind in ("parameter", "input", "missing") else 6
    one = len(lines) == 1
    rows = [_text(lines[0], middle, y + (23 if one else 16))]
    rows += [_text(line, middle, y + 30, "small") for line in lines[1:]]
    return (
        f'<g class="{kind}"><title>{_safe(tip)}</title><rect x="{middle - width / 2:.1f}" '
        f'y="{y:.1f}" width="{width:.1f}" height="{_HIGH}" rx="{round_:.0f}"/>{"".join(rows)}</g>'
    )


def _missing(missing: Sequence[Missing], width: float, y: float) -> tuple[list[str], float]:
    """Boxes of parameters without a gradient under their reasons, and where they end."""
    drawn: list[str] = []
    groups: dict[str, list[Missing]] = {}
    for one in missing:
        groups.setdefault(one.reason, []).append(one)
    for reason, group in groups.items():
        told = f"no gradient: {reason}"
        for line in textwrap.wrap(told, int((width - 2 * _MARGIN) / 6.6)):
            drawn.append(_text(line, _MARGIN, y, "small left"))
            y += 15
        boxes, y = _flow(group[:_MOST_MISSING], width, y - 5)
        drawn += boxes
        if len(group) > _MOST_MISSING:
            rest = counted(len(group) - _MOST_MISSING, "more parameter")
            drawn.append(_text(f"and {rest}", _MARGIN, y + 8, "small left"))
            y += 20
        y += 20
    return drawn, y


def _flow(group: Sequence[Missing], width: float, y: float) -> tuple[list[str], float]:
    """Boxes from left to right, in as many lines as they need."""
    drawn: list[str] = []
    x = float(_MARGIN)
    for one in group:
        node = Node(-1, "parameter", one.name, (one.form,))
        lines = lines_of(node)
        wide = LETTER * max(map(len, lines)) + 20
        if x > _MARGIN and x + wide > width - _MARGIN:
            x, y = float(_MARGIN), y + _HIGH + 8
        tip = f"{one.name}\n{one.form}\nno gradient: {one.reason}"
        drawn.append(_drawn("missing", lines, tip, x + wide / 2, y, wide))
        x += wide + 10
    return drawn, y + _HIGH


def _text(text: str, x: float, y: float, kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}">{_safe(text)}</text>'


def _safe(text: str) -> str:
    """Escaped, without the control signs that XML cannot hold at all."""
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", "?", text))
