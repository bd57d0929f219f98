"""Fine-tuning in two phases: a fresh head on a frozen net, then all of it, the old parts slowly."""

from collections.abc import Mapping
from typing import ClassVar, final

from torch import nn

from lampas import optim
from lampas.callbacks import Callback, Event, EventKind
from lampas.data.feed import check_count
from lampas.errors import InputError
from lampas.optim.schedules import ScheduleFunction, one_cycle
from lampas.vision.own_net import head_of
from lampas.vision.pipeline import FromBytes

SLOW = 0.1
"""The rate of what was learnt before, beside the head's, in the second phase."""


@final
class Thaw(Callback):
    """Freezes all of a net but its head, and thaws it after `epochs` epochs.

    Frozen parts rest in evaluation mode: batch norm keeps the statistics that it came with, and
    nothing is dropped, so that the head learns from the features as they were learnt. With the
    second phase all of the net trains, its batch norm too. The optimiser holds all parameters
    from the start: without a gradient it leaves them alone, weight decay included.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2))
    >>> thaw = Thaw(FromBytes(net, mean=[0.5] * 3, deviation=[0.5] * 3), epochs=1)
    >>> [name for name, one in net.named_parameters() if one.requires_grad]
    ['2.weight', '2.bias']
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"epoch_begin", "fit_end"})

    def __init__(self, whole: FromBytes, epochs: int) -> None:
        self.whole = whole
        self.epochs = epochs
        head = _head(whole.net)
        self._frozen = [name for name in optim.freeze(whole.net) if not _within(name, head)]
        optim.unfreeze(whole.net, f"{head}.*")
        whole.train_only(whole.net.get_submodule(head))

    def __call__(self, event: Event) -> None:
        if self._frozen and (event.kind == "fit_end" or event.epoch > self.epochs):
            optim.unfreeze(self.whole.net, *self._frozen)
            self.whole.train_only(None)
            self._frozen = []


def check(fine_tune: int, epochs: int, net: object) -> None:
    """Raises `InputError` unless there is a net that has learnt, and an epoch for each phase."""
    check_count("fine_tune", fine_tune)
    if net is None:
        raise InputError("fine_tune needs a net that has learnt already: bring yours")
    if fine_tune >= epochs:
        raise InputError(
            f"fine_tune={fine_tune} of epochs={epochs} leaves none for the whole net: pass more "
            "epochs"
        )


def slow_parts(whole: FromBytes, model: nn.Module) -> Mapping[str, float]:
    """{pattern: factor} of the rates for `lampas.optim.groups` of `model`, which holds `whole`:
    1 for the head, a tenth for the rest of the net."""
    place = next(name for name, one in model.named_modules() if one is whole.net)
    return {f"{place}.{_head(whole.net)}.*": 1.0, f"{place}.*": SLOW}


def two_cycles(first: int, epochs: int) -> ScheduleFunction:
    """One cycle over the first phase's epochs, and another over the rest.

    >>> [round(two_cycles(1, 3)(step, 30), 2) for step in (0, 2, 9, 10, 15, 29)]
    [0.04, 1.0, 0.0, 0.04, 1.0, 0.0]
    """

    cycle = one_cycle()

    def factor(step: int, total: int) -> float:
        turn = total * first // epochs
        return cycle(step, turn) if step < turn else cycle(step - turn, total - turn)

    return factor


def _head(net: nn.Module) -> str:
    found = head_of(net)
    if found is None or found[0] == "":
        raise InputError(
            f"fine_tune: {type(net).__name__} has no nn.Linear behind other layers that could be "
            "its head: train it without fine_tune"
        )
    return found[0]


def _within(name: str, module: str) -> bool:
    return name.startswith(f"{module}.")
