"""What `run.json` says of a run: the command, the machine's versions, how it went."""

import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lampas.artifact import versions
from lampas.history import History
from lampas.printing import finite
from lampas.record.files import FAILED, FORMAT, RUNNING, SUMMARY, write_text
from lampas.settings import results_of

if TYPE_CHECKING:
    from lampas.summary import Summary


def command() -> str:
    """The command line that began this process, as it may be typed again.

    A program of `lampas` is named so, and not by where it is installed.
    """
    program = Path(sys.argv[0] or "python").name
    first = ["lampas"] if program == "lampas" else ["python", sys.argv[0] or "-"]
    return shlex.join([*first, *sys.argv[1:]])


def begun() -> dict[str, Any]:
    """What is known when a run begins; `ended` completes it."""
    return {
        "format": FORMAT,
        "state": RUNNING,
        "command": command(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
    }


def ended(
    history: History, settings: Mapping[str, Any], scores: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """What is known when a run is over. scores: "metrics", those on held-out data, and
    "training_metrics", as far as there are such."""
    return {
        **begun(),
        "state": "ended",
        "settings": dict(settings),
        "epochs": len(history),
        "best_epoch": history.best_epoch,
        "stopped": history.stopped,
        "compiled_steps": history.compiled_steps,
        **{name: finite(dict(numbers)) for name, numbers in scores.items()},
    }


def failure(error: BaseException | None) -> dict[str, str]:
    """The state of a run that ended in an `error`, and which."""
    lines = str(error).splitlines() or [""]
    return {"state": FAILED, "error": f"{type(error).__name__}: {lines[0]}".removesuffix(": ")}


def described(folder: Path, summary: "Summary", batch_size: int | None) -> dict[str, Any]:
    """Write `summary.txt`; for `run.json`, the bytes that training holds, part by part."""
    write_text(folder / SUMMARY, str(summary))
    if summary.training is None or batch_size is None:
        return {}
    return {"memory_by_part": summary.training.parts(batch_size)}


def scores_of(history: History) -> dict[str, dict[str, float]]:
    """The numbers of the best epoch, of the last where none is the best: those of validation, and
    those of the training.

    >>> scores_of(History.from_rows([{"loss": 0.5, "val_loss": 0.75}]))
    {'metrics': {'loss': 0.75}, 'training_metrics': {'loss': 0.5}}
    """
    found = results_of(history)
    return {
        "metrics": {n.removeprefix("val_"): v for n, v in found.items() if n.startswith("val_")},
        "training_metrics": {
            name: value
            for name, value in found.items()
            if name not in ("best_epoch", "lr") and not name.startswith("val_")
        },
    }
