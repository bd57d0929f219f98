"""How many cores there are for this process."""

from pathlib import Path

import pytest

from lampas import cores


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cores, "_GROUP", tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5, 6}, raising=False)
    return tmp_path


def test_those_that_the_system_gives(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores.usable_cores() == 4
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert cores.usable_cores() == 6
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert cores.usable_cores() == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("900000 100000", 4), ("", 4)],
)
def test_what_a_container_may_use(text: str, count: int, group: Path) -> None:
    (group / "cpu.max").write_text(f"{text}\n")
    assert cores.usable_cores() == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 4), ("200000", 2)])
def test_the_older_kind_of_limit(quota: str, count: int, group: Path) -> None:
    (group / "cpu").mkdir()
    (group / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores.usable_cores() == count
