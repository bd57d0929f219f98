"""One line where training waited for its data: how long, and what to do about it."""

from collections.abc import Iterator

from torch.utils.data import DataLoader, IterableDataset

from lampas.callbacks.say import say
from lampas.cores import usable_cores
from lampas.data.feed import Source
from lampas.run import Run

_SHARE = 0.1  # of the time, from which on it is told
_SHARE_OF_ARRAYS = 0.5  # there is little to be done about them
_SECONDS = 2.0


def tell_of_waiting(run: Run, source: Source) -> None:
    """Say it, where it is worth a line.

    On an accelerator what is waited for here may pass while the device computes, so the line says
    what was measured and no more.
    """
    waited, whole = run.waited_in_all, run.looped
    least = _SHARE if source.rows is None else _SHARE_OF_ARRAYS
    if waited < _SECONDS or waited < least * whole:
        return
    times = f"{100 * waited / whole:.0f} % of the time ({waited:.3g} of {whole:.3g} s)"
    device = source.device.type
    if device == "cpu":
        said = f"the model waited for its batches {times}"
    else:
        said = f"reading batches took {times}, beside what {device} computed meanwhile"
    say(f"data: {said}: {_advice(source)}")


def _advice(source: Source) -> str:
    data = source.x
    if source.rows is not None:
        return "rows are gathered where the arrays lie, and memory or the disk is slow"
    if isinstance(data, DataLoader):
        return _of_a_loader(data.num_workers)
    if isinstance(data, IterableDataset):
        return "pass a DataLoader of it with num_workers="
    if isinstance(data, Iterator):
        return "a generator is read in this process; a Dataset is read ahead by others"
    if not source.opened:
        return f"a {type(data).__name__} is read in this process"
    return _of_a_dataset(source)


def _of_a_loader(workers: int) -> str:
    cores = usable_cores()
    if not workers and cores > 1:
        return "pass num_workers= to its DataLoader, or the Dataset itself, for which fit chooses"
    if workers < cores:
        return f"more than num_workers={workers} may help: there are {cores} cores"
    return f"num_workers={workers} keep {cores} cores busy: less work a sample would help"


def _of_a_dataset(source: Source) -> str:
    chooser = source.opened[0].chooser
    if chooser.count:
        return (
            f"less work a sample would help; {chooser.count} read ahead on {usable_cores()} cores"
        )
    if chooser.why is not None:
        return f"it is read in this process: {chooser.why}"
    return "workers would not have made the run shorter; less work a sample would"
