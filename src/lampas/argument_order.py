"""Functions that take the truth first, as Keras's and scikit-learn's do."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

_TRUE = frozenset({"y_true", "true", "truth", "target", "targets", "label", "labels", "y"})
_PRED = frozenset(
    {"y_pred", "pred", "preds", "prediction", "predictions", "output", "outputs", "y_hat"}
    | {"y_score", "score", "scores", "y_prob", "y_proba", "prob", "probs", "logits", "input"}
)


def prediction_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as one of (y_pred, y_true), PyTorch's order.

    A function whose first parameter is named for the truth and whose second for the prediction,
    such as scikit-learn's `r2_score(y_true, y_pred)`, is called in its own order: what the
    parameters are named is what their author means. Any other is returned as it is.

    >>> def over(y_true, y_pred):
    ...     return y_pred - y_true
    >>> prediction_first(over)(5, 3)
    2
    """
    names = _names(function)
    if len(names) < 2 or names[0] not in _TRUE or names[1] not in _PRED:
        return function

    @functools.wraps(function)
    def swapped(y_pred: Any, y_true: Any) -> Any:
        return function(y_true, y_pred)

    return swapped


def _names(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in, without a signature
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional]
