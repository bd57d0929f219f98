"""What it costs to turn texts into ids: `python benchmarks/texts_cost.py [MEGABYTES]`.

`LAMPAS_DATA` names the folder of the data sets. The text is that of rt_polarity, over and over;
once as it is, and once with a number in each line, so that new words come all the time. Speed is
per second of the wall, and of the processor, to tell a busy machine from slow code.
"""

import os
import resource
import sys
import time
from pathlib import Path

from lampas.text.tokens import KINDS, Tokens


def lines_of(megabytes: float, numbered: bool = False) -> list[str]:
    """Lines of film reviews, `megabytes` in all; `numbered` ones have a word of their own each."""
    folder = os.environ.get("LAMPAS_DATA")
    if folder is None:
        sys.exit("set LAMPAS_DATA to the folder of the data sets")
    paths = [Path(folder) / "rt_polarity" / f"rt-polarity.{name}" for name in ("neg", "pos")]
    once = [line for path in paths for line in path.read_text("utf-8").strip().split("\n")]
    times = round(megabytes * 1e6 / sum(len(line.encode()) for line in once))
    if not numbered:
        return once * times
    return [f"{line} {turn}-{row}" for turn in range(times) for row, line in enumerate(once)]


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 40.0
    for numbered in (False, True):
        measure(lines_of(megabytes, numbered), "a new word each" if numbered else "as they are")


def measure(lines: list[str], what: str) -> None:
    """Print what encoding `lines` costs, with each kind of vocabulary."""
    size = sum(len(line.encode()) for line in lines) / 1e6
    print(f"{len(lines):,} lines, {what}, {size:.1f} MB; {peak():.0f} MB of memory before")
    for kind in KINDS:
        began = time.perf_counter()
        tokens = Tokens.fit(lines[: len(lines) // 40], kind)
        fitted = time.perf_counter() - began
        began, busy = time.perf_counter(), time.process_time()
        ids, _ = tokens.encode(lines, 512)
        wall, busy = time.perf_counter() - began, time.process_time() - busy
        print(
            f"{kind:9}  fit {fitted:5.2f} s  encode {size / wall:5.1f} MB/s of the wall, "
            f"{size / busy:5.1f} MB/s of one core; {len(ids.flat) / 1e6:.1f} M ids in "
            f"{ids.flat.nbytes / 1e6:.0f} MB; peak {peak():.0f} MB"
        )


if __name__ == "__main__":
    main()
