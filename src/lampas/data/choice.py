"""How many processes read a dataset: chosen by measuring, batch by batch."""

import math
import statistics
from typing import Protocol

import torch

from lampas.cores import usable_cores

_COLD = 2  # batches that are not looked at: the first take longer
_LEAST = 8  # batches that are judged together
_LOOK = 0.1  # seconds that they take at least
_OVERHEAD = 0.5e-3  # seconds a batch costs on its way between processes
_START = 0.1  # seconds that a pass begins later; measured once one has begun
_WORTH = 1.0  # seconds that a run is to end sooner
_SHARE = 0.1  # of a batch's time that is to be saved
_TRIAL = 0.5  # seconds with workers that are timed
_DEEP = 4


class Chooser(Protocol):
    """Says, between two batches, who reads the next ones.

    `count`: how many processes; 0 for this one. `depth`: how many batches each reads ahead. `why`:
    the reason for which this process reads for good, where it does.
    """

    count: int
    depth: int
    why: str | None

    def here(self, read: float, used: float) -> None:
        """A batch was read in this process, and then used, in so many seconds."""
        ...

    def ahead(self, waited: float, used: float) -> None:
        """A batch of another process was waited for, and then used."""
        ...

    def started(self, seconds: float) -> None:
        """Processes were there, with their first batch, after so long."""
        ...

    def stay(self, why: str) -> None:
        """It is this process that reads from here on."""
        ...


class Never:
    """This process reads."""

    count, depth = 0, 0
    why: str | None = None

    def here(self, read: float, used: float) -> None: ...

    def ahead(self, waited: float, used: float) -> None: ...

    def started(self, seconds: float) -> None: ...

    def stay(self, why: str) -> None: ...


class Choice:
    """Goes by the clock, for `passes` passes of so many `batches`.

    A batch takes `read` seconds to read, and its step `used`, on `threads` cores. Processes that
    read ahead make it the longest of these: the step; the reading, shared among them; and all the
    work, shared among all cores. They are started where what is left of the run would end sooner by
    clearly more than that costs, and a batch gains a tenth. Then their batches are timed too. Where
    these are no faster, this process reads some again, for the machine may have become slower
    meanwhile; and goes on with it, unless its own now take longer.
    """

    def __init__(self, batches: int, passes: int, *, on_host: bool) -> None:
        self.count, self.depth = 0, 2
        self.why: str | None = None
        self._batches = max(1, batches)
        self._left = batches * passes
        self._threads = torch.get_num_threads() if on_host else 1
        self._cores = usable_cores()
        self._reads: list[float] = []
        self._uses: list[float] = []
        self._forget(_COLD)
        self._before = 0.0  # seconds that a batch took without workers
        self._tried = 0, 0.0  # workers, and the seconds of a batch, that are in doubt
        self._start = _START
        self._told = ""  # the line that waits until they are there
        self._is_settled = self._cores < 2

    def here(self, read: float, used: float) -> None:
        """See `Chooser`."""
        self._left -= 1
        doubted = self._tried[0] > 0
        if self._is_settled or not self._take(read, used, _TRIAL if doubted else _LOOK):
            return
        if doubted:
            self._decide(self._mean())
            return
        # Reading may pause; but with accumulation one batch in so many has all the steps behind it.
        read, used = statistics.median(self._reads), statistics.fmean(self._uses)
        uneven = max(self._reads) > 2 * read
        self._forget(0)
        count = self._worth(read, used)
        if count:
            self.count, self._before = count, read + used
            self.depth = _DEEP if uneven else 2
            self._told = (
                f"a batch takes {_ms(read)} to read and {_ms(used)} to compute: "
                f"{_workers(count)} from here on"
            )

    def _worth(self, read: float, used: float) -> int:
        """How many processes pay; 0 where none does."""
        floor = max(used, (read + used * self._threads) / self._cores)
        count = min(self._cores, math.ceil(read / floor))
        saved = read + used - max(floor, read / count) - _OVERHEAD
        gained = self._left * (saved - self._start / self._batches)
        return count if saved > _SHARE * (read + used) and gained > _WORTH else 0

    def _take(self, first: float, second: float, enough: float) -> bool:
        """Whether there is enough to judge by."""
        if self._warm:
            self._warm -= 1
            return False
        self._reads.append(first)
        self._uses.append(second)
        self._sum += first + second
        return len(self._reads) >= _LEAST and self._sum >= enough

    def _forget(self, warm: int) -> None:
        """Begin anew, and leave out so many batches."""
        self._reads, self._uses, self._sum, self._warm = [], [], 0.0, warm

    def started(self, seconds: float) -> None:
        """See `Chooser`."""
        if self._told:
            tell(self._told)
            self._told = ""
            self._forget(self.count * (self.depth + 1))
        self._start = seconds

    def ahead(self, waited: float, used: float) -> None:
        """See `Chooser`."""
        self._left -= 1
        if self._is_settled or not self._take(waited, used, _TRIAL):
            return
        now = self._mean() + self._start / self._batches
        if now < self._before:
            self._is_settled = True
        else:
            self.count, self._tried = 0, (self.count, now)
            self._forget(_COLD)

    def _decide(self, here: float) -> None:
        """Between workers, as they were tried, and this process, as it was timed after that."""
        count, ahead = self._tried
        if ahead < here:
            self.count, self._is_settled = count, True
            return
        self.stay("workers were no faster")
        tell(
            f"with {count} {'worker' if count == 1 else 'workers'} a batch takes "
            f"{_ms(ahead)} instead of {_ms(here)}: it is read in this process again"
        )

    def _mean(self) -> float:
        """Of what was taken: what a pause now and then costs is part of it."""
        return self._sum / len(self._reads)

    def stay(self, why: str) -> None:
        """See `Chooser`."""
        self.count, self.why, self._is_settled = 0, why, True


def tell(line: str) -> None:
    """Say one line about the data."""
    from lampas.callbacks.say import say  # not above: the callbacks know the data

    say(f"data: {line}")


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2g} ms" if seconds < 0.1 else f"{1e3 * seconds:.0f} ms"


def _workers(count: int) -> str:
    return "a worker process reads ahead" if count == 1 else f"{count} workers read ahead"
