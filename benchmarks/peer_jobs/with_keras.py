"""Keras 3 on torch, `verbose=0`: the same torch net by its `TorchModuleWrapper`, or its own layers.

Data are arrays, of which Keras takes whole batches by index. Its Adam has torch's epsilon here;
`jit_compile` is off, which is its default with torch.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

from typing import Any

import keras
import torch
from by_hand import Scores
from keras_nets import own_layers
from torch import Tensor, nn
from trial import Trial


class Wrapped(keras.Model):
    """A torch net as a layer."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.inner = keras.layers.TorchModuleWrapper(net)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.inner(x, training=training)


class Keras(Trial):
    """Its `fit` around the torch net."""

    distribution = "keras"

    def net(self) -> Any:
        return Wrapped(self.work.net())

    def model(self) -> Any:
        net = self.net()
        loss, metric = self.two() if self.work.y.is_floating_point() else self.several()
        adam = keras.optimizers.Adam(self.work.lr, epsilon=1e-8)
        net.compile(adam, loss, metrics=[metric], jit_compile=False)
        return net

    def two(self) -> tuple[Any, Any]:
        metric = keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)
        return keras.losses.BinaryCrossentropy(from_logits=True), metric

    def several(self) -> tuple[Any, Any]:
        metric = keras.metrics.SparseCategoricalAccuracy("accuracy")
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True), metric

    def fit(self) -> Scores:
        work = self.work
        found = self.model().fit(
            work.x, work.y, batch_size=work.batch_size, epochs=work.epochs, verbose=0,
            validation_data=(work.x_val, work.y_val), validation_batch_size=self.big,
        )  # fmt: skip
        return found.history["val_loss"][-1], found.history["val_accuracy"][-1]

    def ready(self) -> None:
        self.used = self.model()

    def evaluate(self) -> Scores:
        found = self.used.evaluate(
            self.work.x, self.work.y, batch_size=self.big, verbose=0, return_dict=True
        )
        return found["loss"], found["accuracy"]

    def predict(self) -> Tensor:
        return torch.as_tensor(self.used.predict(self.work.x, batch_size=self.big, verbose=0))


class OwnLayers(Keras):
    """The net of Keras's own layers, with the same first weights."""

    def net(self) -> Any:
        return own_layers(self.work)
