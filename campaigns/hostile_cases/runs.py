"""Folders of runs from elsewhere: descriptions that lie, links out, files that are none."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trial import command

from hostile_cases.artifacts import no_signs
from hostile_cases.case import Case

_SECRET = "a secret that stands outside of the run"
_ABOUT = {
    "format": 1, "state": "ended", "command": "lampas train a.csv", "created": "2026-01-01T00:00:00",
    "versions": {"lampas": "0.3.0"}, "settings": {"seed": 0, "net": "mine"}, "epochs": 2,
    "best_epoch": 2, "stopped": None, "metrics": {"loss": 0.5}, "seconds": 1.5,
}  # fmt: skip
_HISTORY = "epoch,loss,val_loss\n1,0.9,1.0\n2,0.5,0.7\n"
_EVIDENCE = {"task": "binary", "lost": 0, "targets": ["y"], "classes": [["no", "yes"]], "mistakes": [
    {"name": "3", "true": "yes", "said": "no", "probability": 0.9, "seen": {"x": "1"}}]}  # fmt: skip
_HELD_OUT = ("row,true y,y,probability of no,probability of yes\n"
             "1,no,no,0.75,0.25\n2,yes,yes,0.25,0.75\n3,yes,no,0.875,0.125\n")  # fmt: skip

Write = Callable[[Path], Any]


def honest(folder: Path) -> Path:
    """A run as `lampas train` might leave it, in `folder`/run."""
    place = folder / "run"
    place.mkdir()
    (place / "run.json").write_text(json.dumps(_ABOUT))
    (place / "history.csv").write_text(_HISTORY)
    (place / "evidence.json").write_text(json.dumps(_EVIDENCE))
    (place / "held_out.csv").write_text(_HELD_OUT)
    (place / "summary.txt").write_text("Net\n")
    return place


def report(place: Path) -> Callable[[], Any]:
    """`lampas report` of it."""
    return command(["report", str(place)])


def listed(place: Path) -> Callable[[], Any]:
    """`lampas runs` where it is."""
    return command(["runs", str(place.parent)])


def compared(place: Path) -> Callable[[], Any]:
    """`lampas compare` of it and an honest one."""
    other = place.parent / "other"
    if not other.exists():
        other.mkdir()
        honest(other)
    return command(["compare", str(other / "run"), str(place)])


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for what in (report, listed, compared):
        make = _changed(lambda place: None)
        yield Case("run", f"honest, {what.__name__}", make, what, like="tabular", shell=True,
                   must="opened")  # fmt: skip
    writes = {**_jsons(), **_abouts(), **_histories(), **_evidences()}
    for name, write in writes.items():
        for what in (report, listed, compared):
            yield Case("run", f"{name}, {what.__name__}", _changed(write), what, like="tabular",
                       shell=True, must="", check=no_signs)  # fmt: skip
    for name, write in _links().items():
        for what in (report, listed, compared):
            yield Case("link", f"{name}, {what.__name__}", _changed(write), what, like="tabular",
                       shell=True, must="", check=_nothing_told)  # fmt: skip


def _changed(write: Write) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "secret").write_text(_SECRET)
        place = honest(folder)
        write(place)
        return place

    return make


def _nothing_told(place: Path, said: str) -> str:
    page = place / "report.html"
    shown = page.read_text() if page.is_file() and not page.is_symlink() else ""
    if _SECRET in said or _SECRET in shown:
        return "what stands outside is shown"
    if (place.parent / "secret").read_text() != _SECRET:
        return "what stands outside is changed"
    return no_signs(place, said)


def _text(name: str, data: str | bytes) -> Write:
    return lambda place: (place / name).write_bytes(
        data.encode() if isinstance(data, str) else data
    )


def _jsons() -> dict[str, Write]:
    texts: dict[str, str | bytes] = {
        "lists 10^6 deep": "[" * 1_000_000,
        "dicts 900 deep": '{"settings": ' + '{"a":' * 900 + "1" + "}" * 901,
        "an integer of 10^6 digits": '{"seconds": ' + "9" * 1_000_000 + "}",
        "NaN": '{"settings": {}, "seconds": NaN}',
        "1e999": '{"settings": {}, "seconds": 1e999}',
        "a key twice": '{"settings": {}, "settings": {}}',
        "10^6 lists": '{"settings": {"a": [' + "[]," * 10**6 + "1]}}",
        "no UTF-8": b"\xff\xfe",
        "nothing": "",
        "a list": "[]",
        "70 MB": '{"settings": {"a": "' + "x" * (70 << 20) + '"}}',
    }
    return {f"run.json: {name}": _text("run.json", text) for name, text in texts.items()} | {
        f"evidence.json: {name}": _text("evidence.json", texts[name])
        for name in ("lists 10^6 deep", "an integer of 10^6 digits", "no UTF-8", "a list")
    }


def _abouts() -> dict[str, Write]:
    odd: dict[str, Any] = {
        "format": "\x1b[2J", "state": 3, "created": ["x"], "versions": {"torch": {"a": 1}},
        "settings": {"seed": [[1]], "net": {"a": 1}, "model": "../../evil.py:Net"},
        "epochs": 10**30, "best_epoch": "2", "metrics": {"auc": "\x1b[31m"}, "seconds": 10**400,
        "time_by_part": {"data": -1}, "memory_by_part": [1], "peak_memory": {"process": "x"},
        "backtest": "text", "left out": [1], "data": [{"side": 1, "sha256": 2, "bytes": "x"}],
        "code": {"script": "x"}, "schema": {"columns": 3}, "command": 5, "stopped": {"a": 1},
    }  # fmt: skip
    found = {f"{key} of another kind": {**_ABOUT, key: value} for key, value in odd.items()}
    found["names that order a terminal"] = {
        **_ABOUT, "metrics": {"\x1b[2Jauc": 0.5}, "settings": {"net": "\x1b]0;x\x07\u202e", "seed": 1},
        "command": "lampas \x1b[31m", "stopped": "\x9b2J", "versions": {"\x1b[0m": "\x1b[1m"}}  # fmt: skip
    found["times that are negative"] = {**_ABOUT, "seconds": -1e308, "epochs": -5, "best_epoch": -1}
    found["times beyond all"] = {**_ABOUT, "seconds": 1e308, "epochs": 2**62,
                                 "time_by_part": {"data": 1e308, "loss": 1e308}}  # fmt: skip
    return {name: _text("run.json", json.dumps(about)) for name, about in found.items()}


def _histories() -> dict[str, Write]:
    texts: dict[str, str | bytes] = {
        "NUL": "epoch,loss\n1,\0\n",
        "a field of 200 000 letters": "epoch,loss\n1," + "9" * 200_000 + "\n",
        "an infinite epoch": "epoch,loss\ninf,1\n",
        "an epoch of 4 000 digits": "epoch,loss\n" + "9" * 4000 + ",1\n",
        "an epoch of 30 digits": "epoch,loss\n" + "9" * 30 + ",1\n",
        "negative epochs": "epoch,loss\n-5,1\n-5,2\n",
        "ragged": "epoch,loss\n1,2,3,4\n",
        "no epoch": "loss\n1\n",
        "numbers that are none": "epoch,loss\n1,__import__('os')\n",
        "infinities": "epoch,loss,val_loss\n1,inf,-inf\n2,nan,nan\n",
        "300 columns": "epoch," + ",".join(f"m{n}" for n in range(300)) + "\n1" + ",1" * 300 + "\n",
        "columns that order a terminal": "epoch,\x1b[2Jloss,val_\x1b[2Jloss\n1,1,1\n",
        "a quote that never closes": 'epoch,loss\n1,"2\n' + "3,4\n" * 1000,
        "no UTF-8": b"epoch,loss\n1,\xff\n",
        "70 MB": b"epoch,loss\n" + b"1,2\n" * (18 << 20),
    }
    return {f"history.csv: {name}": _text("history.csv", text) for name, text in texts.items()}


def _evidences() -> dict[str, Write]:
    one: dict[str, Any] = _EVIDENCE["mistakes"][0]  # type: ignore[index]
    odd: dict[str, Any] = {
        "task": "exec", "lost": "x", "targets": ["z"], "classes": [["a", "b"]],
        "mistakes": [{"seen": {"image": 3}}], "history": [{"time": 1}],
    }  # fmt: skip
    found: dict[str, Any] = {f"evidence of another {key}": {**_EVIDENCE, key: value}
                             for key, value in odd.items()}  # fmt: skip
    for name, seen in {
        "pieces that are none": {"text": [["a"]]}, "pieces of numbers": {"text": [[1, 2]]},
        "a share that is text": {"text": [["a", "x"]]}, "a picture of text": {"image": "%%%"},
        "a dict": {"x": {"a": 1}}, "signs": {"\x1b[2J": "\x1b[31m"},
    }.items():  # fmt: skip
        found[f"a mistake with {name}"] = {**_EVIDENCE, "mistakes": [{**one, "seen": seen}, one]}
    series = {"series": None, "target": "y", "time": [1, 2], "values": [1.0, 2.0]}
    for name, change in {
        "times of dicts": {"time": [{}, {}]}, "fewer times": {"time": [1]},
        "times that are none": {"time": ["never", "ever"]}, "years beyond": {"time": ["999999-01-01"] * 2},
        "numbers of 2^62": {"time": [2**62, 2**62]}, "a series of a list": {"series": [1]},
    }.items():  # fmt: skip
        told = {"task": "timeseries", "history": [{**series, **change}], "forecast": []}
        found[f"a forecast with {name}"] = told
    found["a forecast without a median"] = {"task": "timeseries", "history": [series],
                                            "forecast": [{"target": "y", "time": 3}]}  # fmt: skip
    tables = {
        "no columns": "a,b\n1,2\n", "a class that is none": _HELD_OUT.replace("1,no", "1,maybe"),
        "probabilities of text": _HELD_OUT.replace("0.75", "x"),
        "probabilities of nan": _HELD_OUT.replace("0.75", "nan"),
        "probabilities of 1e300": _HELD_OUT.replace("0.75", "1e300"), "nothing": "",
        "ragged rows": _HELD_OUT + "1,2,3,4,5,6,7,8\n", "a quote": _HELD_OUT + '"',
        "a head alone": _HELD_OUT.splitlines()[0] + "\n",
    }  # fmt: skip
    return {name: _text("evidence.json", json.dumps(told)) for name, told in found.items()} | {
        f"held_out.csv: {name}": _text("held_out.csv", text) for name, text in tables.items()
    }


def _links() -> dict[str, Write]:
    def link(name: str, to: str = "../secret") -> Write:
        def write(place: Path) -> None:
            (place / name).unlink(missing_ok=True)
            (place / name).symlink_to(to)

        return write

    def pipe(place: Path) -> None:
        (place / "run.json").unlink()
        os.mkfifo(place / "run.json")

    names = ("run.json", "history.csv", "evidence.json", "held_out.csv", "summary.txt",
             "profile.txt", "vitals.csv", "report.html")  # fmt: skip
    found = {f"{name} is a link out": link(name) for name in names}
    found |= {
        "summary.txt is a link to a link": lambda place: (
            link("b")(place), link("summary.txt", "b")(place)),
        "summary.txt is a link to /etc/passwd": link("summary.txt", "/etc/passwd"),
        "run.json is a link to /dev/zero": link("run.json", "/dev/zero"),
        "run.json is a link to itself": link("run.json", "run.json"),
        "run.json is a pipe": pipe,
        "a folder below is a link above": lambda place: (place / "again").symlink_to(".."),
        "run.json is a folder": lambda place: (
            (place / "run.json").unlink(), (place / "run.json").mkdir()),
    }  # fmt: skip
    return found
