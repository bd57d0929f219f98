"""Hold out rows for validation: the same share of each class, from a seed."""

import numpy as np
import pandas as pd

from lampas.errors import DataError


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
    order = np.random.default_rng(seed).permutation(count)
    codes = np.zeros(count, np.int64) if classes is None else pd.factorize(np.asarray(classes))[0]
    sizes = np.bincount(codes[order]) if count else np.zeros(1, np.int64)
    held: list[np.ndarray] = []
    for code, take in enumerate(_quotas(sizes, share)):
        held.append(order[codes[order] == code][:take])
    held_out = np.sort(np.concatenate(held))
    if not len(held_out) or len(held_out) == count:
        raise DataError(f"validation={share} of {count} rows leaves none on one side: pass a frame")
    return np.setdiff1d(np.arange(count), held_out), held_out


def _quotas(sizes: np.ndarray, share: float) -> np.ndarray:
    """Rows to hold out of each class: whole parts first, then the largest remainders."""
    exact = sizes * share
    quotas = np.floor(exact).astype(np.int64)
    room = np.maximum(sizes - 1, 0) - quotas
    missing = round(float(exact.sum())) - int(quotas.sum())
    for code in np.argsort(quotas - exact, kind="stable")[: max(missing, 0)]:
        quotas[code] += min(1, max(int(room[code]), 0))
    return quotas
