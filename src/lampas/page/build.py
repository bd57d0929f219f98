"""From the files of a run to `report.html`: nothing is trained or loaded again."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined

from lampas.atomic import whole_file
from lampas.errors import ArtifactError
from lampas.evidence import Evidence
from lampas.history import History
from lampas.page.charts import Chart, curves, forecast, of_evidence
from lampas.page.intervals import scores_of
from lampas.page.mistakes import mistakes_of
from lampas.page.vitals import charts_of, memory_of, peaks_of, time_of, words_of
from lampas.printing import duration, finite, number
from lampas.record.files import (
    EVIDENCE,
    FAILED,
    FORMAT,
    HELD_OUT,
    HISTORY,
    PROFILE,
    REPORT,
    RUN,
    RUNNING,
    SUMMARY,
    VITALS,
    checked,
    is_inside,
    read_about,
    read_evidence,
    read_history,
    read_text,
)
from lampas.tables.schema import TableTask

_ROUNDING = 1e-6  # of probabilities


@dataclass(frozen=True, slots=True)
class Run:
    """The files of a run: its description, its history and its vital signs, and what was recorded
    of its held-out samples, if it was; `evidence` of that, where it is no time series."""

    folder: Path
    about: dict[str, Any]
    history: History
    vitals: History
    recorded: dict[str, Any]
    evidence: Evidence | None


def write_page(folder: Path, out: Path | None = None) -> Path:
    """Write the page of the run in `folder`, as `report.html` there or at `out`; where it is.

    A run that was cut off is shown up to there. Raises `ArtifactError` for a folder that holds
    no run.
    """
    run = read(folder)
    place = folder / REPORT if out is None else out
    if out is None and not is_inside(place):
        raise ArtifactError(f"{place} is a link out of its folder: take it away, or pass out=")
    with whole_file(place) as file:
        file.write(page(run).encode())
    return place


def read(folder: Path) -> Run:
    """The run in `folder`."""
    about = read_about(folder / RUN) if (folder / RUN).is_file() else None
    if about is None and not (folder / HISTORY).is_file():
        raise ArtifactError(f"{folder} holds no run: there is neither {RUN} nor {HISTORY}")
    about = about or {"state": RUNNING}
    _check_format(folder, about)
    plain = read_evidence(folder / EVIDENCE) if (folder / EVIDENCE).is_file() else {}
    judged = plain and plain.get("task") != "timeseries"
    return Run(
        folder,
        about,
        read_history(folder / HISTORY),
        read_history(folder / VITALS),
        plain,
        _evidence(folder, plain) if judged and (folder / HELD_OUT).is_file() else None,
    )


def _check_format(folder: Path, about: dict[str, Any]) -> None:
    found = about.get("format", FORMAT)
    if not isinstance(found, int) or found > FORMAT:
        raise ArtifactError(
            f"{folder} was written by another version of Lampas (format {found}; this one reads "
            f"up to {FORMAT}): use that version, or a newer one"
        )


def page(run: Run) -> str:
    """The page as HTML."""
    charts: list[Chart] = []
    sections = [
        {"title": title, "charts": list(numbered(found, charts))}
        for title, found in _sections(run)
        if found
    ]
    scores, note = _scores(run)
    return rendered(
        "report.html.j2", charts,
        title=run.folder.resolve().name, about=_about(run), told=_told(run),
        scores=scores, scores_title=_scored_on(run), scores_note=note,
        sections=sections, mistakes=mistakes_of(run.recorded), texts=list(_texts(run)),
        wholes=_wholes(run),
        command=str(run.about.get("command", "unknown")), facts=list(_facts(run)),
    )  # fmt: skip


def rendered(template: str, charts: Sequence[Chart], **values: Any) -> str:
    """A page by its template, with the `charts` that its figures number, style and script."""
    drawn = json.dumps([finite(chart.to_json()) for chart in charts], ensure_ascii=False)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_text)
    )
    data = drawn.replace("<", "\\u003c")  # no "</script>" among the data ends the script
    script = f"const CHARTS = {data};\n{_text('page.js')}"
    return environment.get_template(template).render(
        **values, css=_text("page.css"), script=script, script_hash=_hash(script)
    )


def _hash(script: str) -> str:
    """What a browser is told of the one script that may run: no other does, whatever got in."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _text(name: str) -> str:
    return (resources.files("lampas.page") / name).read_text(encoding="utf-8")


