"""Training takes no more memory than the leanest loop by hand, as the benchmark measures it."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lampas.room import peak_of

CPU = torch.device("cpu")


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    found = importlib.import_module("memory")
    yield found
    for name in ("memory", "workloads"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("workload", ["cnn", "mlp"])
def test_fit_takes_no_more_than_a_loop_by_hand(memory: Any, workload: str) -> None:
    work = replace(memory.WORKLOADS[workload](), epochs=1)
    ways = {name: memory.CONTENDERS[name] for name in ("by hand", "fit", "both")}
    taken = {name: peak_of(lambda train=train: train(work), CPU) for name, train in ways.items()}
    assert taken["fit"] <= 1.05 * taken["by hand"]
    assert taken["both"] < 0.95 * taken["by hand"]
