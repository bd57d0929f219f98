"""Freed memory is kept for the next step, by a process that asked for it."""

import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import torch
from torch import nn
from lampas.freed import keep_freed_memory

torch.set_num_threads(1)
if sys.argv[1] == "kept":
    keep_freed_memory()
net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1),
                    nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())
x, faults = torch.randn(32, 3, 32, 32), []
for _ in range(20):
    net(x).sum().backward()
    net.zero_grad()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[1])
"""


def faults(how: str, **environment: str) -> int:
    """Pages that the system had to give anew in 18 steps."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, how],
        env={"PYTHONPATH": ":".join(sys.path), **environment},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_pages_are_not_given_back_and_got_again() -> None:
    assert faults("kept") < 0.3 * faults("left")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_the_environment_has_the_last_word() -> None:
    trimmed = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
    assert faults("kept", **trimmed) > 10_000
