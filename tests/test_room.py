"""How much memory is free, and how much a computation takes."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lampas import room
from lampas.room import peak_of, room_on

CPU = torch.device("cpu")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system that says what the files here say."""
    monkeypatch.setattr(room, "_PROC", tmp_path)
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    6000 kB\n")
    return tmp_path


def test_half_of_what_is_free(system: Path) -> None:
    assert room_on(CPU) == 3000 * 1024


def test_the_limit_of_a_container(system: Path) -> None:
    (system / "memory.max").write_text("4096000\n")
    (system / "memory.current").write_text("3072000\n")
    assert room_on(CPU) == 512_000
    (system / "memory.stat").write_text("anon 7\ninactive_file 1024000\n")
    assert room_on(CPU) == 1_024_000
    (system / "memory.max").write_text("max\n")
    assert room_on(CPU) == 3000 * 1024


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_the_limit_of_the_process(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    (system / "self").mkdir()
    (system / "self/status").write_text("VmSize:\t1000 kB\n")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (3000 * 1024, -1))
    assert room_on(CPU) == 1000 * 1024


def test_without_proc_half_of_the_machine_counts(system: Path) -> None:
    (system / "meminfo").unlink()
    found = room_on(CPU)
    assert found is None or found > 1 << 20


def test_other_devices_are_tried_alone() -> None:
    assert room_on(torch.device("meta")) is None


def test_the_peak_is_that_of_tensors_alive_together() -> None:
    weight = torch.ones(1000, requires_grad=True)

    def several() -> None:
        for _ in range(5):
            torch.ones(1000)

    def together() -> list[torch.Tensor]:
        return [torch.ones(1000) for _ in range(5)]

    def views_and_work_in_place() -> None:
        with torch.no_grad():
            weight.view(10, 100).add_(1).reshape(-1)[:5].mul_(2)

    assert peak_of(several, CPU) in (4000, 8000)
    assert peak_of(together, CPU) == 20_000
    assert peak_of(views_and_work_in_place, CPU) == 0


def test_the_peak_of_a_step_grows_with_its_batch() -> None:
    net = nn.Sequential(nn.Linear(10, 100), nn.Sigmoid(), nn.Linear(100, 1))

    def step(rows: int) -> Any:
        net.zero_grad()
        net(torch.ones(rows, 10)).sum().backward()

    found = [peak_of(lambda rows=rows: step(rows), CPU) for rows in (100, 200, 400)]
    assert found[2] - found[1] == 2 * (found[1] - found[0])
    assert found == [peak_of(lambda rows=rows: step(rows), CPU) for rows in (100, 200, 400)]
