"""Class weights that make up for classes of different size."""

from typing import Any

import torch
from torch import Tensor

from lampas.errors import DataError, InputError


def class_counts(targets: Any, classes: int | None = None, ignore_index: int = -100) -> Tensor:
    """How many targets each class has: (C,), int64, on the targets' device.

    `targets`: class indices of any shape: a tensor, an array or a list of whole numbers; bools
    and floats that are whole count too. `classes`: C; None takes the largest index + 1.
    `ignore_index`: a target that is not counted. Waits for the device.

    Raises `DataError` where there is no target, or one is not an index of a class.

    >>> class_counts([0, 0, 2, -100], classes=4)
    tensor([2, 0, 1, 0])
    """
    flat = torch.as_tensor(targets).detach().flatten()
    index = flat.long()
    if flat.is_floating_point() and not bool((flat == index).all()):
        wrong = flat[flat != index][0].item()
        raise DataError(f"the targets hold {wrong}: class indices are whole numbers")
    index = index[index != ignore_index]
    if index.numel() == 0:
        raise DataError("there are no targets to count")
    if int(index.min()) < 0:
        raise DataError(f"the targets hold {int(index.min())}: class indices start at 0")
    counts = torch.bincount(index, minlength=classes or 0)
    if classes is not None and len(counts) > classes:
        raise DataError(
            f"the targets hold {len(counts) - 1}: {classes} classes end at {classes - 1}"
        )
    return counts


def label_counts(targets: Any) -> Tensor:
    """How many "no" and "yes" each label has: (2, K) for targets (N, K), (2,) for (N,); int64.

    `targets`: 0/1 targets of yes/no problems, ints, bools or floats. Waits for the device.
    Raises `DataError` where there is no target, or one is neither 0 nor 1.

    >>> label_counts([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    tensor([[2, 2],
            [1, 1]])
    """
    given = torch.as_tensor(targets).detach()
    if given.numel() == 0:
        raise DataError("there are no targets to count")
    wrong = (given != 0) & (given != 1)
    if bool(wrong.any()):
        raise DataError(f"the targets hold {given[wrong][0].item()}: a yes/no target is 0 or 1")
    yes = (given == 1).sum(0)
    return torch.stack([len(given) - yes, yes])


def balanced_weights(counts: Any) -> Tensor:
    """Inverse frequencies: float32, in the shape of `counts`, (C,) or (C, K).

        w[c] = n / (C * n[c]),   n = sum of n[c]

    Scikit-learn's "balanced" (King and Zeng 2001, "Logistic Regression in Rare Events Data").
    C counts the classes that have samples; a class without any gets weight 0. The weighted
    samples sum to n. Pass them as `CrossEntropyLoss(weight=)`, or through `pos_weight`.

    Raises `DataError` where a count is negative or all are 0.

    >>> balanced_weights(class_counts([0, 0, 0, 1]))
    tensor([0.6667, 2.0000])
    """
    n = _checked(counts)
    present = (n > 0).sum(0)
    return torch.where(n > 0, n.sum(0) / (present * n), 0.0).float()


def effective_weights(counts: Any, beta: float = 0.999) -> Tensor:
    """Inverse effective numbers of samples: float32, in the shape of `counts`, (C,) or (C, K).

        w[c] ~ (1 - beta) / (1 - beta^n[c]),   scaled to sum to C

    Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples". `beta` in
    [0, 1): 0 weighs all classes alike, towards 1 it comes to inverse frequencies; the paper
    tries 0.9 to 0.9999. C counts the classes that have samples; one without any gets weight 0.

    Raises `InputError` for `beta` out of range, `DataError` where a count is negative or all
    are 0.

    >>> effective_weights([100, 10], beta=0.9)
    tensor([0.7889, 1.2111])
    """
    if not 0 <= beta < 1:
        raise InputError(f"beta is {beta!r}: it must lie in [0, 1)")
    n = _checked(counts)
    raw = torch.where(n > 0, (1 - beta) / (1 - beta**n), 0.0)
    return (raw / raw.sum(0) * (n > 0).sum(0)).float()


def pos_weight(weights: Tensor) -> Tensor:
    """The weight of "yes" against "no", for `BCEWithLogitsLoss(pos_weight=)`: (K,), or 0-d.

    `weights`: (2, K) or (2,), from `balanced_weights(label_counts(y))` or `effective_weights`.
    A label that has only "yes" or only "no" gets 1: there is nothing to balance.
    Raises `InputError` where there are not two classes.

    >>> pos_weight(balanced_weights(label_counts([1, 0, 0, 0])))
    tensor(3.)
    """
    if weights.ndim == 0 or len(weights) != 2:
        raise InputError(
            f"pos_weight takes the weights of two classes, (2, ...), got {tuple(weights.shape)}"
        )
    no, yes = weights
    return torch.where((no > 0) & (yes > 0), yes / no, 1.0)


def _checked(counts: Any) -> Tensor:
    n = torch.as_tensor(counts).double()
    if bool((n < 0).any()):
        raise DataError(f"the counts hold {n.min().item():g}: a count cannot be negative")
    if n.numel() == 0 or bool((n.sum(0) == 0).any()):
        raise DataError("the counts are all 0: there are no samples to balance")
    return n
