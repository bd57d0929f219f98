"""Callbacks look at a run, and may ask to stop it."""

from lampas.callbacks.base import Callback, CallbackLike, Event, EventKind, Stop, hears
from lampas.callbacks.checkpoint import Checkpoint
from lampas.callbacks.csv_log import CSVLog
from lampas.callbacks.early_stopping import EarlyStopping
from lampas.callbacks.listening import as_list, listeners
from lampas.callbacks.mlflow import MLflow
from lampas.callbacks.notebook import NotebookCurve
from lampas.callbacks.optuna import OptunaPruning
from lampas.callbacks.progress import EpochLines, Progress, Verbose, progress_for
from lampas.callbacks.record import Record
from lampas.callbacks.reduce_lr import ReduceLROnPlateau
from lampas.callbacks.stateful import State, Stateful
from lampas.callbacks.stop_on_nan import StopOnNaN
from lampas.callbacks.tensorboard import TensorBoard
from lampas.callbacks.time_limit import TimeLimit
from lampas.callbacks.wandb import WandB
from lampas.callbacks.watch import Watch

__all__ = [
    "CSVLog",
    "Callback",
    "CallbackLike",
    "Checkpoint",
    "EarlyStopping",
    "EpochLines",
    "Event",
    "EventKind",
    "MLflow",
    "NotebookCurve",
    "OptunaPruning",
    "Progress",
    "Record",
    "ReduceLROnPlateau",
    "State",
    "Stateful",
    "Stop",
    "StopOnNaN",
    "TensorBoard",
    "TimeLimit",
    "Verbose",
    "WandB",
    "Watch",
    "as_list",
    "hears",
    "listeners",
    "progress_for",
]
