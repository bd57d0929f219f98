"""What each loss reads: one table, from which its task and its checks follow."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch.nn.functional as F
from torch import nn

from lampas.losses.focal import BinaryFocalLoss, FocalLoss
from lampas.losses.ghm import GHMCLoss
from lampas.losses.smoothing import SmoothedBCEWithLogitsLoss
from lampas.task import Kind, Scale, Task

Targets = Literal["numbers", "counts", "zero_one", "signs", "shares", "classes", "label_lists"]
"""What targets are. "numbers": any; "counts": 0 or more; "zero_one": in [0, 1]; "signs": -1 or
1; "shares": probabilities; "classes": indices without the class dimension, and for
CrossEntropyLoss also probabilities with it; "label_lists": indices filled up with -1."""

Dtype = Literal["same", "float", "number", "index"]
"""What the dtype of targets must be. "same": the outputs' own; "float": any float; "number":
any but bool; "index": int64 (uint8 too for torch's cross-entropies)."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a loss reads.

    `kind` and `scale`: of its task; `kind` None where its targets are not those of a metric.
    `targets`, `dtype`: see `Targets` and `Dtype`.
    `broadcasts`: torch computes it on two different shapes in silence, or with a warning only.
    """

    kind: Kind | None
    scale: Scale
    targets: Targets
    dtype: Dtype
    broadcasts: bool = False

    @property
    def elementwise(self) -> bool:
        """Whether outputs and targets must have one shape."""
        return self.targets != "classes"


_REGRESSION = Reads("regression", "values", "numbers", "float", broadcasts=True)
_YES_NO = Reads("binary", "logits", "zero_one", "float")
_CLASSES = Reads("multiclass", "logits", "classes", "index")

READS: dict[type[nn.Module], Reads] = {
    nn.MSELoss: _REGRESSION,
    nn.L1Loss: _REGRESSION,
    nn.SmoothL1Loss: _REGRESSION,
    nn.HuberLoss: Reads("regression", "values", "numbers", "same", broadcasts=True),
    nn.PoissonNLLLoss: Reads("regression", "values", "counts", "number", broadcasts=True),
    nn.BCELoss: Reads("binary", "probabilities", "zero_one", "same"),
    nn.BCEWithLogitsLoss: _YES_NO,
    SmoothedBCEWithLogitsLoss: _YES_NO,
    BinaryFocalLoss: _YES_NO,
    GHMCLoss: _YES_NO,
    nn.MultiLabelSoftMarginLoss: Reads("binary", "logits", "zero_one", "number", broadcasts=True),
    nn.CrossEntropyLoss: _CLASSES,
    FocalLoss: _CLASSES,
    nn.NLLLoss: Reads("multiclass", "log_probabilities", "classes", "index"),
    nn.MultiMarginLoss: Reads("multiclass", "values", "classes", "index"),
    nn.KLDivLoss: Reads("multiclass", "log_probabilities", "shares", "float", broadcasts=True),
    nn.MultiLabelMarginLoss: Reads(None, "values", "label_lists", "index"),
    nn.SoftMarginLoss: Reads(None, "values", "signs", "number"),
    nn.HingeEmbeddingLoss: Reads(None, "values", "signs", "number", broadcasts=True),
}
"""Torch's losses of two arguments, and ours."""

SHOW_GAPS = (
    nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.PoissonNLLLoss, nn.KLDivLoss,
    nn.BCEWithLogitsLoss, SmoothedBCEWithLogitsLoss, BinaryFocalLoss, GHMCLoss,
    nn.MultiLabelSoftMarginLoss,
)  # fmt: skip
"""Those that are not finite where any output or target is nan or infinite. Others look at one
output of many, count no target that is ignored, take nan for no violation of a margin or a logit of
-inf for what it is, or raise."""

_FUNCTIONS: dict[Any, type[nn.Module]] = {
    F.mse_loss: nn.MSELoss,
    F.l1_loss: nn.L1Loss,
    F.smooth_l1_loss: nn.SmoothL1Loss,
    F.huber_loss: nn.HuberLoss,
    F.poisson_nll_loss: nn.PoissonNLLLoss,
    F.binary_cross_entropy: nn.BCELoss,
    F.binary_cross_entropy_with_logits: nn.BCEWithLogitsLoss,
    F.multilabel_soft_margin_loss: nn.MultiLabelSoftMarginLoss,
    F.cross_entropy: nn.CrossEntropyLoss,
    F.nll_loss: nn.NLLLoss,
    F.multi_margin_loss: nn.MultiMarginLoss,
    F.kl_div: nn.KLDivLoss,
    F.multilabel_margin_loss: nn.MultiLabelMarginLoss,
    F.soft_margin_loss: nn.SoftMarginLoss,
    F.hinge_embedding_loss: nn.HingeEmbeddingLoss,
}

_DEFAULTS: dict[type[nn.Module], dict[str, Any]] = {
    nn.CrossEntropyLoss: {"ignore_index": -100},
    nn.NLLLoss: {"ignore_index": -100},
    nn.PoissonNLLLoss: {"log_input": True},
    nn.KLDivLoss: {"log_target": False},
}
"""The defaults of torch's functions for the settings that decide what they read."""


@dataclass(frozen=True, slots=True)
class Known:
    """A loss of the table: its name in messages, its class there, what it reads, its settings.

    `plain` is False for a subclass that computes something of its own.
    """

    name: str
    base: type[nn.Module]
    reads: Reads
    plain: bool
    settings: dict[str, Any]

    @property
    def ignore_index(self) -> int | None:
        """The class target that counts for nothing, or None."""
        return self.settings.get("ignore_index")


def recognise(loss: Any) -> Known | None:
    """What is known of a loss: an object of the table's classes or of a subclass, the function
    of `torch.nn.functional`, or a `functools.partial` of it. None for anything else.

    >>> recognise(nn.MSELoss()).reads.scale
    'values'
    >>> recognise(functools.partial(F.cross_entropy, ignore_index=0)).ignore_index
    0
    """
    if isinstance(loss, nn.Module):
        return _of_module(loss)
    function, given = loss, cast(dict[str, Any], {})
    if isinstance(loss, functools.partial):
        function, given = loss.func, loss.keywords
    base = _FUNCTIONS.get(function) if callable(function) and _hashable(function) else None
    if base is None:
        return None
    settings = _DEFAULTS.get(base, {}) | given
    return Known(cast(Any, function).__name__, base, READS[base], True, settings)


def as_module(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The module that computes what a function of `torch.nn.functional` does, with the same
    settings: what a module says of itself (its reduction, what it ignores) a function cannot.
    Anything else is returned as it is.

    >>> as_module(functools.partial(F.cross_entropy, ignore_index=0)).ignore_index
    0
    """
    known = None if isinstance(loss, nn.Module) else recognise(loss)
    return loss if known is None else known.base(**known.settings)


def _of_module(loss: nn.Module) -> Known | None:
    base = next((c for c in type(loss).__mro__ if c in READS), None)
    if base is None:
        return None
    plain = type(loss).forward is base.forward
    return Known(type(loss).__name__, base, READS[base], plain, vars(loss))


def _hashable(function: Callable[..., Any]) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True


def task_of(loss: Any) -> Task | None:
    """What a loss says of the model's outputs, or None where it says nothing.

    Nothing is said by functions of the user's, by losses whose targets no metric reads (-1/1,
    lists of labels), and by `PoissonNLLLoss` of the logarithm of the rate. A subclass says what
    its base says. `MultiMarginLoss` has class scores of no scale: they count as logits, whose
    order is right.

    >>> task_of(nn.CrossEntropyLoss(ignore_index=0))
    Task(kind='multiclass', scale='logits', ignore_index=0)
    >>> task_of(F.binary_cross_entropy)
    Task(kind='binary', scale='probabilities', ignore_index=None)
    >>> task_of(lambda y_pred, y_true: (y_pred - y_true).abs().mean()) is None
    True
    """
    known = recognise(loss)
    if known is None or known.reads.kind is None:
        return None
    if known.base is nn.PoissonNLLLoss and known.settings["log_input"]:
        return None
    scale: Scale = "logits" if known.base is nn.MultiMarginLoss else known.reads.scale
    return Task(known.reads.kind, scale, known.ignore_index)
