"""skorch: `NeuralNet` without its printed log; the last validation's figures from its history."""

from typing import Any

import skorch
import torch
from by_hand import Scores
from skorch.callbacks import EpochScoring
from skorch.helper import predefined_split
from torch import Tensor
from torch.utils.data import TensorDataset
from trial import Trial


class Skorch(Trial):
    distribution = "skorch"

    def accuracy(self, net: Any, data: Any, y: Any) -> float:
        """From outputs that skorch kept while it computed the loss (`use_caching`)."""
        return self.work.accuracy(net.forward(data), torch.as_tensor(y)).item()

    def batches(self, data: Any, batch_size: int, shuffle: bool = False) -> Any:
        """Its iterators may be anything that is called so."""
        return self.loader(*data.tensors, size=batch_size, shuffle=shuffle)

    def net(self) -> Any:
        work = self.work
        valid = predefined_split(TensorDataset(work.x_val, work.y_val))
        scoring = [
            ("accuracy", EpochScoring(self.accuracy, name="accuracy", on_train=True)),
            ("val_accuracy", EpochScoring(self.accuracy, name="val_accuracy")),
        ]
        return skorch.NeuralNet(
            work.net(), type(work.loss), optimizer=torch.optim.Adam, optimizer__fused=True,
            lr=work.lr, batch_size=work.batch_size, max_epochs=work.epochs, train_split=valid,
            iterator_train=self.batches, iterator_train__shuffle=True, iterator_valid=self.batches,
            iterator_valid__batch_size=self.big, callbacks=scoring, callbacks__print_log=None,
            verbose=0,
        )  # fmt: skip

    def fit(self) -> Scores:
        net = self.net()
        net.fit(TensorDataset(self.work.x, self.work.y))
        return net.history[-1, "valid_loss"], net.history[-1, "val_accuracy"]

    def ready(self) -> None:
        self.used, self.data = self.net().initialize(), TensorDataset(self.work.x, self.work.y)

    def evaluate(self) -> Scores:
        """It has no method for it: `forward`, as in its callbacks, then the loss."""
        y_pred, y = self.used.forward(self.data), self.work.y
        return self.used.get_loss(y_pred, y).item(), self.work.accuracy(y_pred, y).item()

    def predict(self) -> Tensor:
        return self.used.forward(self.data)
