"""Losses by name, or as they are."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from lampas.errors import InputError, unknown_name
from lampas.losses.focal import BinaryFocalLoss, FocalLoss
from lampas.losses.ghm import GHMCLoss
from lampas.losses.smoothing import SmoothedBCEWithLogitsLoss

Loss = Callable[[Any, Any], Tensor]
"""A loss is called with (y_pred, y_true)."""

LOSSES: dict[str, Callable[[], nn.Module]] = {
    # numbers
    "mse": nn.MSELoss,
    "mean_squared_error": nn.MSELoss,
    "mae": nn.L1Loss,
    "mean_absolute_error": nn.L1Loss,
    "l1": nn.L1Loss,
    "huber": nn.HuberLoss,
    "smooth_l1": nn.SmoothL1Loss,
    "poisson_nll": nn.PoissonNLLLoss,
    "poisson": partial(nn.PoissonNLLLoss, log_input=False),
    # yes or no
    "bce": nn.BCELoss,
    "binary_crossentropy": nn.BCELoss,
    "binary_cross_entropy": nn.BCELoss,
    "bce_logits": nn.BCEWithLogitsLoss,
    "bce_with_logits": nn.BCEWithLogitsLoss,
    "binary_cross_entropy_with_logits": nn.BCEWithLogitsLoss,
    "smoothed_bce_logits": SmoothedBCEWithLogitsLoss,
    "smoothed_bce_with_logits": SmoothedBCEWithLogitsLoss,
    "binary_focal": BinaryFocalLoss,
    "ghm": GHMCLoss,
    "ghm_c": GHMCLoss,
    "multilabel_soft_margin": nn.MultiLabelSoftMarginLoss,
    "soft_margin": nn.SoftMarginLoss,
    "hinge_embedding": nn.HingeEmbeddingLoss,
    # one class out of several
    "cross_entropy": nn.CrossEntropyLoss,
    "crossentropy": nn.CrossEntropyLoss,
    "ce": nn.CrossEntropyLoss,
    "categorical_crossentropy": nn.CrossEntropyLoss,
    "sparse_categorical_crossentropy": nn.CrossEntropyLoss,
    "nll": nn.NLLLoss,
    "focal": FocalLoss,
    "multi_margin": nn.MultiMarginLoss,
    "multilabel_margin": nn.MultiLabelMarginLoss,
    # "mean" divides the divergence by the number of classes too: torch itself warns of it.
    "kl_div": partial(nn.KLDivLoss, reduction="batchmean"),
    "kl_divergence": partial(nn.KLDivLoss, reduction="batchmean"),
}
"""What each string means: torch's classes, and ours, with their own defaults. Keras's names mean
torch's losses: the categorical cross-entropies read logits, the divergence log-probabilities."""

_NOT_BY_NAME: dict[str, str] = {
    "quantile": "needs the quantiles: write lampas.losses.QuantileLoss((0.1, 0.5, 0.9))",
    "pinball": "needs the quantiles: write lampas.losses.QuantileLoss((0.1, 0.5, 0.9))",
    "gaussian_nll": "needs a variance: write "
    "lambda y_pred, y_true: F.gaussian_nll_loss(y_pred[0], y_true, y_pred[1])",
    "cosine_embedding": "compares two outputs: write "
    "lambda y_pred, y_true: F.cosine_embedding_loss(y_pred[0], y_pred[1], y_true)",
    "margin_ranking": "compares two outputs: write "
    "lambda y_pred, y_true: F.margin_ranking_loss(y_pred[0], y_pred[1], y_true)",
    "triplet_margin": "compares three outputs: write "
    "lambda y_pred, y_true: F.triplet_margin_loss(*y_pred)",
    "triplet_margin_with_distance": "compares three outputs: write "
    "lambda y_pred, y_true: F.triplet_margin_with_distance_loss(*y_pred)",
    "ctc": "needs the lengths: write lambda y_pred, y_true: "
    "F.ctc_loss(y_pred[0], y_true[0], y_pred[1], y_true[1])",
    "linear_cross_entropy": "has weights of its own: write "
    "nn.LinearCrossEntropyLoss(in_features, num_classes)",
}
"""The losses that no string can stand for, and what to write."""


def _key(name: str) -> str:
    """Case, "-", "_", spaces and a final "loss" do not matter: MSELoss, mse_loss, MSE."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "").removesuffix("loss")


_BY_KEY = {_key(name): make for name, make in LOSSES.items()}
_WHY_NOT = {_key(name): (name, why) for name, why in _NOT_BY_NAME.items()}


def resolve(spec: str | Loss | nn.Module) -> Loss:
    """The loss that `spec` means: a function of (y_pred, y_true).

    A string is looked up in `LOSSES` and gives a new object (case, "-", "_" and a final "loss"
    do not matter, so the names of torch's classes and functions work too). An object or a
    function is returned as it is.

    Raises `UnknownNameError` for an unknown string; `InputError` for a class in the place of
    its object, for the name of a loss that needs more than a name, and for what is no loss.

    >>> resolve("mse"), resolve("BCEWithLogitsLoss")
    (MSELoss(), BCEWithLogitsLoss())
    >>> resolve(nn.BCELoss)
    Traceback (most recent call last):
    lampas.errors.InputError: loss is the class BCELoss, not an object: write nn.BCELoss()
    """
    if isinstance(spec, str):
        return _by_name(spec)
    if isinstance(spec, type):
        raise InputError(f"loss is the class {spec.__name__}, not an object: write {_call(spec)}")
    if not callable(spec):
        raise InputError(
            f"loss is of type {type(spec).__name__}: pass a torch loss such as nn.MSELoss(), a "
            "name like 'mse', or a function (y_pred, y_true) that returns a tensor"
        )
    return spec


def _by_name(name: str) -> Loss:
    key = _key(name)
    if key in _WHY_NOT:
        known, why = _WHY_NOT[key]
        raise InputError(f"the loss {known!r} {why}")
    if key not in _BY_KEY:
        raise unknown_name("loss", name, LOSSES)
    return _BY_KEY[key]()


def _call(made: type) -> str:
    where = "nn." if getattr(nn, made.__name__, None) is made else ""
    return f"{where}{made.__name__}()"
