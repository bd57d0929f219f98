"""Optimizers by name, by class, by function, or as they are."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import nn

from lampas.errors import InputError, unknown_name
from lampas.optim.checks import check_model

OptimizerSpec = str | torch.optim.Optimizer | Callable[..., torch.optim.Optimizer]

_CLASSES = (
    *("Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "AdamW", "ASGD", "LBFGS", "Muon"),
    *("NAdam", "RAdam", "RMSprop", "Rprop", "SGD", "SparseAdam"),
)

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    name.lower(): getattr(torch.optim, name) for name in _CLASSES if hasattr(torch.optim, name)
}
"""What each string means: torch's own classes with torch's own defaults; only those that the
installed torch has."""


def resolve(spec: OptimizerSpec, model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer that `spec` means for `model`.

    A string ("adam", "sgd": case, "-" and "_" do not matter) takes torch's class with torch's
    defaults; note SGD's 1e-3. A class or a function is called with an iterator of the trainable
    parameters: `torch.optim.Adam`, `partial(torch.optim.Adam, lr=1e-2)`, `lambda params: ...`.
    An optimizer is returned as it is: see `check` for whether it fits.

    Raises `UnknownNameError` for an unknown string, `InputError` for anything else that is no
    optimizer, and, where one is built here, for a model that cannot be trained.

    >>> from functools import partial
    >>> net = nn.Linear(2, 1)
    >>> resolve("adam", net).defaults["lr"]
    0.001
    >>> resolve(partial(torch.optim.SGD, lr=0.1, momentum=0.9), net).defaults["momentum"]
    0.9
    """
    if isinstance(spec, torch.optim.Optimizer):
        return spec
    if isinstance(spec, str):
        key = spec.lower().replace("_", "").replace("-", "")
        if key not in OPTIMIZERS:
            raise unknown_name("optimizer", spec, OPTIMIZERS)
        spec = OPTIMIZERS[key]
    elif not callable(spec):
        raise InputError(
            f"the optimizer is a {type(spec).__name__}; pass a torch optimizer, a name like "
            "'adam', or a function from parameters to an optimizer"
        )
    check_model(model)
    return _built(spec, model)


def _built(make: Callable[..., torch.optim.Optimizer], model: nn.Module) -> torch.optim.Optimizer:
    made = cast(Any, make(_trainable(model)))
    if not isinstance(made, torch.optim.Optimizer):
        name = getattr(make, "__name__", type(make).__name__)
        raise InputError(
            f"the optimizer function {name} returned a {type(made).__name__}; "
            "it must return a torch optimizer"
        )
    return made


def _trainable(model: nn.Module) -> Iterator[nn.Parameter]:
    return (p for p in model.parameters() if p.requires_grad)
