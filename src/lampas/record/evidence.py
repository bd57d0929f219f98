"""What is kept of held-out samples: their predictions, and the worst mistakes as they look."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import pandas as pd

from lampas.atomic import whole_file
from lampas.evidence import Evidence
from lampas.record.files import EVIDENCE, HELD_OUT, write_text

_CELL = 300  # letters of a cell or a text that are kept


def write_evidence(folder: Path, evidence: Evidence, noun: str) -> None:
    """Write `held_out.csv`, a row for each sample with truth and prediction, and `evidence.json`,
    the worst mistakes as they look. noun: what a sample is called, the head of its index."""
    if len(evidence):
        with whole_file(folder / HELD_OUT) as file:
            evidence.table().to_csv(file, index_label=noun)
    write_text(folder / EVIDENCE, json.dumps(_plain(evidence), ensure_ascii=False))


def _plain(evidence: Evidence) -> dict[str, Any]:
    places = evidence.worst()
    shown = evidence.show(places) if len(places) else []
    return {
        "task": evidence.task,
        "lost": evidence.lost,
        "targets": [str(name) for name in evidence.truth],
        "classes": [[str(name) for name in names] for names in evidence.classes],
        "mistakes": [
            {
                "name": str(evidence.truth.index[place]),
                "true": _words(evidence.truth.iloc[place]),
                "said": _words(evidence.predicted.iloc[place][list(evidence.truth)]),
                "probability": _probability(evidence, int(place)),
                "seen": {name: _cell(cell) for name, cell in one.items()},
            }
            for place, one in zip(places, shown, strict=True)
        ],
    }


def _words(row: pd.Series) -> str:
    """The value of one target; of several, each behind its name."""
    words = [f"{value:.5g}" if isinstance(value, float) else str(value) for value in row]
    if len(words) == 1:
        return words[0]
    return ", ".join(f"{name} {word}" for name, word in zip(row.index, words, strict=True))


def _probability(evidence: Evidence, place: int) -> float | None:
    """What the prediction was given, where it was a class."""
    if evidence.task not in ("binary", "multiclass"):
        return None
    return float(evidence.probabilities()[place].max())


def _cell(cell: Any) -> Any:
    """A cell as plain JSON: pictures as base64, words with their shares, other things as words."""
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    if isinstance(cell, float) and cell == cell:
        return f"{cell:.6g}"
    if isinstance(cell, list):
        return _shares(cast("list[tuple[str, float]]", cell))
    words = "" if cell is None or cell is pd.NaT or cell != cell else str(cell)
    return words if len(words) <= _CELL else f"{words[:_CELL]} …"


def _shares(pieces: list[tuple[str, float]]) -> list[list[Any]]:
    """Pieces of a text with their shares of the answer, as many as a cell holds."""
    kept: list[list[Any]] = []
    letters = 0
    for piece, share in pieces:
        if letters > _CELL:
            return [*kept, [" …", 0.0]]
        kept.append([piece, round(share, 4)])
        letters += len(piece)
    return kept
