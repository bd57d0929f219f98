"""Optimizers, parameter groups, schedules, averaged weights, freezing, clipping."""

from lampas.optim import schedules
from lampas.optim.alone import alone, require_separable
from lampas.optim.averaging import EMA, SWA, Averaging
from lampas.optim.bare import bare_step
from lampas.optim.checks import check, check_model, warn_missing
from lampas.optim.clip import clip_, require_positive
from lampas.optim.fastest import use_fastest
from lampas.optim.freeze import freeze, unfreeze
from lampas.optim.groups import groups, layer_decay
from lampas.optim.scheduler import Schedule
from lampas.optim.state import check_state, kept, lay_out_state, load_state
from lampas.optim.table import OPTIMIZERS, resolve

__all__ = [
    "EMA",
    "OPTIMIZERS",
    "SWA",
    "Averaging",
    "Schedule",
    "alone",
    "bare_step",
    "check",
    "check_model",
    "check_state",
    "clip_",
    "freeze",
    "groups",
    "kept",
    "lay_out_state",
    "layer_decay",
    "load_state",
    "require_positive",
    "require_separable",
    "resolve",
    "schedules",
    "unfreeze",
    "use_fastest",
    "warn_missing",
]
