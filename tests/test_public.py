"""The public surface: what `lampas` offers, and that asking for it costs nothing before."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lampas

NAMES = [
    "BalancedSampler",
    "Batch",
    "Board",
    "Callback",
    "Checkpoints",
    "Event",
    "Graph",
    "History",
    "ImageModel",
    "LRFinder",
    "LampasError",
    "Model",
    "Preempted",
    "SeriesModel",
    "StepResult",
    "Stop",
    "TabularModel",
    "TextModel",
    "Watch",
    "__version__",
    "callbacks",
    "compare",
    "cross_validate",
    "datasets",
    "errors",
    "find_lr",
    "folds",
    "graph",
    "group_split",
    "images",
    "load",
    "losses",
    "metrics",
    "optim",
    "profiling",
    "reasons",
    "report",
    "seed",
    "split",
    "stratified_split",
    "summarize",
    "tabular",
    "texts",
    "time_split",
    "timeseries",
    "torchkeras",
    "watch",
]


def test_these_names_and_no_others() -> None:
    assert sorted(lampas.__all__) == sorted(NAMES) == dir(lampas)
    assert sorted(lampas._HOMES) == sorted(set(NAMES) - set(lampas._MODULES) - {"__version__"})


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there(name: str) -> None:
    assert getattr(lampas, name) is not None


def test_torch_is_imported_by_who_uses_it() -> None:
    program = "import sys, lampas; dir(lampas); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_version_is_that_of_the_package() -> None:
    told = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert lampas.__version__ == told["project"]["version"]
