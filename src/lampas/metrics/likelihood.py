"""What the true class was given as a probability: log loss, perplexity, Brier score."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lampas.metrics.averaged import Averaged, Terms
from lampas.metrics.base import Metric
from lampas.metrics.counts import check_classes
from lampas.metrics.shapes import Classes, classes, columns, same_shape
from lampas.metrics.sums import RunningMean, RunningSum, wide


class BinaryLogLoss(Averaged):
    """Mean negative log-likelihood of yes/no targets, in nats.

    mean -(y log p + (1 - y) log(1 - p)) over all elements, p = sigmoid(y_pred) for logits;
    probabilities are kept an eps of their dtype away from 0 and 1.

    Outputs (N,), (N, 1) or (N, C, ...), targets likewise, 0/1 or probabilities. Raises
    `ShapeError` where the shapes do not fit.

    >>> metric = BinaryLogLoss(from_logits=False)
    >>> metric.update(torch.tensor([0.5, 0.25]), torch.tensor([1, 0]))
    >>> metric.compute()
    tensor(0.4904, dtype=torch.float64)
    """

    name = "log_loss"

    def __init__(self, *, from_logits: bool) -> None:
        super().__init__()
        self._from_logits = from_logits

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        truth = wide(targets)
        if self._from_logits:
            logits = wide(outputs)
            return (F.softplus(logits) - truth * logits).sum(), logits.numel()
        p = wide(_inside(outputs))
        return -(truth * p.log() + (1 - truth) * (-p).log1p()).sum(), p.numel()


class BrierScore(Averaged):
    """Mean squared difference of the probability of yes and the yes/no target, from 0 to 1.

    mean (p - y)² over all elements, p = sigmoid(y_pred) for logits (Brier 1950, "Verification
    of forecasts expressed in terms of probability", for one of two events). Shapes and errors
    as in `BinaryLogLoss`.

    >>> metric = BrierScore(from_logits=False)
    >>> metric.update(torch.tensor([0.5, 0.25]), torch.tensor([1, 0]))
    >>> metric.compute()
    tensor(0.1562, dtype=torch.float64)
    """

    name = "brier"

    def __init__(self, *, from_logits: bool) -> None:
        super().__init__()
        self._from_logits = from_logits

    def terms(self, y_pred: Any, y_true: Any) -> Terms:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        p = wide(outputs).sigmoid() if self._from_logits else wide(outputs)
        return (p - wide(targets)).square().sum(), p.numel()


class MulticlassLogLoss(Metric):
    """Mean negative log-likelihood of the true class, in nats.

    mean -log p[y] over rows; p = softmax(y_pred) for logits, for which log-probabilities may
    stand too, as their softmax is what they say; probabilities are kept an eps of their dtype
    away from 0 and 1. A target of one value a class (N, C, d1, ...) is a distribution:
    mean -sum_c y[c] log p[c].

    Shapes and `ignore_index` as in `MulticlassAccuracy`. Raises `ShapeError` where the shapes
    do not fit, `DataError` at `compute` for a class index outside 0..C-1.

    >>> metric = MulticlassLogLoss(from_logits=False)
    >>> metric.update(torch.tensor([[0.5, 0.5], [0.25, 0.75]]), torch.tensor([0, 1]))
    >>> metric.compute()
    tensor(0.4904, dtype=torch.float64)
    """

    name = "log_loss"

    def __init__(self, *, from_logits: bool, ignore_index: int | None = None) -> None:
        self._from_logits = from_logits
        self._ignore_index = ignore_index
        self.reset()

    def reset(self) -> None:
        self._mean = RunningMean()
        self._outside = RunningSum()
        self._classes = 0

    def update(self, y_pred: Any, y_true: Any) -> None:
        fitted = classes(self.name, y_pred, y_true, self._ignore_index)
        self._classes = fitted.scores.shape[1]
        inside = (fitted.truth >= 0) & (fitted.truth < self._classes)
        counts = torch.ones_like(inside) if fitted.counts is None else fitted.counts
        losses = torch.where(counts, self._losses(fitted, y_true), 0.0)
        self._outside.add((counts & ~inside).sum())
        self._mean.add(losses.sum(), counts.sum())

    def compute(self) -> Tensor:
        outside = self._outside.value()
        if outside is not None:
            check_classes(self.name, self._classes, int(outside))
        return self._mean.value()

    def _losses(self, fitted: Classes, y_true: Tensor) -> Tensor:
        """(M,) the negative log-likelihood of each row."""
        logs = self._log_probabilities(fitted.scores)
        if y_true.is_floating_point() and y_true.numel() == logs.numel():
            return wide(-(columns(y_true.detach()) * logs).sum(dim=1))
        truth = fitted.truth.clamp(0, self._classes - 1)
        return wide(-logs.gather(1, truth.unsqueeze(1)).squeeze(1))

    def _log_probabilities(self, scores: Tensor) -> Tensor:
        """(M, C): float32 or wider, but no float64 of a whole vocabulary."""
        scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
        return scores.log_softmax(dim=1) if self._from_logits else _inside(scores).log()


def _inside(p: Tensor) -> Tensor:
    """Probabilities, an eps of their dtype away from 0 and 1, whose logarithm is infinite."""
    eps = torch.finfo(p.dtype).eps
    return p.clamp(eps, 1 - eps)


class Perplexity(Metric):
    """exp of the mean negative log-likelihood of the true token: 1 is certain and right.

    exp(mean -log softmax(y_pred)[y]) over all tokens that count, taken once at the end; the
    mean of batch perplexities would be larger. As many as there are classes is pure guessing
    (Jelinek, Mercer, Bahl, Baker 1977).

    Outputs have classes along dimension 1, (N, C, T), as torch's CrossEntropyLoss takes them;
    targets (N, T). They are logits or log-probabilities, probabilities with from_logits=False.
    Tokens that are `ignore_index` (padding) count for nothing. Errors as in `MulticlassLogLoss`.

    >>> metric = Perplexity(ignore_index=0)
    >>> metric.update(torch.zeros(1, 4, 3), torch.tensor([[1, 3, 0]]))
    >>> metric.compute()
    tensor(4.0000, dtype=torch.float64)
    """

    name = "perplexity"

    def __init__(self, ignore_index: int | None = None, *, from_logits: bool = True) -> None:
        self._log_loss = MulticlassLogLoss(from_logits=from_logits, ignore_index=ignore_index)
        self._log_loss.name = self.name

    def reset(self) -> None:
        self._log_loss.reset()

    def update(self, y_pred: Any, y_true: Any) -> None:
        self._log_loss.update(y_pred, y_true)

    def compute(self) -> Tensor:
        return self._log_loss.compute().exp()
