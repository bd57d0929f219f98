"""A comparison as tables of words: the terminal and the page show the same ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lampas.comparison.against import Against
from lampas.comparison.differences import Difference
from lampas.comparison.paired import Paired
from lampas.printing import duration, number
from lampas.record.files import is_told

if TYPE_CHECKING:
    from lampas.comparison.compare import Comparison
    from lampas.comparison.found import FoundRun

_WIDE = 36  # letters of a value
_LAYERS = 12  # that are listed
_CHANCE = (
    "A paired bootstrap: the same draws of the same samples for both runs. It knows the chance of",
    "the samples, not that of seeds: train each run with several to know that. Each score has its",
    "own 5 %: of many scores one may seem to differ by chance.",
)


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its title: `rows` under `head`, the first `words` columns left-aligned; and
    what is said below it, a line each."""

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    words: int = 1
    notes: Sequence[str] = field(default_factory=tuple)
    text: str = ""


def sections(comparison: "Comparison") -> Iterator[Section]:
    """All that is to be said, in order; nothing that would be empty."""
    yield _runs(comparison)
    yield _different(comparison)
    if any(run.metrics for run in comparison.found):
        yield _recorded(comparison)
    for one in comparison.against:
        yield _against(one)
    if any(one.scores for one in comparison.against):
        yield Section("What the intervals and p know", notes=_CHANCE)
    yield from _backtests(comparison)
    commands = [str(run.about.get("command") or "?") for run in comparison.runs]
    if len(set(commands)) > 1:
        rows = list(zip(comparison.names, commands, strict=True))
        yield Section("Commands", ("run", "command"), rows, words=2)


def _runs(comparison: "Comparison") -> Section:
    head = ("run", "when", "data", "net", "epochs", "best", "time", "")
    rows = [_row(name, run) for name, run in zip(comparison.names, comparison.found, strict=True)]
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    shown = [[row[place] for place in kept] for row in rows]
    return Section("Runs", [head[place] for place in kept], shown, sum(one < 4 for one in kept))


def _row(name: str, run: "FoundRun") -> list[str]:
    counts = ["" if one is None else str(one) for one in (run.epochs, run.best)]
    return [
        name, f"{run.when.astimezone():%Y-%m-%d %H:%M}", run.kind, run.net, *counts,
        "" if run.seconds is None else duration(run.seconds),
        "" if run.state == "done" else run.state,
    ]  # fmt: skip


def _different(comparison: "Comparison") -> Section:
    rows: list[list[str]] = []
    for one in _listed(comparison.differences):
        group = one.group if not rows or one.group not in [row[0] for row in rows] else ""
        rows.append([group, one.name, *apart(one.values)])
    notes = list(_notes(comparison))
    if not rows:
        nothing = ["Nothing that is recorded."] if comparison.same else []
        return Section("What differs", notes=[*nothing, *notes])
    head = ("", "", *comparison.names)
    return Section("What differs", head, rows, words=len(head), notes=notes)


def _listed(found: Sequence[Difference]) -> list[Difference]:
    """All, but of a net that is another one altogether the first layers."""
    layers = [one for one in found if one.group == "net"]
    others = [one for one in found if one.group != "net"]
    if len(layers) <= _LAYERS:
        return [*others, *layers]
    more = len(layers) - _LAYERS
    rest = Difference("net", f"{more} more layers", tuple("…" for _ in layers[0].values))
    return [*others, *layers[:_LAYERS], rest]


def apart(values: Sequence[str]) -> list[str]:
    """Values in few letters each, cut so that what tells them apart is seen.

    >>> apart(["1", "2"]), apart(["a" * 50 + "b", "a" * 50 + "c"])
    (['1', '2'], ['…aaaaaaaaaab', '…aaaaaaaaaac'])
    """
    if all(len(value) <= _WIDE for value in values):
        return list(values)
    alike = 0
    shortest = min(map(len, values))
    while alike < shortest and len({value[alike] for value in values}) == 1:
        alike += 1
    first = max(0, alike - 10)
    cut = [f"…{value[first:]}" if first else value for value in values]
    return [one if len(one) <= _WIDE else f"{one[: _WIDE - 1]}…" for one in cut]


def _notes(comparison: "Comparison") -> Iterator[str]:
    groups = {one.group for one in comparison.differences}
    same = [
        f"{count} setting{'' if count == 1 else 's'}" if group == "settings" else group
        for group, count in comparison.same.items()
        if count and (group == "settings" or group not in groups)
    ]
    if same:
        yield f"The same: {', '.join(same)}."
    told = {name: run.about for name, run in zip(comparison.names, comparison.runs, strict=True)}
    for name, about in told.items():
        if not is_told(about):
            yield f"{name} was cut off, or goes on: what it was made of is not known yet."
    for what in ("data", "code"):
        lacking = [name for name, about in told.items() if is_told(about) and what not in about]
        if lacking:
            yield f"No fingerprint of the {what} in {', '.join(lacking)}: may be the same or not."
    if _dirty(comparison) and "code" in comparison.same and "code" not in groups:
        yield "Files had been changed since the commit: perhaps not in the same way."


def _dirty(comparison: "Comparison") -> bool:
    codes = [run.about.get("code") for run in comparison.runs]
    return any(isinstance(code, dict) and code.get("dirty") for code in codes)


def _recorded(comparison: "Comparison") -> Section:
    scores = [run.metrics or {} for run in comparison.found]
    names = dict.fromkeys(name for one in scores for name in one)
    rows = [[name, *(_number(one.get(name)) for one in scores)] for name in names]
    title = "Scores as recorded, of each on what it held out"
    return Section(title, ("score", *comparison.names), rows)


def _number(value: float | None) -> str:
    return "" if value is None else number(value)


def _against(one: Against) -> Section:
    title = f"{one.name} against {one.first}"
    if one.refused:
        return Section(title, notes=[f"No test of the difference: {one.refused}."])
    title = f"{title}, on the {one.rows:,} held-out samples of both ({_share(one)})"
    head = ("score", one.first, one.name, "difference", "95 % interval", "p", "more than chance")
    rows = [_tested(found, one) for found in one.scores]
    remarks = [f"{remark[:1].upper()}{remark[1:]}." for remark in one.remarks]
    return Section(title, head, rows, notes=remarks)


def _share(one: Against) -> str:
    if one.of == (one.rows, one.rows):
        return "all that either has"
    return f"of {one.of[0]:,} and {one.of[1]:,}"


def _tested(found: Paired, one: Against) -> list[str]:
    better = one.name if found.second_is_better else one.first
    return [
        found.name, number(found.first), number(found.second), _signed(found.difference, found),
        f"{_signed(found.low, found)} to {_signed(found.high, found)}", _chance(found.p),
        f"yes: {better} is better" if found.more_than_chance else _no(found),
    ]  # fmt: skip


def _signed(value: float, found: Paired) -> str:
    """In as many decimals as the scores themselves have."""
    if abs(found.first) >= 1e-3 and abs(value) < 1e6:
        return f"{value:+.4f}"
    return f"+{number(value)}" if value > 0 else number(value)


def _chance(p: float) -> str:
    return "-" if p != p else "<0.001" if p < 0.001 else f"{p:.3f}"


def _no(found: Paired) -> str:
    return "not defined" if found.p != found.p else "no"


def _backtests(comparison: "Comparison") -> Iterator[Section]:
    for name, run in zip(comparison.names, comparison.runs, strict=True):
        lines = run.about.get("backtest")
        if isinstance(lines, list):
            yield Section(f"Backtest of {name}", text="\n".join(map(str, lines)))
