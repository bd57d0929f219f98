"""Losses beyond torch's, losses by name, class weights, penalties, and checks of all of them."""

from lampas.losses.checks import check, check_all
from lampas.losses.focal import BinaryFocalLoss, FocalLoss
from lampas.losses.ghm import GHMCLoss
from lampas.losses.kinds import as_module, task_of
from lampas.losses.penalties import L1, L2, Penalty, resolve_penalties
from lampas.losses.quantile import QuantileLoss
from lampas.losses.smoothing import SmoothedBCEWithLogitsLoss
from lampas.losses.table import LOSSES, Loss, resolve
from lampas.losses.weights import (
    balanced_weights,
    class_counts,
    effective_weights,
    label_counts,
    pos_weight,
)

__all__ = [
    "L1",
    "L2",
    "LOSSES",
    "BinaryFocalLoss",
    "FocalLoss",
    "GHMCLoss",
    "Loss",
    "Penalty",
    "QuantileLoss",
    "SmoothedBCEWithLogitsLoss",
    "as_module",
    "balanced_weights",
    "check",
    "check_all",
    "class_counts",
    "effective_weights",
    "label_counts",
    "pos_weight",
    "resolve",
    "resolve_penalties",
    "task_of",
]
