"""Peak memory of training, and what it costs in time: each way in processes of its own.

    python benchmarks/memory.py                    # ten minutes; the table
    python benchmarks/memory.py --workload mlp --repeats 1

Memory in two measures, both beside what is there once all is imported, the data are made and two
rows went through. "live": the most bytes that tensors and kernels have from torch's allocator at a
time, as the profiler is told of each; the same number in each process. "resident": the most that
the process takes of the machine (Linux alone tells it), where malloc gives blocks of 1 MB and more
back at once: left to itself it keeps some, so that processes differ by 20 MB. Time is that of the
processor, all ways in turn in one process, the least of some runs; of compiled steps see `loop.py`
and `peers.py`, for here a run is over before they pay.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from workloads import Workload, class_accuracy, cnn_norm


class Encoder(nn.Module):
    """Six layers of a Transformer encoder, 256 wide, the mean, a decision."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(256, 4, 1024, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
        self.head = nn.Linear(256, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).mean(1))


def encoder() -> Workload:
    """128 tokens, 256 wide, in batches of 16: activations are nearly all of it."""
    torch.manual_seed(8)
    x, y = torch.randn(80, 128, 256), torch.randint(0, 4, (80,))
    return Workload("Transformer, 6 layers", Encoder, x[:64], y[:64], x[64:], y[64:],
                    nn.CrossEntropyLoss(), 16, 2, 1e-4, class_accuracy)  # fmt: skip


def mlp() -> Workload:
    """15 million weights and batches of 32: weights, gradients and Adam's moments are all of it."""
    torch.manual_seed(9)
    x, y = torch.randn(320, 512), torch.randint(0, 4, (320,))

    def net() -> nn.Module:
        layers = [nn.Linear(512, 2048), nn.ReLU()]
        for _ in range(3):
            layers += [nn.Linear(2048, 2048), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(2048, 4))

    return Workload("MLP, 14 M weights", net, x[:256], y[:256], x[256:], y[256:],
                    nn.CrossEntropyLoss(), 32, 2, 1e-4, class_accuracy)  # fmt: skip


def cnn() -> Workload:
    """`cnn_norm` of the other benchmarks."""
    return cnn_norm()


def by_hand(work: Workload) -> None:
    """The leanest loop we can write: unlike `by_hand.best_by_hand`, which is there for its time, it
    copies no data but a batch at a time and keeps no outputs."""
    net = work.net()
    optimizer = torch.optim.Adam(net.parameters(), lr=work.lr, fused=True)
    size = work.batch_size
    for _ in range(work.epochs):
        net.train()
        loss_sum, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(len(work.x)).split(size):
            x, y = work.x[rows], work.y[rows]
            optimizer.zero_grad()
            y_pred = net(x)
            loss = work.loss(y_pred, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(y)
            right += work.accuracy(y_pred.detach(), y) * len(y)
        net.eval()
        with torch.no_grad():
            loss_sum, right = torch.zeros(()), torch.zeros(())
            for x, y in zip(work.x_val.split(size), work.y_val.split(size), strict=True):
                y_pred = net(x)
                loss_sum += work.loss(y_pred, y) * len(y)
                right += work.accuracy(y_pred, y) * len(y)


def with_lampas(**options: Any) -> Callable[[Workload], None]:
    def train(work: Workload) -> None:
        import lampas

        model = lampas.Model(work.net())
        optimizer = torch.optim.Adam(model.parameters(), lr=work.lr)
        model.compile(optimizer, work.loss, metrics=["accuracy"], **options)
        model.fit(work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
                  validation_data=(work.x_val, work.y_val))  # fmt: skip

    return train


WORKLOADS = {"cnn": cnn, "encoder": encoder, "mlp": mlp}
COMPILED = "fit, jit=True"
CONTENDERS: dict[str, Callable[[Workload], None]] = {
    "by hand": by_hand,
    "fit": with_lampas(jit=False),
    COMPILED: with_lampas(jit=True),
    "recompute=True": with_lampas(jit=False, recompute=True),
    "optimizer_in_backward=True": with_lampas(jit=False, optimizer_in_backward=True),
    "both": with_lampas(jit=False, recompute=True, optimizer_in_backward=True),
}


def live(work: Workload, train: Callable[[Workload], None]) -> float:
    """MB from torch's allocator at the peak."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        train(work)
    events = seen.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    held = most = 0
    for _, change in changes:
        held += change
        most = max(most, held)
    return most / 1e6


def resident(work: Workload, train: Callable[[Workload], None]) -> float:
    """MB of the process at the peak."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = _status("VmRSS:")
    train(work)
    return _status("VmHWM:") - before  # a child's `ru_maxrss` may be its parent's


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name))


