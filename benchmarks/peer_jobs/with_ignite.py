"""Ignite: its supervised trainer and evaluator with `Accuracy` and `Loss`, and no handler else."""

from typing import Any

import torch
from by_hand import Scores
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Average, Loss
from torch import Tensor, nn
from trial import Trial


class Ignite(Trial):
    distribution = "pytorch-ignite"

    def decided(self, output: Any) -> tuple[Tensor, Tensor]:
        """`Accuracy` wants classes where there are two."""
        y_pred, y = output[0], output[1]
        return ((y_pred > 0).float(), y) if isinstance(self.work.loss, nn.BCEWithLogitsLoss) else (
            y_pred, y)  # fmt: skip

    def trainer(self, net: nn.Module) -> Engine:
        trainer = create_supervised_trainer(
            net, self.adam(net), self.work.loss,
            output_transform=lambda x, y, y_pred, loss: (y_pred.detach(), y, loss.detach()),
        )  # fmt: skip
        Accuracy(self.decided).attach(trainer, "accuracy")
        Average(lambda output: output[2]).attach(trainer, "loss")
        return trainer

    def evaluator(self, net: nn.Module) -> Engine:
        metrics = {"accuracy": Accuracy(self.decided), "loss": Loss(self.work.loss)}
        return create_supervised_evaluator(net, metrics)

    def fit(self) -> Scores:
        net = self.work.net()
        trainer, evaluator, valid = self.trainer(net), self.evaluator(net), self.valid_loader()
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: evaluator.run(valid))
        trainer.run(self.train_loader(), max_epochs=self.work.epochs)
        return evaluator.state.metrics["loss"], evaluator.state.metrics["accuracy"]

    def ready(self) -> None:
        net = self.work.net()
        self.used, self.outputs = self.evaluator(net), []
        self.predictor = create_supervised_evaluator(
            net, output_transform=lambda x, y, y_pred: y_pred
        )
        self.predictor.add_event_handler(
            Events.ITERATION_COMPLETED, lambda engine: self.outputs.append(engine.state.output)
        )

    def evaluate(self) -> Scores:
        found = self.used.run(self.score_loader()).metrics
        return found["loss"], found["accuracy"]

    def predict(self) -> Tensor:
        self.outputs.clear()
        self.predictor.run(self.score_loader())
        return torch.cat(self.outputs)
