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


def saved_before(model: "Model") -> float | None:
    """The share of a step by hand that compiled ones of such a model saved, where a run that
    changed from one to the other has measured it."""
    try:
        saved = float(_sign(model).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return saved if 0 < saved < 1 else None


def remember(model: "Model", saved: float | None = None) -> None:
    """Leave a sign that they were, and what it saved; where the cache cannot be written, none."""
    with suppress(OSError):
        if saved is None:
            _sign(model).touch()
        else:
            _sign(model).write_text(f"{saved:.3f}", encoding="utf-8")


def _sign(model: "Model") -> Path:
    plan = model.plan
    parts = [torch.__version__, torch.get_num_threads(), model, plan.precision, plan.accumulate]
    parts += [type(optimizer).__name__ for optimizer in plan.optimizers]
    name = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
    return cache_folder("compiled") / f"{name}.known"
