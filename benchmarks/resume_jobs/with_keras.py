"""Keras 3 on torch: `BackupAndRestore(save_freq=, double_checkpoint=True)`, and `fit` again.

With `epoch` as its argument it saves at each epoch's end.
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
from common import Net, Witness, datasets, digest, serve, tensors
from job import BATCH, DECAY, EPOCHS, EVERY, RATE, ROWS, SEED, Order
from torch.utils.data import DataLoader

FREQUENCY = "epoch" if "epoch" in sys.argv else EVERY


class KerasNet(keras.Model):
    """The net of the others, of Keras's own layers."""

    def __init__(self, order: Order):
        super().__init__()
        self.witness = Witness(order)
        self.first, self.last = keras.layers.Dense(64), keras.layers.Dense(10)
        self.norm = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.drop = keras.layers.Dropout(0.2, seed=SEED)

    def call(self, rows: Any, training: bool = False) -> Any:
        hidden = keras.ops.relu(self.norm(self.first(rows[:, 1:]), training=training))
        mask = self.drop(keras.ops.ones_like(hidden), training=training)
        if rows.device.type == "cpu":  # elsewhere Keras only asks for shapes
            ids = rows[:, 0], rows[:, 1:], mask
            self.witness.train(*ids) if training else self.witness.valid()
        return self.last(hidden * mask)


def start(net: KerasNet, order: Order) -> None:
    """Build it, as the callback asks for, with the weights of the others' net."""
    net(tensors()[0][:BATCH].numpy())
    like = Net(order)
    net.first.set_weights([like.first.weight.detach().numpy().T, like.first.bias.detach().numpy()])
    net.last.set_weights([like.last.weight.detach().numpy().T, like.last.bias.detach().numpy()])


def data(order: Order) -> dict[str, Any]:
    """Arrays, shuffled by `fit`; with workers a loader of torch's."""
    x, y = (one.numpy() for one in tensors())
    valid = {"validation_data": (x[ROWS:], y[ROWS:]), "validation_batch_size": BATCH}
    if order.workers:
        loader = DataLoader(datasets(order)[0], BATCH, shuffle=True, num_workers=order.workers)
        return {"x": loader, **valid}
    return {"x": x[:ROWS], "y": y[:ROWS], "batch_size": BATCH, "shuffle": True, **valid}


def train(order: Order) -> dict[str, Any]:
    keras.utils.set_random_seed(SEED)
    net = KerasNet(order)
    start(net, order)
    decay = keras.optimizers.schedules.ExponentialDecay(RATE, 1, DECAY)
    adam = keras.optimizers.Adam(decay)
    net.compile(adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    log = Path(order.folder, "log.csv")
    callbacks: list[Any] = [keras.callbacks.CSVLogger(str(log), append=True)]
    if order.keeps:
        run = f"{order.folder}/run"
        callbacks += [keras.callbacks.BackupAndRestore(run, FREQUENCY, double_checkpoint=True)]
    net.fit(epochs=EPOCHS, verbose=0, callbacks=callbacks, **data(order))
    return {
        "weights": digest(one.value for one in net.weights),
        "optimizer": digest(one.value for one in adam.variables),
        "steps": int(adam.iterations.value),
        "rate": float(adam.learning_rate),
        "history": log.read_text().splitlines()[1:],
    }


if __name__ == "__main__":
    every = "epoch" if FREQUENCY == "epoch" else f"{EVERY} steps"
    serve(train, f"Keras {keras.__version__}", "run/latest.weights.h5", every)
