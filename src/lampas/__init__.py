"""Lampas: Keras-style training for PyTorch.

Bring a `torch.nn.Module` and data; say `compile`, `fit`, `evaluate`, `predict`.

Names are imported when first used: so that `lampas --help` answers without importing torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lampas import (
        callbacks,
        datasets,
        errors,
        losses,
        metrics,
        optim,
        profiling,
        reasons,
        torchkeras,
    )
    from lampas.autograd import Graph, Watch, graph, watch
    from lampas.board.writer import Board
    from lampas.callbacks import Callback, Event, Stop
    from lampas.comparison.compare import compare
    from lampas.cross_validation import cross_validate, folds
    from lampas.data.balanced import BalancedSampler
    from lampas.data.batch import Batch
    from lampas.errors import LampasError
    from lampas.history import History
    from lampas.lr_finder import LRFinder, find_lr
    from lampas.model import Model
    from lampas.page.report import report
    from lampas.saving import load
    from lampas.seeding import seed
    from lampas.series.task import SeriesModel, timeseries
    from lampas.signals import Preempted
    from lampas.splits import group_split, split, stratified_split, time_split
    from lampas.state.checkpoints import Checkpoints
    from lampas.step import StepResult
    from lampas.summary import summarize
    from lampas.tables.task import TabularModel, tabular
    from lampas.text.task import TextModel, texts
    from lampas.vision.task import ImageModel, images

__version__ = "0.5.0"

_HOMES = {
    "BalancedSampler": "lampas.data.balanced",
    "Batch": "lampas.data.batch",
    "Board": "lampas.board.writer",
    "Callback": "lampas.callbacks",
    "Event": "lampas.callbacks",
    "Graph": "lampas.autograd",
    "History": "lampas.history",
    "ImageModel": "lampas.vision.task",
    "LRFinder": "lampas.lr_finder",
    "LampasError": "lampas.errors",
    "Model": "lampas.model",
    "SeriesModel": "lampas.series.task",
    "StepResult": "lampas.step",
    "Stop": "lampas.callbacks",
    "TabularModel": "lampas.tables.task",
    "TextModel": "lampas.text.task",
    "Watch": "lampas.autograd",
    "Checkpoints": "lampas.state.checkpoints",
    "Preempted": "lampas.signals",
    "compare": "lampas.comparison.compare",
    "cross_validate": "lampas.cross_validation",
    "find_lr": "lampas.lr_finder",
    "folds": "lampas.cross_validation",
    "graph": "lampas.autograd",
    "group_split": "lampas.splits",
    "images": "lampas.vision.task",
    "load": "lampas.saving",
    "report": "lampas.page.report",
    "seed": "lampas.seeding",
    "split": "lampas.splits",
    "stratified_split": "lampas.splits",
    "summarize": "lampas.summary",
    "tabular": "lampas.tables.task",
    "texts": "lampas.text.task",
    "time_split": "lampas.splits",
    "timeseries": "lampas.series.task",
    "watch": "lampas.autograd",
}
_MODULES = (
    "callbacks",
    "datasets",
    "errors",
    "losses",
    "metrics",
    "optim",
    "profiling",
    "reasons",
    "torchkeras",
)

__all__ = [
    "BalancedSampler",
    "Batch",
    "Board",
    "Callback",
    "Checkpoints",
    "Event",
    "Graph",
    "History",
    "ImageModel",
    "LRFinder",
    "LampasError",
    "Model",
    "Preempted",
    "SeriesModel",
    "StepResult",
    "Stop",
    "TabularModel",
    "TextModel",
    "Watch",
    "__version__",
    "callbacks",
    "compare",
    "cross_validate",
    "datasets",
    "errors",
    "find_lr",
    "folds",
    "graph",
    "group_split",
    "images",
    "load",
    "losses",
    "metrics",
    "optim",
    "profiling",
    "reasons",
    "report",
    "seed",
    "split",
    "stratified_split",
    "summarize",
    "tabular",
    "texts",
    "time_split",
    "timeseries",
    "torchkeras",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"lampas.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'lampas' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