def seconds(work: Workload, repeats: int) -> dict[str, float]:
    """Of one epoch, for each way."""
    took: dict[str, list[float]] = {}
    for _ in range(repeats + 1):
        for name, train in CONTENDERS.items():
            if name != COMPILED:
                start = time.process_time()
                train(work)
                took.setdefault(name, []).append(time.process_time() - start)
    return {name: min(times[1:]) / work.epochs for name, times in took.items()}


def one(workload: str, contender: str, trial: str) -> float:
    """A number, of this process."""
    work = _prepared(workload)
    return {"live": live, "resident": resident}[trial](work, CONTENDERS[contender])


def _prepared(workload: str) -> Workload:
    import lampas.model  # noqa: F401  # a part of the base for everyone
    from lampas.freed import keep_freed_memory

    keep_freed_memory()  # once in a process, 31 MiB of which no page is touched
    torch.set_num_threads(1)
    work = WORKLOADS[workload]()
    _warm(work)
    gc.collect()
    return work


def _warm(work: Workload) -> None:
    """A step on two rows: kernels and what they need are loaded."""
    net = work.net()
    work.loss(net(work.x[:2]), work.y[:2]).backward()
    torch.optim.Adam(net.parameters(), fused=True).step()


def ask(*what: str) -> Any:
    """This program's answer, in a process of its own."""
    command = [sys.executable, __file__, *what]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_env(what[-1]))
    return json.loads(done.stdout.splitlines()[-1])


def _env(trial: str) -> dict[str, str]:
    own = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)} if trial == "resident" else {}
    return {**os.environ, **own}


def table(workloads: list[str], repeats: int) -> str:
    rows = ["| | live MB | / by hand | resident MB | / by hand | s an epoch | / by hand |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for workload in workloads:
        found: dict[str, list[float]] = {name: [ask("--one", workload, name, "live")]
                                         for name in CONTENDERS}  # fmt: skip
        sizes: dict[str, list[float]] = {}
        for _ in range(repeats):
            for name in CONTENDERS:
                sizes.setdefault(name, []).append(ask("--one", workload, name, "resident"))
        times = ask("--times", workload, str(repeats))
        for name, numbers in found.items():
            numbers += [statistics.median(sizes[name]), times.get(name, float("nan"))]
        rows += _rows(WORKLOADS[workload]().name, found)
    return "\n".join(rows) + "\n"


def _rows(name: str, found: dict[str, list[float]]) -> list[str]:
    base = found["by hand"]
    lines: list[str] = []
    for contender, numbers in found.items():
        shown = [("{:.1f}" if of < 2 else "{:.3f}").format(n) for of, n in enumerate(numbers)]
        cells = [f"{text} | {n / b:.2f}" for text, n, b in zip(shown, numbers, base, strict=True)]
        lines.append(f"| {name}: {contender} | " + " | ".join(cells).replace("nan", "") + " |")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workload", choices=WORKLOADS, nargs="*", default=list(WORKLOADS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("WORKLOAD", "CONTENDER", "TRIAL"))
    parser.add_argument("--times", nargs=2, metavar=("WORKLOAD", "REPEATS"))
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(*asked.one)))
    elif asked.times:
        print(json.dumps(seconds(_prepared(asked.times[0]), int(asked.times[1]))))
    else:
        print(table(asked.workload, asked.repeats))


if __name__ == "__main__":
    main()
