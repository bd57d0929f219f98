"""The log of one run, while it is written."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from torch import Tensor, nn

from lampas.board.graph import traced
from lampas.board.pen import SentEvents
from lampas.board.rows import StepRows, rates_of
from lampas.board.scribe import Row, Scribe, Values
from lampas.board.weights import take, tensors_of
from lampas.board.writer import Board
from lampas.errors import InputError
from lampas.first_inputs import FirstInputs
from lampas.gradients import gradients_of
from lampas.settings import Plain, settings_of

SEND_SECONDS = 0.25
"""What is kept is read and sent this often: reading waits for the device, and each sending wakes
the scribe, which cost 0.6 ms where it was done for each epoch of a small net."""

SEND_BYTES = 1 << 20
"""Weights are kept up to so many bytes before they are sent."""


@final
class Log:
    """What a run of `model` writes below `folder`: "train", and "validation" for its numbers.

    So both have one chart, and the switches of TensorBoard's list of runs. Everything but what
    `board` shows is kept for a moment and sent together. Each method raises `OSError` where
    what was sent before could not be written.
    """

    def __init__(self, folder: Path, model: Any) -> None:
        self._scribe = Scribe(folder)
        self.board = Board.through(SentEvents(self._scribe, folder, "train"))
        self._model = model
        self._settings = settings_of(model)
        self._inputs = FirstInputs(model)
        self._rows = StepRows()
        self._epochs: dict[str, list[Row]] = {"train": [], "validation": []}
        self._values: list[Values] = []
        self._bytes = 0
        self._named: list[tuple[str, nn.Parameter]] = []
        self._parameters: list[nn.Parameter] = []
        self._next = 0.0

    def begin_epoch(self) -> None:
        """Look which parameters there are: that changes between epochs at most."""
        self._named = list(self._model.named_parameters())
        self._parameters = [parameter for _, parameter in self._named]

    def take_step(
        self, step: int, batch: int, losses: Mapping[str, Tensor], running: Mapping[str, float]
    ) -> None:
        """Scalars of the step for the `batch`-th batch of an epoch; `running`, the numbers of the
        epoch so far, are read now and then. While gradients accumulate they have no norm."""
        plan = self._model.plan
        gradients = [] if batch % plan.accumulate else gradients_of(self._parameters)
        self._rows.keep(step, losses, gradients, rates_of(plan.named_optimizers))
        if time.monotonic() >= self._next:
            numbers = {f"running/{name}": value for name, value in running.items()}
            self._epochs["train"].append((step, time.time(), numbers))
            self.send()

    def epoch(self, epoch: int, row: Mapping[str, float]) -> None:
        """Scalars of an epoch: those of validation have the same names in a run of their own."""
        numbers = {name: value for name, value in row.items() if name != "epoch"}
        for run, kept in self._epochs.items():
            ours = {
                f"epoch/{name.removeprefix('val_')}": value
                for name, value in numbers.items()
                if name.startswith("val_") == (run == "validation")
            }
            if ours:
                kept.append((epoch, time.time(), ours))

    def histograms(self, epoch: int) -> None:
        """Weights and gradients as they are now."""
        small, large = take(epoch, tensors_of(self._named))
        self._values += small
        self._bytes += sum(flat.nbytes for *_, flat in small)
        if large:
            self._scribe.histograms("train", epoch, time.time(), large)

    def send_if_due(self) -> None:
        """Send where it is time to, or much was kept."""
        if time.monotonic() >= self._next or self._bytes >= SEND_BYTES:
            self.send()

    def send(self) -> None:
        """Send what was kept; the scalars of steps wait for the device."""
        self._epochs["train"] += self._rows.drain()
        for run, rows in self._epochs.items():
            if rows:
                self._scribe.scalars(run, rows)
                self._epochs[run] = []
        if self._values:
            self._scribe.values("train", self._values)
            self._values, self._bytes = [], 0
        self._next = time.monotonic() + SEND_SECONDS

    def graph(self) -> None:
        """The model's operations. Raises `InputError` where it cannot be traced."""
        if self._inputs.args is None:
            raise InputError("no graph is drawn, for the model was not called through model(...)")
        graph = traced(self._model, self._inputs.args, self._inputs.kwargs)
        self.board.torch_writer.file_writer.add_graph(graph)

    def hparams(self, given: Mapping[str, Plain], results: Mapping[str, float]) -> None:
        """What the run was told, and what came of it."""
        size: dict[str, Plain] = {}
        if self._inputs.batch_size is not None:
            size = {"batch_size": self._inputs.batch_size}
        self.board.hparams({**self._settings, **size, **given}, results)

    def close(self) -> None:
        """Send what is left, and wait until it is written."""
        self._inputs.leave()
        self.send()
        self._scribe.close()

    def drop(self) -> None:
        """Leave what could not be written."""
        self._inputs.leave()
        with suppress(OSError):
            self._scribe.close()
