"""Hold out samples: any of them, the same share of each class, whole groups, or the last ones.

All of these give (train, held_out) of the same kind as the data: tensors, NumPy arrays, pandas
objects and lists of samples, tuples and dicts of these; of a `Dataset` two `Subset`s. A list of
arrays is several inputs, as in `fit`; any other list is a list of samples. The samples keep their
order. They draw from `seed` alone: no random state of anybody's is read or moved.
"""

from typing import Any

import numpy as np
import pandas as pd

from lampas.data.parts import Positions, column, count_of, labels_of, taken
from lampas.errors import DataError
from lampas.seeding import checked_seed


def split(data: Any, share: float = 0.2, *, seed: int = 0) -> tuple[Any, Any]:
    """Hold out `share` of the samples, rounded to the nearest number of them.

    Raises `DataError` for a share that leaves none on one side, and for what is no data.

    >>> x, y = np.arange(10.0), np.arange(10) % 2
    >>> (x_train, y_train), (x_held, y_held) = split((x, y), 0.3, seed=1)
    >>> len(x_train), len(y_held), bool((x_held % 2 == y_held).all())
    (7, 3, True)
    """
    count = count_of(data)
    _check_share(share)
    return _parts(data, _held_out(count, share, seed, None), share)


def stratified_split(
    data: Any, share: float = 0.2, *, labels: Any = None, seed: int = 0
) -> tuple[Any, Any]:
    """Hold out `share` of each class, to within one sample; a class of one sample is kept to train.

    labels: (N,) classes of any kind, or the name of a column of a frame or dict. None: those that
    come with the data: y of (x, y), the second tensor of a `TensorDataset`, a dataset's `targets`
    or `labels`.

    Raises `DataError` as `split` does, where no labels are found, and where none comes twice.

    >>> train, held_out = stratified_split(list(range(10)), 0.5, labels=list("aaaaaabbbb"))
    >>> len([i for i in held_out if i < 6]), len([i for i in held_out if i >= 6])
    (3, 2)
    """
    count = count_of(data)
    _check_share(share)
    classes = column(data, labels_of(data) if labels is None else labels, "labels")
    if len(pd.unique(classes)) == count > 1:
        raise DataError(
            f"the {count} labels are all different: they are no classes; use lampas.split, or "
            "pass classes such as pandas.qcut(labels, 5).codes"
        )
    return _parts(data, _held_out(count, share, seed, classes), share)


def group_split(data: Any, share: float, groups: Any, *, seed: int = 0) -> tuple[Any, Any]:
    """Hold out whole groups, such as patients or authors, which make up about `share` of the rows.

    groups: (N,) the group of each sample, or the name of a column of a frame or dict. Groups are
    held out in a random order until the number of rows is as near to the share as it comes.

    Raises `DataError` as `split` does, and where there are fewer than two groups.

    >>> train, held_out = group_split(list("abcdef"), 0.3, groups=[1, 1, 2, 2, 3, 3])
    >>> len(held_out), held_out[0] in ("a", "c", "e")
    (2, True)
    """
    count = count_of(data)
    _check_share(share)
    codes, found = pd.factorize(column(data, groups, "groups"))
    if len(found) < 2:
        raise DataError(f"groups has {len(found)} group: at least two are needed")
    order = np.random.default_rng(checked_seed(seed)).permutation(len(found))
    rows = np.cumsum(np.bincount(codes)[order])
    number = 1 + int(np.abs(rows[:-1] - share * count).argmin())
    return _parts(data, np.flatnonzero(np.isin(codes, order[:number])), share)


