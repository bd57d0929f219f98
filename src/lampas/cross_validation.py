"""Cross-validation: the data in k folds, and a model trained and scored on each."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold
from torch import nn

from lampas.data.feed import check_count
from lampas.data.parts import column, count_of, labels_of, taken
from lampas.errors import DataError, InputError
from lampas.fitted import seeded
from lampas.model import Model
from lampas.seeding import checked_seed


def folds(
    data: Any, count: int = 5, *, stratify: Any = None, groups: Any = None, seed: int = 0
) -> Iterator[tuple[Any, Any]]:
    """(train, held_out) `count` times, each of the same kind as `data`, each sample held out once.

    data: what `lampas.split` takes. stratify: (N,) labels, each fold has the same share of each;
    True for those that come with the data; the name of a column. groups: (N,) the group of each
    sample, or the name of a column; a group is on one side. seed: of the order; nothing else is
    drawn from.

    Raises `DataError` for fewer samples, groups or rows of the largest class than folds.
    scikit-learn warns where a smaller class cannot be in each fold.

    >>> [held_out for train, held_out in folds(list("abcd"), 2)]
    [['c', 'd'], ['a', 'b']]
    """
    return _parts(data, count, stratify, groups, seed)


def cross_validate(
    make_model: Callable[[], Model],
    x: Any,
    y: Any = None,
    *,
    folds: int = 5,
    stratify: Any = None,
    groups: Any = None,
    seed: int = 0,
    epochs: int = 1,
    batch_size: int = 32,
) -> pd.DataFrame:
    """Train a new model on the rest of each fold and score it on the fold: one table.

    make_model: makes a new, compiled `lampas.Model` each time. x, y: what `fit` takes of arrays,
    or a `Dataset`. folds, stratify, groups: see the function `lampas.folds`. seed: decides the
    folds, the weights (seed + 1, + 2, ...) and the order of the batches; torch's random state on
    the CPU is afterwards what it was. epochs, batch_size: those of `fit`.

    Returns what `evaluate` gives on each fold, a row a fold (from 1), and below the "mean" and
    the "std" of the rows (with N - 1). The model never sees its fold: stop early on a split of
    your own, in a loop over `lampas.folds`.

    Raises `InputError` where make_model gives no compiled model or one with weights that an
    earlier fold has trained, and `DataError` as `lampas.folds`.

    >>> import lampas, torch
    >>> def make_model():
    ...     model = lampas.Model(torch.nn.Linear(2, 1))
    ...     model.compile(torch.optim.SGD(model.parameters(), lr=0.1), "mse")
    ...     return model
    >>> x = torch.linspace(-1, 1, 60).reshape(30, 2)
    >>> table = cross_validate(make_model, x, x.sum(1, keepdim=True), folds=3, epochs=20)
    >>> list(table.index), bool(table.loc["mean", "loss"] < 0.1)
    ([1, 2, 3, 'mean', 'std'], True)
    """
    _check_maker(make_model)
    data = x if y is None else (x, y)
    parts = _parts(data, folds, stratify, groups, seed)
    scores: list[dict[str, float]] = []
    before: Model | None = None
    for number, (train, held_out) in enumerate(parts, start=1):
        inputs, targets = (train, None) if y is None else train
        with seeded(seed + number):
            model = make_model()
            _check_model(model, before, number)
            model.fit(inputs, targets, batch_size=batch_size, epochs=epochs, verbose=0)
        inputs, targets = (held_out, None) if y is None else held_out
        scores.append(model.evaluate(inputs, targets))
        before = model
    table = pd.DataFrame(scores, index=pd.RangeIndex(1, len(scores) + 1), dtype=float)
    return pd.concat([table, table.agg(["mean", "std"])]).rename_axis("fold")


def _parts(
    data: Any, count: int, stratify: Any, groups: Any, seed: int
) -> Iterator[tuple[Any, Any]]:
    """All is checked now; the parts are made one after the other, when asked for."""
    check_count("folds", count, least=2)
    rows = count_of(data)
    labels = members = None
    if stratify is not None and stratify is not False:
        labels = column(data, labels_of(data) if stratify is True else stratify, "stratify")
    if groups is not None:
        members = column(data, groups, "groups")
    _check_sizes(count, rows, labels, members)
    chosen = _splitter(labels, members)(count, shuffle=True, random_state=checked_seed(seed))
    codes = np.zeros(rows) if labels is None else pd.factorize(labels)[0]
    found = chosen.split(np.zeros(rows), codes, members)
    return ((taken(data, train), taken(data, held_out)) for train, held_out in found)


def _splitter(labels: Any, members: Any) -> Any:
    if members is not None:
        return StratifiedGroupKFold
    return KFold if labels is None else StratifiedKFold


def _check_sizes(count: int, rows: int, labels: Any, members: Any) -> None:
    if rows < count:
        raise DataError(f"{rows} samples are too few for {count} folds")
    if members is not None and (there := len(pd.unique(members))) < count:
        raise DataError(f"{there} groups are too few for {count} folds")
    if labels is not None and (largest := int(pd.Series(labels).value_counts().iloc[0])) < count:
        raise DataError(
            f"no class has {count} samples, one for each fold, the largest has {largest}: are "
            "these classes? Take fewer folds, or leave stratify out"
        )


def _check_maker(make_model: Any) -> None:
    if isinstance(make_model, nn.Module) or not callable(make_model):
        raise InputError(
            f"make_model is a {type(make_model).__name__}: pass a function that makes a new, "
            "compiled lampas.Model for each fold"
        )


def _check_model(model: Any, before: Model | None, number: int) -> None:
    if not isinstance(model, Model) or not model.is_compiled:
        said = "a model that is not compiled" if isinstance(model, Model) else f"{model!r}"
        raise InputError(f"make_model returned {said}: return a compiled lampas.Model")
    mine = {id(parameter) for parameter in model.parameters()}
    if before is not None and any(id(parameter) in mine for parameter in before.parameters()):
        raise InputError(
            f"make_model returned for fold {number} the weights that fold {number - 1} has "
            "trained: make the net and its optimizer inside of it"
        )
