"""Poutyne: `Model.fit_generator` without its progress; a metric of batches."""

from typing import Any

import poutyne
import torch
from by_hand import Scores
from torch import Tensor
from trial import Trial


class Poutyne(Trial):
    distribution = "poutyne"

    def model(self) -> Any:
        def accuracy(y_pred: Tensor, y_true: Tensor) -> Tensor:
            return self.work.accuracy(y_pred, y_true)

        net = self.work.net()
        return poutyne.Model(
            net, self.adam(net), self.work.loss, batch_metrics=[accuracy], device="cpu"
        )

    def fit(self) -> Scores:
        history = self.model().fit_generator(
            self.train_loader(), self.valid_loader(), epochs=self.work.epochs, verbose=False
        )
        return history[-1]["val_loss"], history[-1]["val_accuracy"]

    def ready(self) -> None:
        self.used = self.model()

    def evaluate(self) -> Scores:
        loss, accuracy = self.used.evaluate_generator(self.score_loader(), verbose=False)
        return float(loss), float(accuracy)

    def predict(self) -> Tensor:
        found = self.used.predict_generator(
            self.x_loader(), verbose=False, convert_to_numpy=False, has_ground_truth=False
        )
        return found if isinstance(found, Tensor) else torch.cat(found)
