"""Lampas on tensors, its default way; with `jit=True` where its `compile` knows the word."""

import inspect
from typing import Any

import torch
from by_hand import Scores
from torch import Tensor
from trial import Trial

import lampas

Model = lampas.Model  # names are imported when first used


class Lampas(Trial):
    """`fit` on tensors, `verbose=0`; the optimiser's `fused` is left undecided."""

    distribution = "lampas"

    def model(self) -> "lampas.Model":
        model = Model(self.work.net())
        adam = torch.optim.Adam(model.parameters(), lr=self.work.lr)
        model.compile(adam, self.work.loss, metrics=["accuracy"], **self.asked())
        return model

    def asked(self) -> dict[str, Any]:
        return {}

    def fit(self) -> Scores:
        work = self.work
        history = self.model().fit(
            work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
            validation_data=(work.x_val, work.y_val),
        )  # fmt: skip
        return history.rows[-1]["val_loss"], history.rows[-1]["val_accuracy"]

    def ready(self) -> None:
        self.used = self.model()

    def evaluate(self) -> Scores:
        found = self.used.evaluate(self.work.x, self.work.y, batch_size=self.big)
        return found["loss"], found["accuracy"]

    def predict(self) -> Tensor:
        return torch.as_tensor(self.used.predict(self.work.x, batch_size=self.big))


class Jit(Lampas):
    """The same with `jit=True`: a fresh model each run, as a program would; see what it keeps."""

    keeps_compiled = True

    def asked(self) -> dict[str, Any]:
        return {"jit": True}

    @classmethod
    def why_not(cls) -> str | None:
        """Where this Lampas has no jit."""
        known = "jit" in inspect.signature(Model.compile).parameters
        return None if known else "this Lampas's `compile` knows no `jit=`"
