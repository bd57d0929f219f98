"""Lampas on tensors, eager; with `jit=True` and `"auto"` where its `compile` knows the word."""

import inspect
import time
from typing import Any

import torch
from by_hand import Scores
from torch import Tensor
from trial import Trial

import lampas

Model = lampas.Model  # names are imported when first used
KNOWS_JIT = "jit" in inspect.signature(Model.compile).parameters


class Lampas(Trial):
    """Eager `fit` on tensors, `verbose=0`; the optimiser's `fused` is left undecided."""

    distribution = "lampas"

    def model(self) -> "lampas.Model":
        model = Model(self.work.net())
        adam = torch.optim.Adam(model.parameters(), lr=self.work.lr)
        model.compile(adam, self.work.loss, metrics=["accuracy"], **self.asked())
        return model

    def asked(self) -> dict[str, Any]:
        return {"jit": False} if KNOWS_JIT else {}

    def fit(self) -> Scores:
        work = self.work
        history = self.model().fit(
            work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
            validation_data=(work.x_val, work.y_val), callbacks=self.callbacks(),
        )  # fmt: skip
        return history.rows[-1]["val_loss"], history.rows[-1]["val_accuracy"]

    def callbacks(self) -> list[Any]:
        return []

    def ready(self) -> None:
        self.used = self.model()

    def evaluate(self) -> Scores:
        found = self.used.evaluate(self.work.x, self.work.y, batch_size=self.big)
        return found["loss"], found["accuracy"]

    def predict(self) -> Tensor:
        return torch.as_tensor(self.used.predict(self.work.x, batch_size=self.big))


class Jit(Lampas):
    """The same with `jit=True`: a fresh model each run, as a program has it; see what is kept."""

    keeps_compiled = True
    jit: Any = True

    def asked(self) -> dict[str, Any]:
        return {"jit": self.jit}

    def callbacks(self) -> list[Any]:
        self.ends: list[float] = []
        return [lambda event: self.ends.append(time.perf_counter())]

    def fit(self) -> Scores:
        scores = super().fit()
        epochs = self.work.epochs
        if epochs > 1:
            self.steady = (self.ends[-1] - self.ends[0]) * epochs / (epochs - 1)
        return scores

    @classmethod
    def why_not(cls) -> str | None:
        """Where this Lampas has no jit."""
        return None if KNOWS_JIT else "this Lampas's `compile` knows no `jit=`"


class Auto(Jit):
    """`jit="auto"`: Lampas decides whether it is worth it."""

    jit = "auto"

    def fit(self) -> Scores:
        return Lampas.fit(self)
