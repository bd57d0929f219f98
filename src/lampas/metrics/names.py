"""What the column of a metric is called."""

import functools
import re
from typing import Any


def snake_case(name: str) -> str:
    """A class name as a column name.

    >>> snake_case("MulticlassF1Score"), snake_case("AUROC"), snake_case("RocAuc")
    ('multiclass_f1_score', 'auroc', 'roc_auc')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parted.strip("_").lower()


def name_of(fn: Any) -> str:
    """What a function is called; a partial like its function, an object like its class.

    >>> name_of(functools.partial(max, key=abs)), name_of(lambda y_pred, y_true: 0.0)
    ('max', 'lambda')
    """
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__name__", None)
    return name.strip("<>") if isinstance(name, str) else snake_case(type(fn).__name__)
