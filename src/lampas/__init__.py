"""Lampas: Keras-style training for PyTorch.

Bring a `torch.nn.Module` and data; say `compile`, `fit`, `evaluate`, `predict`.

Names are imported when first used: so that `lampas --help` answers without importing torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lampas import callbacks, datasets, errors, losses, metrics, optim
    from lampas.callbacks import Callback, Event, Stop
    from lampas.data.batch import Batch
    from lampas.errors import LampasError
    from lampas.history import History
    from lampas.lr_finder import LRFinder, find_lr
    from lampas.model import Model
    from lampas.saving import load
    from lampas.seeding import seed
    from lampas.series.task import SeriesModel, timeseries
    from lampas.step import StepResult
    from lampas.tables.task import TabularModel, tabular

__version__ = "0.1.0"

_HOMES = {
    "Batch": "lampas.data.batch",
    "Callback": "lampas.callbacks",
    "Event": "lampas.callbacks",
    "History": "lampas.history",
    "LRFinder": "lampas.lr_finder",
    "LampasError": "lampas.errors",
    "Model": "lampas.model",
    "SeriesModel": "lampas.series.task",
    "StepResult": "lampas.step",
    "Stop": "lampas.callbacks",
    "TabularModel": "lampas.tables.task",
    "find_lr": "lampas.lr_finder",
    "load": "lampas.saving",
    "seed": "lampas.seeding",
    "tabular": "lampas.tables.task",
    "timeseries": "lampas.series.task",
}
_MODULES = ("callbacks", "datasets", "errors", "losses", "metrics", "optim")

__all__ = [
    "Batch",
    "Callback",
    "Event",
    "History",
    "LRFinder",
    "LampasError",
    "Model",
    "SeriesModel",
    "StepResult",
    "Stop",
    "TabularModel",
    "__version__",
    "callbacks",
    "datasets",
    "errors",
    "find_lr",
    "load",
    "losses",
    "metrics",
    "optim",
    "seed",
    "tabular",
    "timeseries",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"lampas.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'lampas' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
