"""What the log costs: time of `fit` with `TensorBoard`, all of it on, as a ratio to `fit` without.

    python benchmarks/board_cost.py [--repeats 9] [--threads 1] [--only rings|cnn]

The nets of `loop.py`, with validation and a metric: scalars of every tenth step, histograms of
all weights and gradients each epoch, the graph, hyperparameters and their results. A run is timed
whole, with the start of the log and the wait for its end, after one to warm up (which imports
TensorBoard). Both kinds of run alternate; the figure is the ratio of their medians, and beside it
the median of the ratios of neighbours. Runs are of 2 to 5 seconds: what a run pays once, however
long it is, is told apart, from a run that logs nothing but epochs.
"""

import argparse
import platform
import statistics
import tempfile
import time

import torch
from workloads import WORKLOADS, Workload

import lampas
from lampas.callbacks import CallbackLike, TensorBoard

EPOCHS = {"rings": 600, "cnn": 8, "text": 20}


def seconds(work: Workload, epochs: int, callbacks: list[CallbackLike]) -> float:
    """Wall time of one `fit`."""
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), lr=work.lr), work.loss, ["accuracy"])
    start = time.perf_counter()
    model.fit(work.x, work.y, batch_size=work.batch_size, epochs=epochs, verbose=0,
              validation_data=(work.x_val, work.y_val), callbacks=callbacks)  # fmt: skip
    return time.perf_counter() - start


def once(work: Workload, log: bool) -> float:
    """Wall time of a run of one epoch: what a log costs before and after its epochs."""
    with tempfile.TemporaryDirectory() as folder:
        return seconds(work, 1, [TensorBoard(folder)] if log else [])


def measure(key: str, repeats: int) -> None:
    """Print the ratio for one workload."""
    work, epochs = WORKLOADS[key](), EPOCHS[key]
    plain: list[float] = []
    logged: list[float] = []
    for repeat in range(repeats + 1):
        with tempfile.TemporaryDirectory() as folder:
            pair = [("plain", []), ("logged", [TensorBoard(folder)])]
            for name, callbacks in pair if repeat % 2 else reversed(pair):
                took = seconds(work, epochs, callbacks)
                if repeat:
                    (plain if name == "plain" else logged).append(took)
    ratio = statistics.median(logged) / statistics.median(plain)
    pairs = statistics.median(b / a for a, b in zip(plain, logged, strict=True))
    start = statistics.median(once(work, True) - once(work, False) for _ in range(repeats))
    print(f"{work.name:12} {epochs:4} epochs  plain {statistics.median(plain):6.2f} s  "
          f"logged {statistics.median(logged):6.2f} s  ratio {ratio:.3f} "
          f"(of neighbours {pairs:.3f}; {min(logged) / min(plain):.3f} of the fastest); "
          f"once a run {1000 * start:.0f} ms", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=EPOCHS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, "
          f"{options.threads} thread(s), medians of {options.repeats} alternating runs")  # fmt: skip
    for key in [options.only] if options.only else ["rings", "cnn"]:
        measure(key, options.repeats)


if __name__ == "__main__":
    main()
