"""`lampas.images` on real images, each scored on images that no training saw.

    LAMPAS_DATA=... python benchmarks/quality_images.py [SEED]

CIFAR-2: airplanes and automobiles, trained on the folder of 10 000 JPEGs, scored on the folder of
2 000. MNIST t10k: the first 8 000 of these digits to learn from, the last 2 000 to score; their
order is not that of the classes. Both with the settings that `lampas.images` has by itself, for
all epochs, with nothing held out of the training, so that nothing is chosen by any score.
"""

import gzip
import os
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lampas

Scores = dict[str, float]


def cifar2(seed: int) -> Scores:
    """Airplanes and automobiles, 32 × 32, RGB."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(_data() / "cifar2" / "cifar2.tar") as archive:
            archive.extractall(folder, filter="data")
        root = Path(folder) / "cifar2"
        model = lampas.images(root / "train", validation=None, seed=seed, verbose=0)
        return model.evaluate(root / "test")


def mnist_t10k(seed: int) -> Scores:
    """Handwritten digits, 28 × 28, grey."""
    x = _idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    y = _idx("t10k-labels-idx1-ubyte.gz", 8)
    model = lampas.images((x[:8000], y[:8000]), validation=None, seed=seed, verbose=0)
    return model.evaluate((x[8000:], y[8000:]))


CASES: dict[str, Callable[[int], Scores]] = {"CIFAR-2": cifar2, "MNIST t10k": mnist_t10k}
GOALS: dict[str, str] = {
    "CIFAR-2": "accuracy ≥ 0.970 in ≤ 15 epochs (a plain 6-layer CNN: 0.966)",
    "MNIST t10k": "accuracy ≥ 0.988",
}


def _data() -> Path:
    return Path(os.environ["LAMPAS_DATA"])


def _idx(name: str, header: int) -> np.ndarray:
    with gzip.open(_data() / "mnist" / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    for name, train in CASES.items():
        scores = ", ".join(f"{key} {value:.4f}" for key, value in train(seed).items())
        print(f"{name}, seed {seed}: {scores}; goal: {GOALS[name]}", flush=True)


if __name__ == "__main__":
    main()
