"""One run against another: the scores of the held-out samples that both have, or why not."""

from dataclasses import dataclass
from typing import Any

from lampas.comparison.paired import Paired, paired, same_samples
from lampas.errors import InputError
from lampas.page.build import Run


@dataclass(frozen=True, slots=True)
class Against:
    """The run `name` against the run `first`.

    `rows`: held-out samples that both have, of `of`, those of the first and of this one.
    `scores`: of them, by `paired`. `refused`: why there are none. `remarks`: what to keep in
    mind, a line each.
    """

    first: str
    name: str
    rows: int = 0
    of: tuple[int, int] = (0, 0)
    scores: tuple[Paired, ...] = ()
    refused: str = ""
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "first": self.first, "run": self.name, "rows": self.rows,
            "refused": self.refused or None, "remarks": list(self.remarks),
            "scores": [_plain(one) for one in self.scores],
        }  # fmt: skip


def _plain(one: Paired) -> dict[str, Any]:
    return {
        "score": one.name, "first": one.first, "run": one.second, "difference": one.difference,
        "low": one.low, "high": one.high, "p": one.p, "more_than_chance": one.more_than_chance,
        "run_is_better": one.second_is_better,
    }  # fmt: skip


def against(names: tuple[str, str], first: Run, other: Run, draws: int, seed: int) -> Against:
    """`other` against `first`, called by `names`; never raises for what cannot be paired."""
    unpaired = _unpaired(names[0], first) or _unpaired(names[1], other)
    if unpaired:
        return Against(*names, refused=unpaired)
    assert first.evidence is not None  # `_unpaired` has told where there is none
    assert other.evidence is not None
    try:
        shared, _ = same_samples(first.evidence, other.evidence)
        scores = paired(first.evidence, other.evidence, draws=draws, seed=seed)
    except InputError as error:
        return Against(*names, refused=str(error))
    return Against(
        *names,
        rows=len(shared),
        of=(len(first.evidence), len(other.evidence)),
        scores=tuple(scores),
        remarks=tuple(_remarks(first, other)),
    )


def _unpaired(name: str, run: Run) -> str:
    """Why the run has no held-out samples to pair; "" where it has."""
    if run.recorded.get("task") == "timeseries":
        return (
            "a time series has no held-out samples to draw: the errors of its backtest follow "
            "each other in time, and draws of single ones would take them for more than they are"
        )
    if run.evidence is not None:
        return ""
    return f"{name} has no held-out samples: none were kept, or it did not end"


def _remarks(first: Run, other: Run) -> list[str]:
    prints = [_digests(run) for run in (first, other)]
    if not all(prints):
        return ["no fingerprint of the data: samples are matched by their name and truth alone"]
    if prints[0] != prints[1]:
        return ["the data differ: samples are matched by their name and truth alone"]
    return []


def _digests(run: Run) -> list[str]:
    files = run.about.get("data")
    known = [one for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return [str(one.get("sha256") or one.get("listing") or "") for one in known]
