"""ROC AUC and average precision over an epoch: kept scores, one sort at the end."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from lampas.metrics.areas import average_precision, roc_auc
from lampas.metrics.base import Metric
from lampas.metrics.binary import positive
from lampas.metrics.counts import check_classes
from lampas.metrics.rows import Rows
from lampas.metrics.shapes import classes, columns, same_shape
from lampas.metrics.sums import wide


class _BinaryArea(Metric):
    """An area for each column of yes/no outputs, and their mean."""

    running: ClassVar[bool] = False

    def __init__(self) -> None:
        self._rows = Rows(self.name, "")

    def reset(self) -> None:
        self._rows.clear()

    def update(self, y_pred: Any, y_true: Any) -> None:
        outputs, targets = same_shape(self.name, y_pred, y_true)
        self._rows.add(columns(outputs), columns(targets))

    def compute(self) -> Tensor:
        joined = self._rows.joined()
        if joined is None:
            return torch.tensor(torch.nan)
        scores, targets = joined
        return _mean_area(self._area, scores, positive(targets))

    @abstractmethod
    def _area(self, scores: Tensor, yes: Tensor) -> Tensor: ...


class BinaryRocAuc(_BinaryArea):
    """Area under the ROC curve of yes/no outputs, over the whole epoch; see `areas.roc_auc`.

    Only the order of the scores matters: logits and probabilities give the same area, but for
    probabilities that rounding made equal. Outputs and targets (N,), (N, 1) or (N, L, ...): of
    several labels the mean of their areas (macro average). A label whose targets are all yes or
    all no has no area and is left out of the mean; nan where no label has one, without a
    warning. Raises `ShapeError` where the shapes do not fit.

    Scores and targets are kept on their device until `reset`, with a warning past 1 GB.

    >>> metric = BinaryRocAuc()
    >>> metric.update(torch.tensor([0.1, 0.4]), torch.tensor([0, 0]))
    >>> metric.compute()
    tensor(nan, dtype=torch.float64)
    >>> metric.update(torch.tensor([0.35, 0.8]), torch.tensor([1, 1]))
    >>> metric.compute()
    tensor(0.7500, dtype=torch.float64)
    """

    name = "roc_auc"

    def _area(self, scores: Tensor, yes: Tensor) -> Tensor:
        return roc_auc(scores, yes)


class BinaryAveragePrecision(_BinaryArea):
    """Average precision of yes/no outputs, over the whole epoch; see `areas.average_precision`.

    Shapes, the mean over labels, memory and errors as in `BinaryRocAuc`; a label without a yes
    is left out of the mean.

    >>> metric = BinaryAveragePrecision()
    >>> metric.update(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]))
    >>> metric.compute()
    tensor(0.8333, dtype=torch.float64)
    """

    name = "average_precision"

    def _area(self, scores: Tensor, yes: Tensor) -> Tensor:
        return average_precision(scores, yes)


class _MulticlassArea(Metric):
    """An area for each class against all others, and their mean."""

    running: ClassVar[bool] = False

    def __init__(self, *, from_logits: bool, ignore_index: int | None = None) -> None:
        self._from_logits = from_logits
        self._ignore_index = ignore_index
        self._rows = Rows(self.name, "")

    def reset(self) -> None:
        self._rows.clear()

    def update(self, y_pred: Any, y_true: Any) -> None:
        fitted = classes(self.name, y_pred, y_true)
        self._rows.add(fitted.scores, fitted.truth)

    def compute(self) -> Tensor:
        joined = self._rows.joined()
        if joined is None:
            return torch.tensor(torch.nan)
        scores, truth = joined
        if self._ignore_index is not None:
            seen = truth != self._ignore_index
            scores, truth = scores[seen], truth[seen]
        size = scores.shape[1]
        check_classes(self.name, size, int(((truth < 0) | (truth >= size)).sum()))
        if self._from_logits:
            scores = wide(scores).log_softmax(dim=1)
        each = torch.arange(size, device=truth.device)
        return _mean_area(self._area, scores, truth.unsqueeze(1) == each)

    @abstractmethod
    def _area(self, scores: Tensor, yes: Tensor) -> Tensor: ...


class MulticlassRocAuc(_MulticlassArea):
    """Mean over classes of the ROC AUC of each class against all others (one-vs-rest, macro).

    Classes are compared by probability, so here the scale matters: from_logits=True takes the
    softmax of the outputs first (of log-probabilities as well), False takes them as they are.
    A class that no target has, or all have, is left out of the mean; nan where none remains,
    without a warning. Shapes and `ignore_index` as in `MulticlassAccuracy`, memory as in
    `BinaryRocAuc`. Raises `ShapeError` where the shapes do not fit, `DataError` at `compute`
    for a class index outside 0..C-1.

    >>> metric = MulticlassRocAuc(from_logits=False)
    >>> scores = torch.tensor([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]])
    >>> metric.update(scores, torch.tensor([0, 1, 2]))
    >>> metric.compute()
    tensor(1., dtype=torch.float64)
    """

    name = "roc_auc"

    def _area(self, scores: Tensor, yes: Tensor) -> Tensor:
        return roc_auc(scores, yes)


class MulticlassAveragePrecision(_MulticlassArea):
    """Mean over classes of the average precision of each class against all others.

    Scale, shapes, memory and errors as in `MulticlassRocAuc`; a class without targets is left
    out of the mean.

    >>> metric = MulticlassAveragePrecision(from_logits=False)
    >>> scores = torch.tensor([[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    >>> metric.update(scores, torch.tensor([0, 1, 2]))
    >>> metric.compute()
    tensor(0.6111, dtype=torch.float64)
    """

    name = "average_precision"

    def _area(self, scores: Tensor, yes: Tensor) -> Tensor:
        return average_precision(scores, yes)


def _mean_area(area: Callable[[Tensor, Tensor], Tensor], scores: Tensor, yes: Tensor) -> Tensor:
    """Mean over the columns that have an area; nan where a score is nan, as any of them may be."""
    areas = [area(s, y) for s, y in zip(scores.unbind(dim=1), yes.unbind(dim=1), strict=True)]
    mean = torch.stack(areas).nanmean()
    return torch.where(scores.isnan().any(), torch.nan, mean)
