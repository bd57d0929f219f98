"""Text of users and files on its way into HTML and SVG: pages, notebook cards, graphs."""

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

import lampas
from hostile_cases import runs
from hostile_cases.case import Case

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "end of the script": "</script><script>alert(1)</script>",
    "end of the style": "</style><script>alert(1)</script>",
    "comment in the script": "<!--<script>",
    "image with a handler": "<img src=x onerror=alert(1)>",
    "end of an attribute": '" onmouseover="alert(1)" x="',
    "end of an attribute, single": "' onmouseover='alert(1)' x='",
    "SVG with a handler": "<svg/onload=alert(1)>",
    "foreign object": "]]></text><foreignObject><iframe src=javascript:alert(1)></foreignObject>",
    "link": "<a href='javascript:alert(1)'>x</a>",
    "frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "refresh": '<meta http-equiv="refresh" content="0;url=https://example.org">',
    "base": "<base href='https://example.org/'>",
    "template": "{{ 7 * 7 }}{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "JavaScript's line ends": "\u2028alert(1)\u2029",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "style": "x;}</style><style>*{background:url(https://example.org)}",
    "turned text": "\u202e<script>\u202c",
}


class _Reader(HTMLParser):
    """What a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.bad: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")
        told = dict(attrs)
        meta = tag == "meta" and (told.get("http-equiv") or "").lower() == "refresh"
        if tag in ("iframe", "object", "embed", "base", "form", "foreignobject", "a") or meta:
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc":
                self.bad.append(f"{tag} {name}")
            if name in ("src", "href", "xlink:href") and not (value or "").startswith("data:"):
                self.bad.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def unsafe(html: str, scripts: int, payload: str) -> str:
    """What a browser would act on that is not ours; "" for nothing."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.bad:
        return f"acts on {reader.bad[0]}"
    if len(reader.scripts) != scripts:
        return f"{len(reader.scripts)} scripts"
    if "49" in html and "7 * 7" in payload and "{{ 7 * 7 }}" not in html:
        return "a template ran"
    if scripts:
        found = re.match(r"const CHARTS = (.*?);\n", reader.scripts[0], re.DOTALL)
        json.loads(found[1] if found else "no charts")
    return ""


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for surface, (make, scripts) in _SURFACES.items():
        for name, payload in PAYLOADS.items():
            yield Case(
                "page", f"{surface}: {name}", lambda folder: folder, _shown(make, payload),
                like="tabular", must="opened",
                check=lambda place, said, s=scripts, p=payload: unsafe(
                    (place / "shown.html").read_text(encoding="utf-8"), s, p),
            )  # fmt: skip


def _shown(make: Callable[[Path, str], str], payload: str) -> Callable[[Path], Callable[[], Any]]:
    def action(place: Path) -> Callable[[], Any]:
        def run() -> None:
            html = make(place, payload)
            (place / "shown.html").write_text(html, encoding="utf-8", errors="replace")

        return run

    return action


def _report(place: Path, text: str) -> str:
    """Every word that a run's folder tells, and its name."""
    run = runs.honest(place)
    about = {
        **json.loads((run / "run.json").read_text()), "command": text, "stopped": text, "error": text,
        "state": "failed", "created": text, "versions": {text: text}, "settings": {text: text, "l": [text]},
        "left out": [text], "backtest": [text], "metrics": {text: 0.5}, "time_by_part": {text: 1.0},
        "memory_by_part": {text: 5}, "peak_memory": {text: 5},
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(about))
    frame = pd.DataFrame({"epoch": [1, 2], text: [0.5, 0.25], f"val_{text}": [0.5, 0.25]})
    frame.to_csv(run / "history.csv", index=False)
    frame.to_csv(run / "vitals.csv", index=False)
    seen = {text: text, "text": [[text, 1.0], ["so", -0.5]]}
    mistake = {"name": text, "true": text, "said": text, "probability": 0.5, "seen": seen}
    evidence = {"task": "binary", "lost": 1, "targets": [text], "classes": [["no", text]],
                "mistakes": [mistake]}  # fmt: skip
    (run / "evidence.json").write_text(json.dumps(evidence))
    held = pd.DataFrame({f"true {text}": ["no", text], text: ["no", text], "probability of no": [0.7, 0.3],
                         f"probability of {text}": [0.3, 0.7]})  # fmt: skip
    held.to_csv(run / "held_out.csv", index_label="row")
    (run / "summary.txt").write_text(text)
    (run / "profile.txt").write_text(text)
    named = run.with_name(text.replace("/", "∕"))
    run.rename(named)
    return lampas.report(named).read_text(encoding="utf-8")


