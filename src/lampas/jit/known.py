"""Which trainings had their steps compiled on this machine before, so that the cache has them."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from lampas.cache import cache_folder

if TYPE_CHECKING:
    from lampas.model import Model


def is_known(model: "Model") -> bool:
    """Whether steps of such a model were compiled: a guess, for it is made before any tracing."""
    return _sign(model).exists()


def remember(model: "Model") -> None:
    """Leave a sign that they were; where the cache cannot be written, none."""
    with suppress(OSError):
        _sign(model).touch()


def _sign(model: "Model") -> Path:
    plan = model.plan
    parts = [torch.__version__, torch.get_num_threads(), model, plan.precision, plan.accumulate]
    parts += [type(optimizer).__name__ for optimizer in plan.optimizers]
    name = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
    return cache_folder("compiled") / f"{name}.known"
