"""fastai: `SaveModelCallback(every_epoch=True, with_opt=True)`, `load`, `fit(start_epoch=)`."""

from functools import partial
from pathlib import Path
from typing import Any

import fastai
from common import Net, datasets, digest, serve
from fastai.callback.progress import CSVLogger
from fastai.callback.schedule import ParamScheduler
from fastai.callback.tracker import SaveModelCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from fastai.torch_core import set_seed
from job import BATCH, DECAY, EPOCHS, RATE, SEED, STEPS, Order
from torch import nn


def decayed(share: float) -> float:
    """The rate after a share of the run."""
    return RATE * DECAY ** (share * EPOCHS * STEPS)


def saved(folder: str) -> int:
    """The newest epoch that was saved, -1 where there is none."""
    return max((int(one.stem[4:]) for one in Path(folder, "run").glob("net_*.pth")), default=-1)


def train(order: Order) -> dict[str, Any]:
    set_seed(SEED, reproducible=True)
    train_set, valid_set = datasets(order)
    loaders = DataLoaders.from_dsets(
        train_set, valid_set, bs=BATCH, num_workers=order.workers, device="cpu"
    )
    learner = Learner(
        loaders, Net(order), nn.CrossEntropyLoss(), opt_func=partial(Adam, wd=0.0), lr=RATE,
        path=order.folder, model_dir="run",
    )  # fmt: skip
    learner.remove_cbs([one for one in learner.cbs if one.name == "progress"])
    callbacks = [ParamScheduler({"lr": decayed}), CSVLogger(append=True)]
    if order.keeps:
        callbacks += [SaveModelCallback(fname="net", every_epoch=True, with_opt=True)]
    newest = saved(order.folder)
    if order.keeps and newest >= 0:
        learner.load(f"net_{newest}", with_opt=True)
    learner.fit(EPOCHS, lr=RATE, cbs=callbacks, start_epoch=newest + 1)
    states = [learner.opt.state[one] for one in learner.model.parameters()]
    lines = Path(order.folder, "history.csv").read_text().splitlines()
    lines = [line.rsplit(",", 1)[0] for line in lines if not line.startswith("epoch")]
    return {
        "weights": digest(learner.model.state_dict().values()),
        "optimizer": digest(value for state in states for _, value in sorted(state.items())),
        "steps": int(states[0]["step"]),
        "rate": float(learner.opt.hypers[0]["lr"]),
        "history": lines,
    }


if __name__ == "__main__":
    serve(train, f"fastai {fastai.__version__}", "run/net_*.pth", "epoch")
