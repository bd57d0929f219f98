"""The worst mistakes of a run, as its page shows them."""

from collections.abc import Mapping
from typing import Any

_SAID = 0.1  # of a text's largest share: from here on a word is marked
_WEIGHED = (
    "Words marked + spoke for what was predicted, words marked − against it: the stronger the "
    "colour, the more."
)


def mistakes_of(recorded: Mapping[str, Any]) -> dict[str, Any] | None:
    """From `evidence.json`: pictures, or a table of rows or of sentences whose words are weighed;
    None where there was no mistake."""
    found = recorded.get("mistakes") or []
    if not found:
        return None
    if "image" in found[0]["seen"]:
        return {"images": [_picture(one) for one in found]}
    others = list(found[0]["seen"])
    rows = [
        [
            one["name"],
            one["true"],
            _said(one),
            *(_cell(one["seen"].get(name, "")) for name in others),
        ]
        for one in found
    ]
    weighed = any(isinstance(cell, list) for row in rows for cell in row)
    head = ["sample", "true", "predicted", *others]
    return {"images": None, "head": head, "rows": rows, "note": _WEIGHED if weighed else ""}


def _picture(one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "png": one["seen"].get("image", ""),
        "name": one["name"],
        "true": one["true"],
        "said": _said(one),
    }


def _said(one: Mapping[str, Any]) -> str:
    share = one["probability"]
    return one["said"] if share is None else f"{one['said']} ({100 * share:.0f} %)"


def _cell(cell: Any) -> Any:
    """Other cells than texts as they are. Of a text each piece: the space before it, its letters,
    whether it spoke "for" or "against" ("" for little), and how strongly, in percent.

    >>> _cell([[" so", 0.0], [" dull", -2.0]])
    [(' ', 'so', '', 10), (' ', 'dull', 'against', 50)]
    """
    if not isinstance(cell, list):
        return cell
    most = max((abs(share) for _, share in cell), default=0.0) or 1.0
    return [
        (
            piece[: len(piece) - len(piece.lstrip())],
            piece.lstrip(),
            "" if abs(share) < _SAID * most else "for" if share > 0 else "against",
            round(10 + 40 * abs(share) / most),
        )
        for piece, share in cell
    ]