def _pictures(place: Path, text: str) -> str:
    run = runs.honest(place)
    mistake = {
        "name": text,
        "true": text,
        "said": text,
        "probability": None,
        "seen": {"image": text},
    }
    told = {
        "task": "multiclass",
        "targets": [text],
        "classes": [[text, "b", "c"]],
        "mistakes": [mistake],
    }
    (run / "evidence.json").write_text(json.dumps(told))
    (run / "held_out.csv").unlink()
    return lampas.report(run).read_text(encoding="utf-8")


def _series(place: Path, text: str) -> str:
    run = runs.honest(place)
    history = [{"series": text, "target": text, "time": [1, 2], "values": [1.0, 2.0]}]
    ahead = [{"series": text, "target": text, "time": 3, "median": 2.0, "q0.1": 1.0, "q0.9": 3.0}]
    told = {"task": "timeseries", "history": history, "forecast": ahead}
    (run / "evidence.json").write_text(json.dumps(told))
    return lampas.report(run).read_text(encoding="utf-8")


def _compare(place: Path, text: str) -> str:
    (place / "other").mkdir()
    first, other = runs.honest(place), runs.honest(place / "other")
    about = {**json.loads((other / "run.json").read_text()), "command": text, "settings": {text: text},
             "metrics": {text: 0.5}, "versions": {text: text}, "backtest": [text]}  # fmt: skip
    (other / "run.json").write_text(json.dumps(about))
    named = other.with_name(text.replace("/", "∕"))
    other.rename(named)
    page = place / "compared.html"
    lampas.compare(first, named).save(page)
    return page.read_text(encoding="utf-8")


def _named(text: str) -> nn.Module:
    """A net whose class, layers and parameters are called so."""
    net: nn.Module = type(text, (nn.Sequential,), {})()
    net.add_module(text.replace(".", "·"), nn.Linear(2, 1))
    net.register_parameter(f"p{text.replace('.', '·')}", nn.Parameter(torch.ones(1)))
    return net


def _cards(place: Path, text: str) -> str:
    def metric(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
        return (y_pred - y_true).abs().mean()

    model = lampas.Model(_named(text))
    model.compile("sgd", "mse", {text: metric})
    model.fit(torch.ones(4, 2), torch.ones(4, 1), epochs=1, verbose=0)
    parts: list[Any] = [model, model.history, model.summary((2,))]
    return "\n".join(one._repr_html_() for one in parts if hasattr(one, "_repr_html_"))


def _fitted(place: Path, text: str) -> str:
    frame = pd.DataFrame({text: np.sin(np.arange(40.0)), "y": [text, "b"] * 20})
    model = lampas.tabular(frame, "y", epochs=1, verbose=0)
    return model._repr_html_() + model.evidence()._repr_html_()


def _texts(place: Path, text: str) -> str:
    model = lampas.texts(
        ([f"{text} {n}" for n in range(40)], [text, "b"] * 20), epochs=1, verbose=0
    )
    return model.attributions([text])._repr_html_()


def _graph(place: Path, text: str) -> str:
    net = _named(text)
    loss = net(torch.ones(4, 2)).sum()
    return (
        lampas.graph(loss, net)._repr_html_()
        if hasattr(lampas.graph(loss, net), "_repr_html_")
        else lampas.graph(loss, net)._repr_svg_()
    )


_SURFACES: dict[str, tuple[Callable[[Path, str], str], int]] = {
    "report": (_report, 1), "report of pictures": (_pictures, 1), "report of a series": (_series, 1),
    "comparison": (_compare, 1), "notebook cards": (_cards, 0), "fitted card": (_fitted, 0),
    "attributions": (_texts, 0), "autograd graph": (_graph, 0),
}  # fmt: skip
"""How a page is made with the words, and how many scripts it has."""
