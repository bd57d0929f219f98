"""What images cost: the second epoch against decoding anew, and memory by the folder's size.

    LAMPAS_DATA=… python benchmarks/images_cost.py [--repeats 5]

Time: one shuffled epoch of batches of 128 over CIFAR-2's training folder (10 000 JPEGs of 32 × 32)
out of the cache, in this process, against a DataLoader with 2 workers over a data set that opens
each file with Pillow and makes a tensor of it, as torchvision's ImageFolder does. Interleaved;
medians and their ratio.

Memory: the peak of a process of its own that finds the images of a folder, builds the cache and
reads two epochs, for CIFAR-2's training folder and for one with ten names (hard links) for each
of its files, which is ten times as large to whoever reads it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from lampas.vision.find import find_images
from lampas.vision.pixels import Pixels, load_pixels

BATCH = 128

EPOCHS = """
import resource, sys
import torch
from lampas.vision.find import find_images
from lampas.vision.pixels import load_pixels

torch.set_num_threads(1)
pixels, _, _ = load_pixels(find_images(sys.argv[1]).train, (32, 32), 3, cache=sys.argv[2])
for _ in range(2):
    for rows in torch.randperm(len(pixels)).split(128):
        images = pixels[rows]
print(len(pixels), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class OpenEach(Dataset[tuple[torch.Tensor, int]]):
    """Files and classes, each file opened when it is asked for."""

    def __init__(self, folder: Path) -> None:
        names = sorted(path.name for path in folder.iterdir())
        self.files = [(path, names.index(path.parent.name)) for path in folder.glob("*/*.jpg")]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.files[index]
        with open(path, "rb") as file:
            image = Image.open(file).convert("RGB")
        return torch.from_numpy(np.array(image)).permute(2, 0, 1), label


def unpacked(to: Path) -> Path:
    data = os.environ.get("LAMPAS_DATA")
    if not data:
        raise SystemExit("LAMPAS_DATA must name the folder with cifar2/cifar2.tar")
    with tarfile.open(Path(data, "cifar2", "cifar2.tar")) as archive:
        archive.extractall(to, filter="data")
    return to / "cifar2"


def multiplied(folder: Path, to: Path, times: int) -> Path:
    """A folder with `times` names for each file."""
    for path in folder.glob("*/*.jpg"):
        target = to / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        for copy in range(times):
            os.link(path, target / f"{path.stem}-{copy}.jpg")
    return to


def seconds(epoch) -> float:
    start = time.perf_counter()
    count = sum(len(batch) for batch in epoch)
    assert count == 10_000
    return time.perf_counter() - start


def opened(folder: Path):
    loader = DataLoader(OpenEach(folder), BATCH, shuffle=True, num_workers=2)
    return (images for images, _ in loader)


def directly(pixels: Pixels):
    return (pixels[rows] for rows in torch.randperm(len(pixels)).split(BATCH))


def loaded(pixels: Pixels):
    sampler = BatchSampler(RandomSampler(pixels), BATCH, drop_last=False)
    return iter(DataLoader(pixels, sampler=sampler, batch_size=None))


def compare_times(folder: Path, cache: Path, repeats: int) -> None:
    listing = find_images(folder).train
    start = time.perf_counter()
    load_pixels(listing, (32, 32), 3, cache=cache)
    built = time.perf_counter() - start
    start = time.perf_counter()
    pixels, _, _ = load_pixels(listing, (32, 32), 3, cache=cache)
    again = time.perf_counter() - start
    ways = {
        "opened each time, 2 workers": lambda: opened(folder),
        "cached, directly": lambda: directly(pixels),
        "cached, through a DataLoader": lambda: loaded(pixels),
    }
    times = {name: [] for name in ways}
    for _ in range(repeats):
        for name, epoch in ways.items():
            times[name].append(seconds(epoch()))
    base = statistics.median(times["opened each time, 2 workers"])
    print(f"building the cache {built:8.3f} s\nfinding it again   {again:8.3f} s")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:<30} {middle:8.3f} s an epoch  {middle / base:6.3f} ×")


def peak(folder: Path, cache: Path) -> tuple[int, float]:
    """How many images, and the peak memory in MB."""
    command = [sys.executable, "-c", EPOCHS, str(folder), str(cache)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(said[0]), int(said[1]) / 1024


def compare_memory(folders: list[Path], scratch: Path) -> None:
    peaks: list[float] = []
    for folder in folders:
        count, memory = peak(folder, scratch / f"cache of {folder.name}")
        peaks.append(memory)
        print(f"peak memory, {count:>7} images {memory:8.1f} MB", flush=True)
    print(f"ten times as many images: {100 * (peaks[1] / peaks[0] - 1):+.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpacked(Path(scratch)) / "train"
        compare_times(folder, Path(scratch, "cache"), repeats)
        larger = multiplied(folder, Path(scratch, "larger"), 10)
        compare_memory([folder, larger], Path(scratch))


if __name__ == "__main__":
    main()
