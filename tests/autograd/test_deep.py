"""A deep graph that was looked at dies as any other, and leaves nothing behind."""

import gc
import subprocess
import sys
import threading

import pytest
import torch
from torch import Tensor

from lampas.autograd import deep
from lampas.autograd.names import Names
from lampas.autograd.walk import walk


def chain(length: int) -> Tensor:
    x = torch.ones(1, requires_grad=True)
    for _ in range(length):
        x = x * 1.0
    return x


def look(tensor: Tensor) -> int:
    return len(walk([("loss", tensor)], Names(None)).nodes)


def test_shallow_graphs_are_left_alone() -> None:
    x = chain(100)
    look(x)
    assert not deep._held
    assert not x.grad_fn.metadata


@pytest.mark.parametrize("times", [1, 2])
def test_a_deep_one_dies_in_pieces(times: int) -> None:
    x = chain(9_000)
    for _ in range(times):
        look(x)
    assert len(deep._held) == 4 * times
    gc.collect()
    assert len(deep._held) == 4 * times
    x.backward()
    del x
    gc.collect()
    assert not deep._held


def test_skips_over_the_border_do_not_lead_round_it() -> None:
    first = chain(1_990)
    x = first
    for _ in range(30):
        x = x * 1.0 + first
    look(x)
    assert deep._held
    del x, first
    gc.collect()
    assert not deep._held


def test_a_second_loss_keeps_its_part() -> None:
    shared = chain(5_000)
    one, other = shared * 2, shared * 3
    look(one)
    del one, shared
    gc.collect()
    assert deep._held
    del other
    gc.collect()
    assert not deep._held


def test_on_the_small_stack_of_a_thread() -> None:
    def run() -> None:
        look(chain(20_000))
        gc.collect()

    before = threading.stack_size(1024 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    gc.collect()
    assert not deep._held


@pytest.mark.parametrize("end", ["del x; gc.collect()", "del x", "pass"])
def test_a_hundred_thousand_functions_in_a_process(end: str) -> None:
    program = f"""
import gc, torch, lampas
x = torch.ones(1, requires_grad=True)
for _ in range(100_000):
    x = x * 1.0
print(lampas.graph(x))
{end}
"""
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("backward walks 100,000 Functions to 1 leaf;")