def time_split(data: Any, share: float = 0.2, *, time: Any = None) -> tuple[Any, Any]:
    """Hold out the last samples: each of them is later than all that are trained on.

    time: (N,) stamps or numbers, or the name of a column of a frame or dict; samples of one
    moment stay together, and the cut is the one nearest to the share. None: the samples are in
    order of time already.

    Raises `DataError` as `split` does, for stamps that are text, and where there is one moment.

    >>> time_split(list("abcde"), 0.4)
    (['a', 'b', 'c'], ['d', 'e'])
    >>> time_split(list("abcde"), 0.4, time=[3, 1, 2, 3, 1])
    (['b', 'c', 'e'], ['a', 'd'])
    """
    count = count_of(data)
    _check_share(share)
    if time is None:
        return _parts(data, np.arange(count - round(share * count), count), share)
    stamps = column(data, time, "time")
    if stamps.dtype.kind not in "biufM" and any(isinstance(stamp, str) for stamp in stamps):
        raise DataError("time holds text, which sorts otherwise: pass pandas.to_datetime(time)")
    try:
        codes, moments = pd.factorize(stamps, sort=True)
    except TypeError as error:
        raise DataError(f"time holds what has no order: {error}") from error
    if len(moments) < 2:
        raise DataError("time has one moment: at least two are needed")
    later = count - np.cumsum(np.bincount(codes))[:-1]
    last = int(np.abs(later - share * count).argmin())
    return _parts(data, np.flatnonzero(codes > last), share)


def split_rows(
    count: int, share: float, seed: int, classes: pd.Series | np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the training and the validation rows, both int64 and ascending.

    count: rows there are. share: of them for validation, between 0 and 1. classes: (count,)
    labels to stratify by; each class gives its share, rounded so that the sum fits, and always
    keeps one row for training, so a class of one row is never held out. None: any rows.

    Raises `DataError` when nothing would be left on either side.

    >>> train, held_out = split_rows(10, 0.2, seed=0, classes=np.array(list("aaaaabbbbb")))
    >>> len(train), sorted(held_out // 5)
    (8, [np.int64(0), np.int64(1)])
    """
    if not 0.0 < share < 1.0:
        raise DataError(f"validation={share!r}: a share of the rows between 0 and 1 is needed")
    held_out = _held_out(count, share, seed, classes)
    if not len(held_out) or len(held_out) == count:
        raise DataError(
            f"validation={share} of {count} rows leaves none on one side: take another share, or "
            "data of their own"
        )
    return np.setdiff1d(np.arange(count), held_out), held_out


def _held_out(
    count: int, share: float, seed: int, classes: pd.Series | np.ndarray | None
) -> Positions:
    order = np.random.default_rng(checked_seed(seed)).permutation(count)
    codes = np.zeros(count, np.int64) if classes is None else pd.factorize(np.asarray(classes))[0]
    sizes = np.bincount(codes[order]) if count else np.zeros(1, np.int64)
    held: list[np.ndarray] = []
    for code, take in enumerate(_quotas(sizes, share)):
        held.append(order[codes[order] == code][:take])
    return np.sort(np.concatenate(held))


def _quotas(sizes: np.ndarray, share: float) -> np.ndarray:
    """Rows to hold out of each class: whole parts first, then the largest remainders."""
    exact = sizes * share
    quotas = np.floor(exact).astype(np.int64)
    room = np.maximum(sizes - 1, 0) - quotas
    missing = round(float(exact.sum())) - int(quotas.sum())
    for code in np.argsort(quotas - exact, kind="stable")[: max(missing, 0)]:
        quotas[code] += min(1, max(int(room[code]), 0))
    return quotas


def _check_share(share: float) -> None:
    if isinstance(share, str) or not 0.0 < share < 1.0:
        raise DataError(f"share={share!r}: a share of the samples between 0 and 1 is needed")


def _parts(data: Any, held_out: Positions, share: float) -> tuple[Any, Any]:
    count = count_of(data)
    if not len(held_out) or len(held_out) == count:
        raise DataError(f"share={share} of {count} samples leaves none on one side")
    return taken(data, np.setdiff1d(np.arange(count), held_out)), taken(data, held_out)
