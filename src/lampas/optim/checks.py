"""What can be wrong between an optimizer and a model, one clear line each."""

import warnings
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from lampas.errors import InputError


def check(optimizer: torch.optim.Optimizer, model: nn.Module) -> None:
    """Raise `InputError` where `optimizer` cannot train `model`.

    Refused: a model without trainable parameters or with a lazy layer that has no weights yet;
    an optimizer that holds none of the model's parameters, or frozen ones only; state or
    parameters on another device. Further tensors in the optimizer (a loss that learns) are
    fine, and so are parameters that it lacks: see `warn_missing`.

    >>> net, other = nn.Linear(2, 1), nn.Linear(2, 1)
    >>> check(torch.optim.SGD(net.parameters()), net)
    >>> check(torch.optim.SGD(other.parameters()), net)
    Traceback (most recent call last):
    lampas.errors.InputError: the optimizer was built from another model: 0 of its 2 tensors are
    parameters of this one; build it from model.parameters()
    """
    check_model(model)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    _check_owner(held, model)
    _check_devices(optimizer, held, model)


def check_model(model: nn.Module) -> None:
    """Raise `InputError` where no optimizer could train `model`: see `check`.

    >>> check_model(nn.LazyLinear(3))
    Traceback (most recent call last):
    lampas.errors.InputError: the LazyLinear has no weights before its first batch: run one
    through the net before you build the optimizer: net(torch.zeros(1, ...))
    """
    for name, module in model.named_modules():
        if any(isinstance(p, UninitializedParameter) for p in module.parameters(recurse=False)):
            where = f"layer {name!r} ({type(module).__name__})" if name else type(module).__name__
            raise InputError(
                f"the {where} has no weights before its first batch: run one through the net "
                "before you build the optimizer: net(torch.zeros(1, ...))"
            )
    parameters = list(model.parameters())
    if not parameters:
        raise InputError(
            "the model has no parameters: there is nothing to train (layers in a plain list are "
            "not seen: put them in an nn.ModuleList)"
        )
    if not any(p.requires_grad for p in parameters):
        raise InputError(
            f"all {len(parameters)} parameters of the model are frozen (requires_grad=False): "
            "there is nothing to train; lampas.optim.unfreeze(model) trains them"
        )


def warn_missing(optimizers: Iterable[torch.optim.Optimizer], model: nn.Module) -> None:
    """Warn of trainable parameters that none of `optimizers` holds: it may be meant.

    Meant for `Model.compile`: the warning points at the line that called it.

    >>> warn_missing([torch.optim.SGD(nn.Linear(2, 1).parameters())], nn.Flatten())
    """
    held = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
    trainable = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    missing = [name for name, p in trainable if id(p) not in held]
    if missing:
        warnings.warn(
            f"the optimizer lacks {len(missing)} of the model's {len(trainable)} trainable "
            f"parameters, the first is {missing[0]!r}: they will not train; add them, or freeze "
            "them with lampas.optim.freeze",
            UserWarning,
            stacklevel=4,
        )


def _check_owner(held: list[Tensor], model: nn.Module) -> None:
    ids = {id(p) for p in model.parameters()}
    own = [p for p in held if id(p) in ids]
    if not own:
        raise InputError(
            f"the optimizer was built from another model: 0 of its {len(held)} tensors are "
            "parameters of this one; build it from model.parameters()"
        )
    if not any(p.requires_grad for p in held):
        raise InputError(
            f"the optimizer holds {len(held)} tensors, all frozen (requires_grad=False); "
            "build it from the parameters that train"
        )


def _check_devices(optimizer: torch.optim.Optimizer, held: list[Tensor], model: nn.Module) -> None:
    devices = {p.device for p in model.parameters()}
    for p in held:
        if p.device not in devices:
            raise InputError(
                f"the optimizer holds a tensor on {p.device}, the model is on "
                f"{_join(devices)}; move both to one device, then build the optimizer"
            )
        for key, value in optimizer.state.get(p, {}).items():
            # `step` lives on the CPU by design, whatever the parameter's device.
            if key != "step" and isinstance(value, Tensor) and value.device != p.device:
                raise InputError(
                    f"the optimizer's state ({key}) is on {value.device}, its parameter on "
                    f"{p.device}; move it with optimizer.load_state_dict(optimizer.state_dict())"
                )


def _join(devices: set[torch.device]) -> str:
    return ", ".join(sorted(map(str, devices)))
