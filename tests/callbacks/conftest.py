"""A small model and the events of a run around it, for callbacks on their own."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from lampas.callbacks import CallbackLike, Event, EventKind, Stop, hears
from lampas.history import History


class SmallModel(nn.Module):
    """A module with what callbacks use of `lampas.Model`."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.1)

    def save(self, path: Path) -> None:
        torch.save(self.state_dict(), path)


class Drive:
    """Shows callbacks one run, event by event, as the loop does."""

    def __init__(self) -> None:
        self.model = SmallModel()
        self.history = History()
        self.epoch = 0

    def tell(
        self,
        callback: CallbackLike,
        kind: EventKind,
        logs: Mapping[str, float] | None = None,
        step: int = 0,
        epochs: int = 100,
    ) -> Stop | None:
        event = Event(kind, self.model, self.history, self.epoch, epochs, step, 10, logs or {})  # pyright: ignore[reportArgumentType]
        answer = callback(event) if hears(callback, kind) else None
        if answer is not None:
            self.history.stopped = answer.reason
        return answer

    def begin(self, callback: CallbackLike) -> None:
        self.epoch = 0
        self.history = History()
        self.tell(callback, "fit_begin")

    def end_epoch(self, callback: CallbackLike, **logs: float) -> Stop | None:
        self.epoch += 1
        row = {"epoch": float(self.epoch), **logs}
        self.history.append(row)
        return self.tell(callback, "epoch_end", row)

    def run(self, callback: CallbackLike, monitor: str, values: list[float]) -> int:
        """Epochs with these values until the callback stops them; how many there were."""
        self.begin(callback)
        for value in values:
            if self.end_epoch(callback, **{monitor: value}):
                break
        self.tell(callback, "fit_end")
        return self.epoch


@pytest.fixture
def drive() -> Drive:
    return Drive()


@pytest.fixture(scope="session")
def new_drive() -> type[Drive]:
    """For hypothesis, whose examples each need their own."""
    return Drive
