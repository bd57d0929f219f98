"""What `import lampas` adds to `import torch`, and how soon `lampas --help` answers.

    python benchmarks/startup.py [--repeats 7]

Each figure is the median over fresh processes, interleaved. `lampas.Model` is touched, because
names are imported when first used.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

IMPORTS = {
    "import torch": "import torch",
    "import torch, lampas.Model": "import torch, lampas; lampas.Model",
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    shell = shutil.which("lampas", path=Path(sys.executable).parent) or "lampas"
    commands = {name: [sys.executable, "-c", code] for name, code in IMPORTS.items()}
    commands["lampas --help"] = [shell, "--help"]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        seconds(command)  # fills the file cache
    for _ in range(repeats):
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name:28} {median:6.3f} s")
    first, second = (medians[name] for name in IMPORTS)
    print(f"{'lampas adds':28} {second - first:6.3f} s")


if __name__ == "__main__":
    main()
