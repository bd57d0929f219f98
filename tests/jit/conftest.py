"""Tests of compiled steps share a zoo of nets, and keep what they compile for themselves."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "cache"))