def numbered(found: Sequence[Chart], charts: list[Chart]) -> Iterator[tuple[int, Chart]]:
    """Each of `found` with its number among the page's `charts`, which take it in."""
    for chart in found:
        charts.append(chart)
        yield len(charts) - 1, chart


def _sections(run: Run) -> Iterator[tuple[str, list[Chart]]]:
    if len(run.history):
        yield "Training", curves(run.history, without="lr" if len(run.vitals) else "")
    if len(run.vitals):
        yield "How it went", charts_of(run.vitals)
    if run.recorded.get("task") == "timeseries":
        yield "Forecast", _forecasts(run.recorded)
    if run.evidence is not None:
        yield "Held-out samples", of_evidence(run.evidence)


def _wholes(run: Run) -> list[dict[str, Any]]:
    """Where time and memory went, as tables with bars."""
    time, memory, peaks = time_of(run.about), memory_of(run.about), peaks_of(run.about)
    found = [
        {"title": "Where the time went", "rows": time, "note": words_of(time)},
        {"title": "What training holds in memory", "rows": memory, "note": peaks},
    ]
    return [one for one in found if one["rows"]]


def _evidence(folder: Path, plain: dict[str, Any]) -> Evidence:
    """What `write_evidence` wrote."""
    path = checked(folder / HELD_OUT)
    try:
        table = pd.read_csv(path, index_col=0, dtype=str, keep_default_na=False)
        found = _of_table(table, plain)
        _check_evidence(found)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged: it is not what {EVIDENCE} tells of") from error
    return found


def _check_evidence(found: Evidence) -> None:
    """Raise `KeyError` or `ValueError` where truth and predictions are not those of the task."""
    numbers = found.predicted.select_dtypes("number").to_numpy(dtype=float)
    classes = found.task != "regression"
    if classes:
        for target in range(len(found.truth.columns)):
            found.codes(target)
    if found.task in ("binary", "multiclass"):
        found.probabilities()
    inside = not classes or ((numbers >= 0) & (numbers <= 1 + _ROUNDING)).all()
    if not (len(found) and numbers.size and np.isfinite(numbers).all() and inside):
        raise ValueError("its predictions are none")
    if not classes and not np.isfinite(found.truth.to_numpy(dtype=float)).all():
        raise ValueError("its truth is no number")


def _of_table(table: pd.DataFrame, plain: dict[str, Any]) -> Evidence:
    if plain["task"] not in get_args(TableTask):
        raise ValueError(plain["task"])
    targets = plain["targets"]
    given = [name for name in map(str, table) if name.startswith("probability of ")]
    truth = table[[f"true {name}" for name in targets]].set_axis(targets, axis=1)
    predicted = table[[*targets, *given]].astype(dict.fromkeys(given, float))
    if plain["task"] == "regression":
        truth, predicted = truth.astype(float), predicted.astype(float)
    classes = tuple(tuple(names) for names in plain["classes"])
    return Evidence(plain["task"], classes, truth, predicted, lambda places: [])


def _forecasts(plain: dict[str, Any]) -> list[Chart]:
    try:
        return _drawn(plain)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ArtifactError(f"{EVIDENCE} is damaged: it holds no forecasts") from error


