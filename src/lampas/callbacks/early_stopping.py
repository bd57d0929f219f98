"""Stop when a number no longer improves, and go back to the weights that were best."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, final

import torch
from torch import Tensor

from lampas.callbacks.base import Callback, Event, EventKind, Stop
from lampas.callbacks.say import say
from lampas.callbacks.stateful import State
from lampas.callbacks.watch import Watch
from lampas.errors import InputError
from lampas.monitor import Mode
from lampas.printing import number

if TYPE_CHECKING:
    from torch import nn

_WEIGHTS = "weights."


@final
class EarlyStopping(Callback):
    """Ends `fit` once `monitor` has not improved for `patience` epochs (Keras's callback).

    `monitor`: a column of the history. `mode`: "min", "max", or "auto", which reads the name.
    `min_delta`: an improvement must be larger than this. `patience`: epochs without an
    improvement until the stop; 0 and 1 both stop at the first. `baseline`: patience also runs
    out unless this value is beaten. `restore_best_weights`: at the end of the run, however it
    came, the model gets back the weights of its best epoch (Keras's default is False); they are
    kept as a copy on the model's device, which costs its size once more. `start_from_epoch`:
    that many epochs pass unwatched. `verbose`: with 0, nothing is said of weights put back.

    Epochs that lack the number (`validation_freq`) count for nothing; which absence is an error
    is said at `lampas.callbacks.Watch`. After the run `best`, `best_epoch` (0: none) and
    `stopped_epoch` (0: it did not stop the run) tell what happened.

    Raises `InputError` for a monitor whose name does not say which way is better and for
    negative numbers, `UnknownNameError` at the end of the first epoch that should have had it.

    >>> EarlyStopping(monitor="val_roc_auc", patience=3).best_epoch
    0
    >>> EarlyStopping(monitor="profit")
    Traceback (most recent call last):
    ...
    lampas.errors.InputError: is a lower or a higher 'profit' better? ...
    """

    hears: ClassVar[frozenset[EventKind]] = frozenset({"fit_begin", "epoch_end", "fit_end"})

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 1,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ) -> None:
        if patience < 0 or min_delta < 0:
            raise InputError(
                "EarlyStopping: patience and min_delta must be 0 or more, "
                f"not {patience!r} and {min_delta!r}"
            )
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._watch = Watch("EarlyStopping", monitor, mode, min_delta)
        self._reset()

    @property
    def best(self) -> float:
        """The best value so far, nan before the first."""
        return self._watch.best

    def __call__(self, event: Event) -> Stop | None:
        if event.kind == "fit_begin":
            self._reset()
            self._watch.begin(event)
            named = event.model.state_dict().items()
            self._shapes = {name: one.shape for name, one in named if isinstance(one, Tensor)}
        elif event.kind == "epoch_end":
            return self._judge(event)
        else:
            self._watch.warn_if_never()
            self._restore(event)
        return None

    def state(self) -> State:
        """The memory: numbers, and the best weights under "weights.<name>"."""
        weights = {_WEIGHTS + name: tensor for name, tensor in self._weights.items()}
        counts: State = {"wait": self._wait, "best_epoch": self.best_epoch}
        return {**self._watch.state(), **counts, **weights}

    def load_state(self, state: Mapping[str, float | Tensor]) -> None:
        """Take up the memory that `state` gave; the weights are copied.

        Raises `ValueError` for weights that the model of the run under way has not.
        """
        self._check(state)
        self._watch.load_state(state)
        self._wait = int(state["wait"])
        self.best_epoch = int(state["best_epoch"])
        self._weights = {
            name.removeprefix(_WEIGHTS): value.detach().clone()
            for name, value in state.items()
            if name.startswith(_WEIGHTS) and isinstance(value, Tensor)
        }

    def _check(self, state: Mapping[str, float | Tensor]) -> None:
        """At once: they are put into the model at the end of a run, which may be days away."""
        for key, value in state.items():
            if key.startswith(_WEIGHTS) and self._shapes:
                name, shape = key.removeprefix(_WEIGHTS), getattr(value, "shape", None)
                if shape is None or self._shapes.get(name) != shape:
                    raise ValueError(f"{name!r} of the best weights is none of the model's")

    def _reset(self) -> None:
        self._watch.reset()
        self._wait = 0
        self._weights: dict[str, Tensor] = {}
        self._shapes: dict[str, torch.Size] = {}  # of the run's model, from its beginning on
        self.best_epoch = 0
        self.stopped_epoch = 0

    def _judge(self, event: Event) -> Stop | None:
        if event.epoch <= self.start_from_epoch:
            return None
        better = self._watch.take(event.logs)
        if better is None:
            return None
        self._wait += 1
        if better:
            self._keep(event)
            if self.baseline is None or self._watch.beats(self.baseline):
                self._wait = 0
        # The very first epoch never ends a run: there was nothing to improve on (as in Keras).
        if self._wait < max(self.patience, 1) or event.epoch == 1:
            return None
        self.stopped_epoch = event.epoch
        return Stop(self._reason())

    def _keep(self, event: Event) -> None:
        self.best_epoch = event.epoch
        if self.restore_best_weights:
            _copy_tensors(event.model, self._weights)

    def _reason(self) -> str:
        epochs = f"{self._wait} epoch{'s' if self._wait > 1 else ''}"
        line = f"EarlyStopping: {self._watch.monitor} has not improved for {epochs}"
        if not self.best_epoch:
            return line
        line += f"; the best was {number(self.best)} in epoch {self.best_epoch}"
        return f"{line}, whose weights are restored" if self._weights else line

    def _restore(self, event: Event) -> None:
        if not self._weights:
            return
        # What is no tensor (a module's extra state) stays as it is.
        event.model.load_state_dict({**event.model.state_dict(), **self._weights})
        self._weights = {}
        if self.verbose and not self.stopped_epoch and event.epoch != self.best_epoch:
            say(
                f"EarlyStopping: restored the weights of epoch {self.best_epoch} "
                f"({self._watch.monitor} {number(self.best)})"
            )


def _copy_tensors(model: "nn.Module", kept: dict[str, Tensor]) -> None:
    """Copy the model's state into `kept`, into the memory it already has where it fits."""
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            continue
        old = kept.get(name)
        if old is not None and old.shape == value.shape and old.device == value.device:
            with torch.no_grad():
                old.copy_(value)
        else:
            kept[name] = value.detach().clone()
