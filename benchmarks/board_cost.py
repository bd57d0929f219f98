"""What the log costs: time of `fit` with `TensorBoard`, all of it on, as a ratio to `fit` without.

    python benchmarks/board_cost.py [--repeats 9] [--threads 1] [--only rings|cnn]

The nets of `loop.py`, with validation and a metric: scalars of every tenth step, histograms of
all weights and gradients each epoch, the graph, hyperparameters and their results. A run is timed
whole, with the start of the log and the wait for its end, after one to warm up (which imports
TensorBoard). Both kinds of run alternate; the figure is the ratio of their medians, and beside it
the median of the ratios of neighbours, and the ratio of the processor time that this process
used: on a machine with other work to do that alone is steady. It leaves out the process that
writes the log, on a core of its own. Runs take 2 to 4 seconds; what a log costs once a run,
however long that is, is the difference of runs of one epoch.
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


Times = tuple[float, float]
"""Wall time, and processor time of this process, in seconds."""


def fit(work: Workload, epochs: int, log: bool) -> Times:
    """The times of one `fit`."""
    model = lampas.Model(work.net())
    model.compile(torch.optim.Adam(model.parameters(), lr=work.lr), work.loss, ["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        callbacks: list[CallbackLike] = [TensorBoard(folder)] if log else []
        start, used = time.perf_counter(), time.process_time()
        model.fit(work.x, work.y, batch_size=work.batch_size, epochs=epochs, verbose=0,
                  validation_data=(work.x_val, work.y_val), callbacks=callbacks)  # fmt: skip
        return time.perf_counter() - start, time.process_time() - used


def pairs(work: Workload, epochs: int, repeats: int) -> list[tuple[Times, Times]]:
    """(without, with a log) of alternating runs, each kind first as often as the other."""
    found: list[tuple[Times, Times]] = []
    for repeat in range(repeats):
        times = {log: fit(work, epochs, log) for log in ((False, True), (True, False))[repeat % 2]}
        found.append((times[False], times[True]))
    return found


def median(found: list[tuple[Times, Times]], log: bool, which: int) -> float:
    """The median of wall (0) or processor time (1) of the runs with or without a log."""
    return statistics.median(pair[log][which] for pair in found)


def measure(key: str, repeats: int) -> None:
    """Print the ratios for one workload."""
    work, epochs = WORKLOADS[key](), EPOCHS[key]
    fit(work, 1, True)
    found, short = pairs(work, epochs, repeats), pairs(work, 1, repeats)
    wall, used = (median(found, True, i) / median(found, False, i) for i in (0, 1))
    neighbours = statistics.median(b[0] / a[0] for a, b in found)
    once = 1000 * statistics.median(b[0] - a[0] for a, b in short)
    print(f"{work.name:12} {epochs:4} epochs of {1000 * median(found, False, 0) / epochs:6.1f} ms: "
          f"ratio {wall:.3f}, of neighbours {neighbours:.3f}, of processor time {used:.3f}; "
          f"once a run {once:.0f} ms", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=EPOCHS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {options.threads} "
          f"thread(s), medians of {options.repeats} alternating runs", flush=True)  # fmt: skip
    for key in [options.only] if options.only else ["rings", "cnn"]:
        measure(key, options.repeats)


if __name__ == "__main__":
    main()