def _drawn(plain: dict[str, Any]) -> list[Chart]:
    rows = pd.DataFrame(plain["forecast"])
    charts: list[Chart] = []
    for one in plain["history"]:
        past = pd.Series(one["values"], index=_stamps(one["time"]))
        mine = rows
        if len(rows):
            mine = rows[rows["target"] == one["target"]]
            mine = mine if one["series"] is None else mine[mine["series"] == one["series"]]
            mine = mine.set_index(_stamps(mine["time"].tolist()))
        else:
            mine = pd.DataFrame({"median": []}, index=past.index[:0], dtype=float)
        name = one["target"] if one["series"] is None else f"{one['target']}, {one['series']}"
        charts.append(forecast(name, past, mine))
    return charts


def _stamps(values: list[Any]) -> pd.Index:
    if not values or isinstance(values[0], int):
        return pd.Index(values)
    return pd.to_datetime(values, format="ISO8601")


def _scores(run: Run) -> tuple[dict[str, Any] | None, str]:
    evidence = run.evidence
    if evidence is not None:
        return _judged(evidence)
    metrics = run.about.get("metrics") or run.about.get("training_metrics") or {}
    rows = [[name, number(value)] for name, value in metrics.items() if value is not None]
    return ({"head": ["score", "value"], "rows": rows} if rows else None), ""


def _judged(evidence: Evidence) -> tuple[dict[str, Any], str]:
    """The scores with their intervals; a dash where these samples do not define one."""
    several, found = len(evidence) > 1, scores_of(evidence)
    rows = [
        [one.name, "–" if one.value != one.value else number(one.value),
         f"{number(one.low)} to {number(one.high)}" if several and one.low == one.low else "–"]
        for one in found
    ]  # fmt: skip
    notes = [
        f"{len(evidence):,} held-out sample{'s' if several else ''}. Intervals: percentiles of 300 "
        "bootstrap draws of these samples; other seeds of the training are another matter."
    ]
    if any(one.value != one.value for one in found):
        notes.append("A dash: these samples do not define it, as where all have one class.")
    return {"head": ["score", "value", "95 % interval"], "rows": rows}, " ".join(notes)


def _scored_on(run: Run) -> str:
    known = run.evidence is not None or run.about.get("metrics")
    return "Scores on held-out samples" if known else "Scores on the training data"


def _about(run: Run) -> str:
    about, epochs = run.about, len(run.history)
    parts = [f"{epochs} epoch{'s' if epochs != 1 else ''}"]
    if "seconds" in about:
        parts.append(f"in {duration(about['seconds'])}")
    if "created" in about:
        parts.append(f"on {about['created']}")
    return ", ".join(parts)


def _told(run: Run) -> list[str]:
    """What is to be said first: why it ended, and what the backtest says."""
    lines = [f"Ended early: {run.about['stopped']}."] if run.about.get("stopped") else []
    if run.about.get("state") == RUNNING:
        lines.append("The run was cut off, or goes on: what is here is what was there by then.")
    if run.about.get("state") == FAILED:
        why = run.about.get("error")
        lines.append(f"The run ended in an error{f': {why}' if why else ''}.")
    if compiled := run.about.get("compiled_steps"):
        lines.append(f"{compiled:,.0f} training steps were compiled calls.")
    lines += [f"{line}." for line in run.about.get("left out") or []]
    lost, judged = run.recorded.get("lost", 0), 0 if run.evidence is None else len(run.evidence)
    if lost:
        lines.append(
            f"Of {lost:,} of the {lost + judged:,} held-out samples the prediction is nan or "
            "infinite: they are left out of what follows."
        )
    return lines


def _texts(run: Run) -> Iterator[dict[str, str]]:
    backtest = run.about.get("backtest")
    if backtest:
        yield {"title": "Backtest", "text": "\n".join(backtest)}
    profile = run.folder / PROFILE
    if profile.is_file():
        yield {"title": "Profile", "text": read_text(profile).rstrip()}
    summary = run.folder / SUMMARY
    if summary.is_file():
        yield {"title": "The net", "text": read_text(summary).rstrip()}


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    for name, version in (run.about.get("versions") or {}).items():
        yield name, str(version)
    settings = run.about.get("settings") or {}
    for name, value in settings.items():
        if value is not None and name != "about" and not isinstance(value, dict):
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
