"""What is other now than in the run that was saved: what forbids to go on, and what is told."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

_REFUSED = {
    "samples": "the data has {now} samples, in the saved run it had {then}",
    "batch_size": "batch_size is {now}, in the saved run it was {then}",
    "batches": "an epoch has {now} batches, in the saved run it had {then}",
    "of": "the data is a {now}, in the saved run it was a {then}",
}
"""Of the data: with another one of these, the place in an epoch means nothing."""


def refusal(then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Why a run with the facts `now` cannot go on from one with the facts `then`; else None.

    >>> refusal({"data": {"samples": 10}}, {"data": {"samples": 12}})
    'the data has 12 samples, in the saved run it had 10'
    """
    was, here = _part(then, "data"), _part(now, "data")
    for name, line in _REFUSED.items():
        if was.get(name) != here.get(name):
            return line.format(now=here.get(name), then=was.get(name))
    saved, own = (_part(one, "settings").get("accumulate", 1) for one in (then, now))
    if saved != own:
        return f"accumulate is {own}, in the saved run it was {saved}"
    return None


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What else is other, a line each: the run goes on, but not as it would have."""
    return [*_of_data(then, now), *_of_settings(then, now), *_of_code(then, now),
            *_of_machine(then, now)]  # fmt: skip


def _of_data(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, here = _part(then, "data"), _part(now, "data")
    if then.get("values") != now.get("values"):
        seeds = (one.get("seed") for one in (now, then))
        why = (
            ""
            if then.get("seed") == now.get("seed")
            else "; the seed is {} and was {}".format(*seeds)
        )
        yield f"the data are not those of the saved run: as many, with other values{why}"
    if was.get("workers") != here.get("workers"):
        yield "samples are read in worker processes, or no longer: what is drawn there differs"
    saved, wanted = then.get("epochs"), now.get("epochs")
    if saved != wanted and _part(now, "settings").get("schedule"):
        yield f"epochs is {wanted} and was {saved}: the schedule is another one from here on"


def _of_settings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, here = _part(then, "settings"), _part(now, "settings")
    for name in dict.fromkeys([*was, *here]):
        if was.get(name) != here.get(name):
            kept = name in ("lr", "weight_decay", "momentum")
            so = "the saved one is used" if kept else "the new one is used"
            yield f"{name} is {here.get(name)} and was {was.get(name)}: {so}"


def _of_code(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, here = _part(then, "code"), _part(now, "code")
    for part in ("script", "net"):
        old, new = _part(was, part), _part(here, part)
        if old.get("sha256") != new.get("sha256") and new and old:
            yield f"{new.get('path')} has changed since"
    same = _part(was, "script").get("sha256") == _part(here, "script").get("sha256")
    if same and was.get("commit") != here.get("commit"):
        yield f"the code is at commit {_short(here)}, the saved run was at {_short(was)}"


def _of_machine(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, here = _part(then, "versions"), _part(now, "versions")
    for name in ("torch", "lampas", "numpy", "python"):
        if was.get(name) != here.get(name):
            yield f"{name} is {here.get(name)} and was {was.get(name)}"
    was, here = _part(then, "machine"), _part(now, "machine")
    for name in ("device", "threads", "kernels", "deterministic"):
        if was.get(name) != here.get(name):
            yield f"{_CALLED.get(name, name)} is {here.get(name)} and was {was.get(name)}"
    if here.get("device") != "cpu" and not here.get("deterministic"):
        yield (
            "kernels of this device may round otherwise each time: "
            "lampas.seed(0, deterministic=True) takes those that do not"
        )


_CALLED = {"threads": "the number of threads", "kernels": "the CPU's set of kernels",
           "deterministic": "deterministic"}  # fmt: skip


def _part(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts.get(name)
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}


def _short(code: Mapping[str, Any]) -> str:
    return str(code.get("commit", "none"))[:10]
