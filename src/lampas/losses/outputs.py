"""Whether the model's outputs are on the scale that a loss reads, in one line.

Two kinds of evidence count as certain:

- numbers that cannot be on the scale: probabilities outside [0, 1], log-probabilities above 0
  or whose exponentials do not sum to 1, logits that all lie in [0, 1] and sum to 1 in each of
  two rows or more;
- the graph of autograd: an output that a sigmoid or a softmax made, whatever module or
  function it came from, and however it was reshaped since.

Logits of a yes/no loss that all lie in (0, 1) are no evidence: a fresh net with a positive bias
gives just that. So without a graph (in evaluation, or behind `torch.compile`) such outputs pass.
"""

from typing import Any

from torch import Tensor, nn

from lampas.errors import InputError
from lampas.losses.kinds import Known
from lampas.losses.rows import first

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may be from summing to 1."""

LOG_TOLERANCE = 0.1
"""How far the logarithm of the sum of a row of probabilities may be from 0: bfloat16 rounds
log-probabilities so coarsely, while logits miss by about log(C)."""

_HEADS = {
    "SigmoidBackward0": "sigmoid",
    "SoftmaxBackward0": "softmax",
    "LogSoftmaxBackward0": "log_softmax",
}

_RESHAPES = {
    *("ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0", "AliasBackward0"),
    *("SqueezeBackward0", "SqueezeBackward1", "SqueezeBackward2", "UnsqueezeBackward0"),
    *("PermuteBackward0", "TransposeBackward0", "TBackward0", "SelectBackward0"),
    *("SliceBackward0", "CloneBackward0", "ToCopyBackward0"),
}

_INSTEAD: dict[type[nn.Module], str] = {
    nn.BCEWithLogitsLoss: ", or use BCELoss",
    nn.CrossEntropyLoss: ", or make it a log_softmax and use NLLLoss",
}


def check_outputs(known: Known, y_pred: Tensor) -> None:
    """Raise `InputError` for outputs that are certainly not on the scale of a loss of the table.

    Outputs that are nan or infinite pass: the loss will be, and whoever reads it says why.
    """
    values = y_pred.detach()
    match known.reads.scale:
        case "probabilities":
            _check_probabilities(known, values)
        case "log_probabilities":
            _check_log_probabilities(known, values)
        case "logits":
            _check_logits(known, y_pred)
        case "values":
            if known.base is nn.PoissonNLLLoss and not known.settings["log_input"]:
                _check_rates(known, values)


def _check_probabilities(known: Known, y_pred: Tensor) -> None:
    found = first((y_pred < 0) | (y_pred > 1), y_pred)
    if found is not None:
        raise InputError(
            f"{known.name} reads probabilities, but the model returns {found.value} in row "
            f"{found.row} of the batch: use BCEWithLogitsLoss, or end the net with a sigmoid"
        )


def _check_log_probabilities(known: Known, y_pred: Tensor) -> None:
    found = first(y_pred > LOG_TOLERANCE, y_pred)
    said = f"{known.name} reads log-probabilities"
    fix = "end the net with log_softmax"
    if known.base is nn.NLLLoss:
        fix = f"use CrossEntropyLoss, or {fix}"
    if found is not None or _are_shares(y_pred):
        seen = "probabilities" if found is None or _are_shares(y_pred) else (
            f"{found.value} in row {found.row} of the batch")  # fmt: skip
        raise InputError(f"{said}, but the model returns {seen}: {fix}")
    if known.base is not nn.NLLLoss:
        return  # a divergence may run over any dimension
    sums = y_pred.logsumexp(1)
    found = first(sums.abs() > LOG_TOLERANCE, sums.exp())
    if found is not None:
        raise InputError(
            f"{said}, but the exponentials in row {found.row} of the batch sum to {found.value}, "
            f"not to 1: {fix}"
        )


def _check_logits(known: Known, y_pred: Tensor) -> None:
    head = head_of(y_pred)
    multiclass = known.reads.kind == "multiclass"
    # log_softmax changes nothing before a cross-entropy: its softmax gives the same again.
    if head is not None and not (multiclass and head == "log_softmax"):
        raise InputError(
            f"{known.name} reads logits, but the net ends with a {head}: "
            f"remove it{_INSTEAD.get(known.base, '')}"
        )
    if multiclass and _are_shares(y_pred.detach()):
        raise InputError(
            f"{known.name} reads logits, but the model returns probabilities (rows from 0 to 1 "
            f"that sum to 1): remove the softmax{_INSTEAD.get(known.base, '')}"
        )


def _are_shares(y_pred: Tensor) -> bool:
    """Whether two rows or more all lie in [0, 1] and sum to 1; one row may do so by chance."""
    if y_pred.ndim < 2 or y_pred.numel() < 2 * y_pred.shape[1]:
        return False
    inside = bool(((y_pred >= 0) & (y_pred <= 1)).all())
    return inside and bool(((y_pred.sum(1) - 1).abs() < SUM_TOLERANCE).all())


def _check_rates(known: Known, y_pred: Tensor) -> None:
    found = first(y_pred < 0, y_pred)
    if found is not None:
        raise InputError(
            f"{known.name}(log_input=False) reads rates, but the model returns {found.value} in "
            f"row {found.row} of the batch: end the net with softplus, or pass log_input=True"
        )


def head_of(y_pred: Tensor) -> str | None:
    """Which squashing made this output, by the graph of autograd: "sigmoid", "softmax",
    "log_softmax", or None for none or where there is no graph.

    >>> import torch
    >>> head_of(torch.zeros(3, 1, requires_grad=True).sigmoid().squeeze(1))
    'sigmoid'
    """
    node: Any = y_pred.grad_fn
    while node is not None and node.name() in _RESHAPES:
        node = node.next_functions[0][0]
    return None if node is None else _HEADS.get(node.name())
