"""A sample of `campaigns/compiled.py`: one net, one optimizer, torch's own compiler."""

import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

CAMPAIGN = Path(__file__).parents[1] / "campaigns" / "compiled.py"


@pytest.fixture(scope="module")
def campaign() -> Any:
    path = list(sys.path)
    yield runpy.run_path(str(CAMPAIGN))
    sys.path[:] = path


@pytest.mark.skipif(not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler")
def test_compiled_losses_are_those_by_hand(
    campaign: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path))
    found = campaign["trial"]("mlp", "adamw", "float64", 40)
    assert not found.error
    assert 0.0 < found.difference < 1e-10
    assert found.single < 1e-10
    assert found.verdict == "met"


@pytest.mark.parametrize(
    ("difference", "rounding", "single", "verdict"),
    [
        (1e-6, 0.0, 0.0, "met"),
        (1e-4, 1e-4, 1e-7, "over it, as rounding alone is"),
        (1e-4, 1e-4, 1e-3, "**missed**"),
        (1e-4, 1e-7, 1e-7, "**missed**"),
        (float("nan"), 1e-7, 1e-7, "**missed**"),
    ],
)
def test_only_what_rounding_does_as_well_is_explained_by_it(
    campaign: Any, difference: float, rounding: float, single: float, verdict: str
) -> None:
    trial = campaign["Trial"]("mlp", "adam", "float32", difference, rounding, single)
    assert trial.verdict == verdict
