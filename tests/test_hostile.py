"""A sample of `campaigns/hostile.py`, in this process: no memory is measured here."""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lampas.errors import LampasError

CAMPAIGNS = Path(__file__).parent.parent / "campaigns"
sys.path.insert(0, str(CAMPAIGNS))

from hostile_cases import artifacts, bases, media, pages, runs, tables, torch_files  # noqa: E402
from hostile_cases.case import CANARY, Case  # noqa: E402

EVERY = {"pickle": 1, "header": 4, "json": 4, "content": 3, "claims": 4, "torch": 4, "archive": 3,
         "image": 2, "table": 4, "page": 9}  # fmt: skip
"""Of each kind every so many; those that go through the shell, and bombs, are the campaign's."""
HEAVY = ("10^6", "10^7", "1,000,000", "200,000", "80 MB", "300 MB", "20 million", "40 MB", "50 000",
         "100 000", "5 MB", "fitted card", "attributions")  # fmt: skip


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bases.make(tmp_path_factory.mktemp("honest"))


def _sample(honest: dict[str, Path]) -> Iterator[Case]:
    makers: list[Callable[[], Iterator[Case]]] = [
        lambda: artifacts.cases(honest), torch_files.cases, media.cases,
        lambda: tables.cases(honest), runs.cases, pages.cases,
    ]  # fmt: skip
    seen: dict[str, int] = {}
    for case in (case for maker in makers for case in maker()):
        if case.shell or case.group not in EVERY or any(word in case.name for word in HEAVY):
            continue
        seen[case.group] = seen.get(case.group, -1) + 1
        if not seen[case.group] % EVERY[case.group]:
            yield case


def test_a_sample_of_hostile_files(honest: dict[str, Path], tmp_path: Path) -> None:
    tried = 0
    for number, case in enumerate(_sample(honest)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an epoch's training in some pages
            kind, said = _outcome(case, folder)
        assert case.must in ("", kind), f"{case.group}: {case.name}: {kind}: {said}"
        assert kind == "opened" or len(said.splitlines()) == 1, f"{case.name}: {said!r}"
        assert not (folder / CANARY).exists(), f"{case.name} ran code"
        tried += 1
    assert tried > 60


def _outcome(case: Case, folder: Path) -> tuple[str, str]:
    place = case.make(folder)
    try:
        found: Any = case.action(place)()
    except LampasError as error:
        return "refused", str(error)
    wrong = case.check(place, str(found or ""))
    assert not wrong, f"{case.group}: {case.name}: {wrong}"
    return "opened", ""


def test_folders_from_elsewhere(tmp_path: Path) -> None:
    from lampas.comparison.found import read
    from lampas.page.report import report

    cases = [one for one in runs.cases() if one.name.endswith(", report")]
    for number, case in enumerate(cases):
        if any(word in case.name for word in ("10^6", "70 MB", "honest")):
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        place = case.make(folder)
        read(place)
        try:
            report(place)
        except LampasError as error:
            lines = str(error).splitlines()
        except OSError:
            lines = [case.name] if "run.json is a" in case.name else []
        else:
            lines = ["a page"]
        assert len(lines) == 1, case.name
        wrong = "" if case.group == "run" else case.check(place, "")
        assert not wrong, f"{case.name}: {wrong}"
