"""fastai: `Learner.fit` without bar and log, on torch's fused Adam by its `OptimWrapper`."""

from functools import partial
from typing import Any

import torch
from by_hand import Scores
from fastai.data.core import DataLoaders
from fastai.learner import AvgMetric, Learner
from fastai.optimizer import OptimWrapper
from torch import Tensor
from trial import Trial


class Fastai(Trial):
    distribution = "fastai"

    def learner(self) -> Any:
        learner = Learner(
            DataLoaders(self.train_loader(), self.valid_loader(), device="cpu"), self.work.net(),
            self.work.loss, opt_func=partial(OptimWrapper, opt=torch.optim.Adam, fused=True),
            lr=self.work.lr, metrics=[AvgMetric(self.work.accuracy)],
        )  # fmt: skip
        learner.remove_cbs([one for one in learner.cbs if one.name == "progress"])
        learner.recorder.train_metrics = True
        return learner

    def fit(self) -> Scores:
        learner = self.learner()
        with learner.no_logging():
            learner.fit(self.work.epochs, self.work.lr)
        *_, loss, accuracy = learner.recorder.values[-1]
        return loss, accuracy

    def ready(self) -> None:
        self.used = self.learner()

    def evaluate(self) -> Scores:
        with self.used.no_logging():
            loss, accuracy = self.used.validate(dl=self.score_loader())
        return loss, accuracy

    def predict(self) -> Tensor:
        with self.used.no_logging():
            return self.used.get_preds(dl=self.score_loader(), reorder=False)[0]
