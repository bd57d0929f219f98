from typing import Any

import pytest

from lampas.state.changes import changes, refusal

FACTS: dict[str, Any] = {
    "data": {"samples": 100, "batch_size": 10, "batches": 10, "workers": False},
    "values": "a",
    "settings": {"lr": 0.1, "loss": "MSELoss", "schedule": True, "accumulate": 1},
    "code": {"script": {"path": "t.py", "sha256": "b"}, "net": {"path": "n.py", "sha256": "c"},
             "commit": "0123456789abcdef"},
    "versions": {"torch": "2.13", "lampas": "0.3"},
    "machine": {"device": "cpu", "threads": 2, "kernels": "AVX2", "deterministic": False},
    "epochs": 5,
}  # fmt: skip


def _with(part: str, **changed: Any) -> dict[str, Any]:
    return {**FACTS, part: {**FACTS[part], **changed}}


def test_nothing_is_said_of_the_same() -> None:
    assert refusal(FACTS, FACTS) is None
    assert changes(FACTS, FACTS) == []


@pytest.mark.parametrize(
    ("now", "said"),
    [(_with("data", samples=90), "the data has 90 samples, in the saved run it had 100"),
     (_with("data", batch_size=5), "batch_size is 5, in the saved run it was 10"),
     (_with("data", batches=3), "an epoch has 3 batches, in the saved run it had 10"),
     (_with("data", of="List"), "the data is a List, in the saved run it was a None"),
     (_with("settings", accumulate=2), "accumulate is 2, in the saved run it was 1")],
)  # fmt: skip
def test_the_place_in_the_data_must_mean_the_same(now: Any, said: str) -> None:
    assert refusal(FACTS, now) == said


@pytest.mark.parametrize(
    ("now", "said"),
    [({**FACTS, "values": "z"}, "the data are not those of the saved run"),
     (_with("data", workers=True), "samples are read in worker processes"),
     ({**FACTS, "epochs": 9}, "epochs is 9 and was 5: the schedule is another"),
     (_with("settings", lr=0.2), "lr is 0.2 and was 0.1: the saved one is used"),
     (_with("settings", loss="L1"), "loss is L1 and was MSELoss: the new one is used"),
     (_with("code", script={"path": "t.py", "sha256": "x"}), "t.py has changed since"),
     (_with("code", net={"path": "n.py", "sha256": "x"}), "n.py has changed since"),
     (_with("code", commit="f" * 40), "at commit ffffffffff, the saved run was at 0123456789"),
     (_with("versions", torch="2.14"), "torch is 2.14 and was 2.13"),
     (_with("machine", threads=4), "the number of threads is 4 and was 2"),
     (_with("machine", kernels="NEON"), "the CPU's set of kernels is NEON and was AVX2")],
)  # fmt: skip
def test_what_else_is_other_is_told(now: Any, said: str) -> None:
    (line,) = changes(FACTS, now)
    assert said in line


def test_kernels_of_a_device_are_doubted_until_they_are_deterministic() -> None:
    gpu = _with("machine", device="H100")
    assert any("may round otherwise" in line for line in changes(gpu, gpu))
    sure = _with("machine", device="H100", deterministic=True)
    assert changes(sure, sure) == []
