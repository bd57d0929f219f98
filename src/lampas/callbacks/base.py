"""What a callback sees, and the one thing it may answer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import Tensor

if TYPE_CHECKING:
    from lampas.history import History
    from lampas.model import Model

EventKind = Literal[
    "fit_begin",
    "epoch_begin",
    "step",
    "look",
    "validation_begin",
    "epoch_end",
    "non_finite",
    "fit_end",
]


LOOK_SECONDS = 0.1
"""Live callbacks look at most this often: looking waits for the device."""


@dataclass(frozen=True, slots=True)
class Event:
    """One moment of a training run.

    `kind`:
        "fit_begin", "fit_end": once each; `fit_end` comes also after a stop, Ctrl-C or an error,
            and to everyone, also where another callback raises in it.
        "epoch_begin", "epoch_end": `logs` of "epoch_end" is the whole row of that epoch.
        "step": after each step (only callbacks that hear it pay for it); `logs` are the running
            loss and metrics, computed when they are read: reading waits for the device.
        "look": at most ten times a second; `logs` holds the running loss and metrics.
        "validation_begin": all steps of an epoch are done, and its validation follows; only in
            epochs that validate.
        "non_finite": the loss of this step is nan or infinite; answering with a `Stop` ends
            `fit` cleanly, otherwise `fit` raises `NonFiniteError`.
    `epoch`: the epoch under way, counted from 1; 0 before the first. `epochs`: the last one.
    `step`: steps done in this epoch. `steps`: how many it has, None where nobody knows.
    `validates`: whether the run has validation data.
    `losses`: of a "step", each loss of this step alone, a 0-d tensor on the device: nobody has
        looked at it yet, and keeping it waits for nothing.
    `waited`: seconds that this epoch has waited for its batches.
    `resumed`: the run goes on where an earlier process of it was cut off; `history` has the rows
        of that one, from "fit_begin" on.
    `error`: of "fit_end", what ended the run; a `KeyboardInterrupt` also where Ctrl-C ended it
        cleanly. None where it came to its end or a `Stop` ended it.
    """

    kind: EventKind
    model: "Model"
    history: "History"
    epoch: int
    epochs: int
    step: int
    steps: int | None
    logs: Mapping[str, float]
    validates: bool = True
    losses: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    waited: float = 0.0
    error: BaseException | None = None
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """A callback's request to end `fit` after this step or epoch, with the reason to print.

    `resumes`: with checkpoints, the same call goes on from here later; else the run is over.
    """

    reason: str
    resumes: bool = False


class Callback(ABC):
    """Looks at a run, and may ask to stop it.

    `hears` names the kinds of events it is called with. A plain function works as a callback
    too: it is called with each "epoch_end".
    `step_every`: one that hears "step" needs no more than each so many of a run's steps, and none
    where it is 0. It may hear others too, where another callback asks for them. It is read again
    at the beginning of each epoch, after "epoch_begin".
    `last`: told after those that may change the model, wherever it stands in the list.
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})
    last: ClassVar[bool] = False
    step_every: int = 1

    @abstractmethod
    def __call__(self, event: Event) -> Stop | None:
        """Look at `event`; return a `Stop` to end the run."""


CallbackLike = Callable[[Event], Stop | None]


def reads_gradients(callback: CallbackLike) -> bool:
    """Whether `callback` may look at the gradients of a step: as it says itself in
    `reads_gradients`, or where it hears of steps."""
    return getattr(callback, "reads_gradients", hears(callback, "step"))


def hears(callback: CallbackLike, kind: EventKind) -> bool:
    """Whether `callback` wants events of `kind`."""
    heard: frozenset[str] = getattr(callback, "hears", frozenset({"epoch_end"}))
    return kind in heard
