"""Where the time and the memory of a run went, and how its steps went: charts and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lampas.history import History
from lampas.page.charts import Chart, line
from lampas.printing import duration
from lampas.summary.show import bytes_of

_PARTS = {
    "data": "waiting for data",
    "forward": "forward pass",
    "loss": "loss",
    "backward": "backward pass",
    "optimiser": "optimiser",
    "metrics": "metrics and callbacks",
    "steps": "steps of your train_step",
    "validation": "validation",
    "other": "between epochs",
}
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole: its name, its size in words, and its share in [0, 1]."""

    name: str
    size: str
    share: float


def charts_of(vitals: History) -> list[Chart]:
    """Gradient norm, learning rate, seconds and memory by epoch, as far as they were kept."""
    frame = vitals.frame
    epochs = frame["epoch"]
    found: list[Chart] = []
    if "gradient_norm" in frame:
        found.append(_one("gradient norm", epochs, frame["gradient_norm"]))
    if "lr" in frame:
        found.append(_one("learning rate", epochs, frame["lr"]))
    times = [
        line(label, epochs, frame[column], role=role)
        for column, label, role in (
            ("training_seconds", "training", "a"),
            ("waited_seconds", "of it, waiting for data", "c"),
            ("validation_seconds", "validation", "b"),
        )
        if column in frame
    ]
    if times:
        found.append(Chart("lines", "time of an epoch", "epoch", "seconds", times, note="seconds"))
    if "memory" in frame and frame["memory"].count() > 1:  # short runs read it once
        found.append(_one("memory of the process", epochs, frame["memory"] / _MEBIBYTE, "MiB"))
    return found


def _one(title: str, epochs: Any, values: Any, unit: str = "") -> Chart:
    return Chart("lines", title, "epoch", unit or title, [line(title, epochs, values)], note=unit)


def time_of(about: Mapping[str, Any]) -> list[Share]:
    """The seconds of each part of a run, as `run.json` has them, the dearest first."""
    seconds: Mapping[str, float] = about.get("time_by_part") or {}
    whole = sum(seconds.values()) or 1.0
    return [
        Share(_PARTS.get(part, part), duration(took), took / whole)
        for part, took in sorted(seconds.items(), key=lambda pair: -pair[1])
    ]


def memory_of(about: Mapping[str, Any]) -> list[Share]:
    """What training holds for its batches, part by part, the largest first."""
    sizes: Mapping[str, int] = about.get("memory_by_part") or {}
    whole = sum(sizes.values()) or 1
    return [
        Share(part, bytes_of(size), size / whole)
        for part, size in sorted(sizes.items(), key=lambda pair: -pair[1])
    ]


def peaks_of(about: Mapping[str, Any]) -> str:
    """The most memory that was held, in a sentence; "" where it was not kept."""
    peaks: Mapping[str, int] = about.get("peak_memory") or {}
    told = {"process": "the process", "device": "tensors on the device"}
    parts = [f"{told.get(name, name)} held {bytes_of(size)}" for name, size in peaks.items()]
    return f"At most {' and '.join(parts)}." if parts else ""


def words_of(shares: list[Share]) -> str:
    """The dearest part in a sentence; "" where nothing was measured.

    >>> words_of([Share("backward pass", "6 s", 0.6), Share("forward pass", "4 s", 0.4)])
    '60 % of the time went to the backward pass.'
    """
    if not shares:
        return ""
    first = shares[0]
    doing = "was spent" if first.name.startswith(("waiting", "between")) else "went to the"
    return f"{100 * first.share:.0f} % of the time {doing} {first.name}."
