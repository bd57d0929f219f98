"""What differs between runs in data, code, settings, versions and net."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from lampas.comparison.layers import layers
from lampas.record.files import is_told

ABSENT, UNKNOWN = "-", "?"
Facts = dict[str, dict[str, str]]
"""{group: {name: value}} of one run. A group that is not there is not known of it."""

GROUPS = ("data", "columns", "code", "settings", "versions", "net")

_SILENT = ("about", "judged")  # sentences, and what the training found: no settings


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that is not the same in all runs: its value in each, "-" where there is none, "?"
    where it is not known."""

    group: str
    name: str
    values: tuple[str, ...]


def facts_of(about: Mapping[str, Any], summary: str) -> Facts:
    """What a run is made of, from its run.json and summary.txt; {} of one that is under way
    or was cut off.

    >>> facts_of({"settings": {"seed": 0, "steps": {"train": 5}}, "versions": {}}, "")["settings"]
    {'seed': '0', 'steps.train': '5'}
    """
    if not is_told(about):
        return {}
    settings = {
        name: value for name, value in as_dict(about.get("settings")).items()
        if name not in _SILENT
    }  # fmt: skip
    found = {
        "data": dict(_files(about.get("data"))),
        "columns": dict(_columns(about)),
        "code": dict(_code(as_dict(about.get("code")))),
        "settings": dict(_flat("", settings)),
        "versions": dict(_flat("", as_dict(about.get("versions")))),
        "net": layers(summary),
    }
    unknown = {group for group in ("data", "code") if group not in about}
    return {group: facts for group, facts in found.items() if group not in unknown}


def differences(runs: Sequence[Facts]) -> list[Difference]:
    """The facts that are not the same in all `runs`.

    >>> first, second = ({"settings": {"seed": seed, "epochs": "5"}} for seed in "01")
    >>> differences([first, second])
    [Difference(group='settings', name='seed', values=('0', '1'))]
    """
    return [
        Difference(group, name, tuple(_value_in(run, group, name) for run in runs))
        for group in GROUPS
        for name in dict.fromkeys(name for run in runs for name in run.get(group, ()))
        if len({run[group].get(name, ABSENT) for run in runs if group in run}) > 1
    ]


def _value_in(run: Facts, group: str, name: str) -> str:
    return run[group].get(name, ABSENT) if group in run else UNKNOWN


def same(runs: Sequence[Facts]) -> dict[str, int]:
    """How many facts of each group are the same in all runs, of groups that are known of all.

    >>> first, second = ({"settings": {"seed": seed, "epochs": "5"}} for seed in "01")
    >>> same([first, second])
    {'settings': 1}
    """
    groups = [group for group in GROUPS if all(group in run for run in runs)]
    return {
        group: sum(
            all(run[group].get(name) == value for run in runs)
            for name, value in runs[0][group].items()
        )
        for group in groups
    }


def as_dict(given: Any) -> dict[str, Any]:
    """`given`, where it is a dict as it should be; else nothing."""
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _files(given: Any) -> Iterator[tuple[str, str]]:
    """Each file or folder by its fingerprint: the path may differ where the bytes do not."""
    counted: dict[str, int] = {}
    for one in map(as_dict, given if isinstance(given, list) else []):
        side = str(one.get("side", "training"))
        counted[side] = counted.get(side, 0) + 1
        number = f" {counted[side]}" if counted[side] > 1 else ""
        yield f"{side}{number}", _fingerprint(one)


def _fingerprint(one: dict[str, Any]) -> str:
    digest = one.get("sha256") or one.get("listing")
    if not isinstance(digest, str):
        return "not read"
    count = one.get("files")
    files = "" if count is None else f"{count:,} files, "
    return f"{digest[:12]} ({files}{one.get('bytes', 0):,} bytes)"


def _columns(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the columns of a table were taken for."""
    columns = as_dict(about.get("schema")).get("columns")
    for one in map(as_dict, columns if isinstance(columns, list) else []):
        yield str(one.get("name")), str(one.get("kind"))


def _code(code: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "script" in code:
        yield "program", _fingerprint(as_dict(code["script"]))
    if "net" in code:
        yield "file of the net", _fingerprint(as_dict(code["net"]))
    if "commit" in code:
        changed = " with changes" if code.get("dirty") else ""
        yield "commit", f"{str(code['commit'])[:12]}{changed}"


def _flat(above: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(f"{above}{name}.", cast("dict[str, Any]", value))
        else:
            yield f"{above}{name}", _value(value)


def _value(value: Any) -> str:
    match value:
        case None:
            return ABSENT
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case list():
            return ", ".join(map(_value, value))
        case _:
            return str(value)
