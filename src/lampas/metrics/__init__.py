"""Metrics: exact over all rows of an epoch, whatever the batches, without a wait in between.

Outputs and targets come as `(y_pred, y_true)`, shaped as torch's losses take them. What the
outputs are, logits or probabilities, is always said: by the loss where a string names the
metric, by an argument where an object is made.
"""

from lampas.metrics.accuracy import (
    BinaryAccuracy,
    MulticlassAccuracy,
    MultilabelAccuracy,
    MultilabelExactMatch,
    TopKAccuracy,
)
from lampas.metrics.averaged import Averaged
from lampas.metrics.base import Metric, MetricLike
from lampas.metrics.confusion import BinaryConfusionMatrix, ConfusionMatrix
from lampas.metrics.functions import Mean, Whole
from lampas.metrics.likelihood import BinaryLogLoss, BrierScore, MulticlassLogLoss, Perplexity
from lampas.metrics.numbers import as_number, as_record
from lampas.metrics.prf import (
    BinaryF1,
    BinaryPrecision,
    BinaryRecall,
    MulticlassF1,
    MulticlassPrecision,
    MulticlassRecall,
)
from lampas.metrics.ranking import (
    BinaryAveragePrecision,
    BinaryRocAuc,
    MulticlassAveragePrecision,
    MulticlassRocAuc,
)
from lampas.metrics.regression import MAE, MAPE, MSE, R2, RMSE, SMAPE
from lampas.metrics.resolve import MetricSpec, resolve, resolve_all
from lampas.metrics.table import TABLE

__all__ = [
    "MAE",
    "MAPE",
    "MSE",
    "R2",
    "RMSE",
    "SMAPE",
    "TABLE",
    "Averaged",
    "BinaryAccuracy",
    "BinaryAveragePrecision",
    "BinaryConfusionMatrix",
    "BinaryF1",
    "BinaryLogLoss",
    "BinaryPrecision",
    "BinaryRecall",
    "BinaryRocAuc",
    "BrierScore",
    "ConfusionMatrix",
    "Mean",
    "Metric",
    "MetricLike",
    "MetricSpec",
    "MulticlassAccuracy",
    "MulticlassAveragePrecision",
    "MulticlassF1",
    "MulticlassLogLoss",
    "MulticlassPrecision",
    "MulticlassRecall",
    "MulticlassRocAuc",
    "MultilabelAccuracy",
    "MultilabelExactMatch",
    "Perplexity",
    "TopKAccuracy",
    "Whole",
    "as_number",
    "as_record",
    "resolve",
    "resolve_all",
]
