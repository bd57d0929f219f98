"""The job that every framework gets, and the processes that it is killed in. Needs torch alone.

1 920 rows to train with, 80 to validate with, 16 columns and the row's number before them; a net
with batch norm and dropout; 4 epochs of 60 steps. At each step the net writes down which rows it
saw, and checksums of its inputs and of its dropout mask.
"""

import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from job import ROWS, VALID, Order
from torch import nn
from torch.utils.data import Dataset, TensorDataset


def tensors() -> tuple[torch.Tensor, torch.Tensor]:
    """All rows; the first column is a row's number."""
    source = torch.Generator().manual_seed(1)
    x = torch.randn(ROWS + VALID, 16, generator=source)
    y = (x @ torch.randn(16, 10, generator=source)).argmax(1)
    return torch.cat([torch.arange(len(x)).unsqueeze(1).float(), x], 1), y


class Augmented(Dataset):
    """The rows, with noise that is drawn as they are read."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor):
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = self.x[at].clone()
        row[1:] += 0.1 * torch.randn(16)
        return row, self.y[at]


def datasets(order: Order) -> tuple[Dataset, Dataset]:
    """To train with, to validate with."""
    x, y = tensors()
    kind = Augmented if order.workers else TensorDataset
    return kind(x[:ROWS], y[:ROWS]), TensorDataset(x[ROWS:], y[ROWS:])


class Witness:
    """Writes each step down before it is made, and is where the process is killed."""

    def __init__(self, order: Order):
        self.order, self.steps = order, 0
        self.file = open(order.log, "a", buffering=1)  # noqa: SIM115 - open until the process ends

    def _die_if(self, kind: str) -> None:
        if self.order.kill_after == self.steps > 0 and self.order.kill_at == kind:
            os.killpg(0, signal.SIGKILL)

    def train(self, ids: torch.Tensor, x: torch.Tensor, mask: torch.Tensor) -> None:
        self._die_if("train")
        sums = [zlib.crc32(one.detach().contiguous().numpy()) for one in (x, mask)]
        line = [time.monotonic(), [int(one) for one in ids.tolist()], *sums]
        self.file.write(json.dumps(line) + "\n")
        self.steps += 1

    def valid(self) -> None:
        self._die_if("valid")


class Net(nn.Module):
    """Two layers; the mask is dropout of ones, so that it can be looked at."""

    def __init__(self, order: Order):
        super().__init__()
        self.witness = Witness(order)
        with torch.random.fork_rng():
            torch.manual_seed(2)
            self.first, self.norm = nn.Linear(16, 64), nn.BatchNorm1d(64)
            self.drop, self.last = nn.Dropout(0.2), nn.Linear(64, 10)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        hidden = self.norm(self.first(rows[:, 1:])).relu()
        mask = self.drop(torch.ones_like(hidden))
        if self.training:
            self.witness.train(rows[:, 0], rows[:, 1:], mask)
        else:
            self.witness.valid()
        return self.last(hidden * mask)


def digest(values: Any) -> str:
    """SHA-256 of tensors, or of anything with a plain repr."""
    sha = hashlib.sha256()
    for one in values:
        is_tensor = isinstance(one, torch.Tensor)
        sha.update(one.detach().contiguous().numpy().tobytes() if is_tensor else repr(one).encode())
    return sha.hexdigest()[:16]


def ended(net: nn.Module, optimizer: Any, history: list[str]) -> dict[str, Any]:
    """What a run ended with, of a net and an optimiser of torch's kind."""
    states = [optimizer.state[one] for one in net.parameters()]
    return {
        "weights": digest(net.state_dict().values()),
        "optimizer": digest(value for state in states for _, value in sorted(state.items())),
        "steps": int(states[0]["step"]),
        "rate": float(optimizer.param_groups[0]["lr"]),
        "history": history,
    }


def serve(
    train: Callable[[Order], dict[str, Any]], version: str, weights: str, every: str = "10 steps"
) -> None:
    """Take orders, a line of JSON each; run each in a process of its own; say what came of it.

    Processes are forked, so that a framework is imported once and not 60 times. Nothing was
    computed before. `weights`: the pattern of the files in which checkpoints keep weights. `every`:
    how often it writes one.
    """
    about = {"version": version, "weights": weights, "every": every}
    out = os.dup(1)  # stdout is the frameworks', in the processes
    os.write(out, (json.dumps(about) + "\n").encode())
    for line in sys.stdin:
        order = Order(**json.loads(line))
        began = time.monotonic()
        pid = os.fork()
        if not pid:
            _child(train, order)
        status = _kill(pid, order) if order.kill_from else os.waitpid(pid, 0)[1]
        code = os.waitstatus_to_exitcode(status)
        os.write(out, (json.dumps({"code": code, "began": began}) + "\n").encode())


def _kill(pid: int, order: Order) -> int:
    """Kill a process and its workers when it has made so many steps, and some time more."""
    log, steps = Path(order.log), 0
    while steps < order.kill_from:
        time.sleep(0.001)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        steps = log.read_bytes().count(b"\n") if log.exists() else 0
    time.sleep(order.kill_seconds)
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        return status
    os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _child(train: Callable[[Order], dict[str, Any]], order: Order) -> None:
    os.setpgid(0, 0)  # its workers go with it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said = os.open(f"{order.log}.said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    code = 1
    try:
        torch.set_num_threads(1)
        random.seed(0)
        Path(order.folder).mkdir(exist_ok=True, parents=True)
        Path(f"{order.log}.found").write_text(json.dumps(train(order)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
