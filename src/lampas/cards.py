"""What a notebook shows of a model: the few facts that matter, the rest folded.

Plain tags alone, so that a page's own colours hold, light or dark.
"""

from typing import TYPE_CHECKING

from lampas.history import History
from lampas.printing import html_folded, html_lines, html_table, html_text, number
from lampas.settings import settings_of

if TYPE_CHECKING:
    from lampas.fitted import Fitted
    from lampas.model import Model


def model_card(model: "Model") -> str:
    """How a model was compiled and how large it is; its history and layers, folded.

    >>> import lampas, torch
    >>> print(model_card(lampas.Model(torch.nn.Linear(2, 1))))
    <p><b>Model</b> 3 parameters; not compiled</p><details><summary>layers</summary>...
    """
    facts = [f"{sum(p.numel() for p in model.parameters()):,} parameters", *_compiled(model)]
    head = html_lines(["; ".join(facts)], type(model).__name__)
    return head + _history(model.history) + html_folded("layers", html_text(repr(model)))


def fitted_card(name: str, about: str, fitted: "Fitted") -> str:
    """What was fitted to what, and its scores; the history and the layers, folded."""
    rows, held_out = fitted.settings.get("rows"), fitted.settings.get("validation_rows")
    noun = fitted.noun
    where = f"on {held_out:,} held-out {noun}s" if held_out else "on the training data"
    trained = f"; trained on {rows:,} {noun}s" if rows else ""
    scores = html_table(
        list(fitted.metrics),
        [[number(value) for value in fitted.metrics.values()]],
        note=where + trained,
    )
    layers = html_folded("layers", html_text(repr(fitted.model)))
    return html_lines([about], name) + scores + _history(fitted.history) + layers


def _compiled(model: "Model") -> list[str]:
    if not model.is_compiled:
        return ["not compiled"]
    facts = settings_of(model)
    found = [str(facts[name]) for name in ("optimizer", "loss") if facts.get(name)]
    if "lr" in facts:
        found.insert(1, f"lr {facts['lr']:g}")
    return [*found, str(facts["precision"])]


def _history(history: History) -> str:
    if not history.rows:
        return ""
    return html_folded(repr(history), history._repr_html_())  # pyright: ignore[reportPrivateUsage]
