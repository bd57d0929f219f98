"""Tests of compiled steps share a zoo of nets, and keep what they compile for themselves."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Graphs as they were traced; how many were asked for."""
    made: list[int] = []

    def take(graph: Any, tensors: Any, name: str) -> Any:
        made.append(len(tensors))
        return graph

    monkeypatch.setattr("lampas.jit.sources.compiled", take)
    return made
