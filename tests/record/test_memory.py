import sys

import numpy as np
import pytest

from lampas.record import memory


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what is held now")
def test_what_the_process_holds() -> None:
    before = memory.resident()
    held = np.ones(8_000_000)
    after = memory.resident()
    assert before is not None
    assert after is not None
    assert after - before > 0.9 * held.nbytes


def test_the_peak_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    first = memory.peak()
    assert first is not None
    assert first > 10_000_000
    assert (memory.peak() or 0) >= first


def test_without_proc_the_system_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "no")
    monkeypatch.setattr(memory, "_PAGES", tmp_path / "no")
    assert memory.resident() is None
    assert (memory.peak() or 0) > 10_000_000
