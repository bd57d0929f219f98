"""Weights for classes of very different size."""

from collections.abc import Mapping
from typing import Literal

import torch

from lampas.errors import InputError, unknown_name
from lampas.losses import balanced_weights, class_counts
from lampas.tables import cells
from lampas.tables.schema import Scalar
from lampas.tables.targets import TargetCoder

ClassWeight = Literal["auto", "balanced"] | Mapping[Scalar, float] | None

_STRONG = 10.0  # largest class over smallest: beyond this "auto" balances


def class_weights(
    spec: ClassWeight, coder: TargetCoder, targets: torch.Tensor
) -> tuple[dict[int, float] | None, str | None]:
    """{class number: weight} for the training `targets`, or None, and a line to tell people.

    "balanced": inverse frequencies, scikit-learn's formula. "auto": those where the largest
    class has over 10 times the rows of the smallest, else none. A mapping gives them by class.
    Several yes/no targets and regression have none. Raises `InputError` for weights that name
    no class, or where there are no classes.
    """
    if spec is None or (spec == "auto" and coder.task not in ("binary", "multiclass")):
        return None, None
    if coder.task not in ("binary", "multiclass"):
        raise InputError(f"class_weight needs one target with classes; the task is {coder.task}")
    names = coder.classes[0]
    if isinstance(spec, Mapping):
        return _named(spec, names), None
    if spec not in ("auto", "balanced"):
        raise unknown_name("class_weight", str(spec), ("auto", "balanced"))
    counts = class_counts(targets, classes=len(names))
    present = counts[counts > 0]
    ratio = float(present.max() / present.min())
    if spec == "auto" and ratio <= _STRONG:
        return None, None
    weights = [round(weight, 4) for weight in balanced_weights(counts).tolist()]
    shown = ", ".join(f"{name}: {w:.3g}" for name, w in zip(names[:6], weights, strict=False))
    more = ", …" if len(names) > 6 else ""
    line = f"classes differ {ratio:.0f}-fold in size and are weighted ({shown}{more})"
    return dict(enumerate(weights)), line + "; class_weight=None turns this off"


def row_weights(weights: Mapping[int, float], y: torch.Tensor) -> torch.Tensor:
    """float32 (N,): the weight of each class number in `y`; 1 where it has none.

    >>> row_weights({1: 3.0}, torch.tensor([0, 1]))
    tensor([1., 3.])
    """
    return torch.tensor([weights.get(int(code), 1.0) for code in y.flatten()])


def _named(spec: Mapping[Scalar, float], names: tuple[Scalar, ...]) -> dict[int, float]:
    known = {cells.label(name): code for code, name in enumerate(names)}
    for name in spec:
        if cells.label(name) not in known:
            raise unknown_name("class in class_weight", cells.label(name), known)
    return {known[cells.label(name)]: float(weight) for name, weight in spec.items()}
