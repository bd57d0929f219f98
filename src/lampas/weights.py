"""A net's state as values, saved and put back: what `Model.save` and `lampas.load` do."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy

from lampas.artifact import Artifact, save
from lampas.errors import ArtifactError, InputError


def bare(net: nn.Module) -> nn.Module:
    """`net` without the shells of `torch.compile`, `DataParallel` and DDP: its names are its own.

    >>> bare(nn.DataParallel(nn.Linear(2, 1)))
    Linear(in_features=2, out_features=1, bias=True)
    """
    if isinstance(net, DataParallel | DistributedDataParallel):
        return bare(cast(nn.Module, net.module))
    inner = getattr(net, "_orig_mod", None)  # the name that torch.compile gives it
    return bare(inner) if isinstance(inner, nn.Module) else net


def model_state(
    net: nn.Module,
    optimizers: Mapping[str, torch.optim.Optimizer] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of an artifact: "weights" (the state dict), "optimizers" (by name), and `more`.

    The tensors are the net's own, not copies: save them, or deep-copy them, before training on.

    >>> sorted(model_state(nn.Linear(2, 1))["weights"])
    ['bias', 'weight']
    """
    weights = dict(bare(net).state_dict())
    states = {name: optimizer.state_dict() for name, optimizer in (optimizers or {}).items()}
    return {"weights": weights, "optimizers": states, **(more or {})}


def save_model(
    net: nn.Module,
    path: str | os.PathLike[str],
    *,
    optimizers: Mapping[str, torch.optim.Optimizer] | None = None,
    history: Sequence[Mapping[str, float]] = (),
    metrics: Mapping[str, float] | None = None,
    settings: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write `net` and whatever continues its run to `path` (see `lampas.artifact.save`).

    `more`: other state, by name, such as that of schedulers.
    """
    artifact = Artifact(
        kind="model",
        class_name=type(bare(net)).__name__,
        content=model_state(net, optimizers, more),
        metrics=metrics or {},
        history=history,
        settings=settings or {},
        origin=origin or {},
    )
    save(artifact, path)


def loaded_into(
    net: nn.Module | None,
    artifact: Artifact,
    name: str,
    map_location: torch.device | str | None = None,
) -> nn.Module:
    """`net`, an object of the class that was saved, with the weights of `artifact`.

    `name`: the file's, for messages. `map_location`: the device that `net` is moved to; None
    leaves it where it is. No code is loaded: without `net` an `ArtifactError` says the line to
    write. The weights take the dtypes and devices of `net`'s. Raises `ArtifactError` where they
    do not fit; then `net` is as it was.
    """
    if net is None:
        cls = artifact.class_name
        raise ArtifactError(
            f"{name} holds the weights of {cls}, and no code: pass the net they belong to: "
            f"lampas.load({name!r}, net={cls}(...))"
        )
    restore(net, artifact, name)
    if map_location is not None:
        net.to(map_location)
    return net


def restore(net: nn.Module, artifact: Artifact, name: str) -> None:
    """Put the weights of `artifact` into `net`; `name` is the file's, for messages.

    Raises `ArtifactError` for the first thing that does not fit, before any weight is changed,
    `InputError` where `net` is no object of a module.
    """
    _check_net(net)
    weights = artifact.content.get("weights")
    if not isinstance(weights, dict):
        raise ArtifactError(f"{name} holds no weights")
    weights = cast(dict[str, Any], weights)
    target = bare(net)
    complaint = misfit(weights, target.state_dict())
    if complaint is not None:
        ours, theirs = type(target).__name__, artifact.class_name
        whose = f"this {ours}" if ours == theirs else f"{ours} (saved from {theirs})"
        raise ArtifactError(f"the weights in {name} do not fit {whose}: {complaint}")
    target.load_state_dict(weights)


def misfit(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Why the state dict `saved` does not fit a net whose own is `wanted`; None where it does.

    >>> misfit(nn.Linear(3, 2).state_dict(), nn.Linear(5, 2).state_dict())
    'weight is (2, 3) in the file and (2, 5) in the net'
    """
    missing = [key for key in wanted if key not in saved]
    unexpected = [key for key in saved if key not in wanted]
    parts: list[str] = []
    if missing:
        parts.append(f"the file lacks {_some(missing)}")
    if unexpected:
        parts.append(f"the net lacks {_some(unexpected)}")
    if parts:
        return "; ".join(parts)
    unlike = (_unlike(key, saved[key], wanted[key]) for key in wanted)
    return next((complaint for complaint in unlike if complaint is not None), None)


def _check_net(net: object) -> None:
    if isinstance(net, type):
        name = net.__name__
        raise InputError(f"net={name} is a class: pass an object of it: net={name}(...)")
    if not isinstance(net, nn.Module):
        raise InputError(f"net is a {type(net).__name__}: pass a torch.nn.Module")


def _some(names: list[str]) -> str:
    """The first few of many names, with how many there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _unlike(key: str, saved: object, wanted: object) -> str | None:
    if not isinstance(wanted, Tensor):
        return None  # a module's own extra state, which only it can judge
    if not isinstance(saved, Tensor):
        return f"{key} is a {type(saved).__name__} in the file and a tensor in the net"
    if is_lazy(wanted):
        return None
    if saved.shape != wanted.shape:
        there, here = tuple(saved.shape), tuple(wanted.shape)
        return f"{key} is {there} in the file and {here} in the net"
    if _family(saved) != _family(wanted):
        return f"{key} is {saved.dtype} in the file and {wanted.dtype} in the net"
    return None


def _family(tensor: Tensor) -> str:
    if tensor.is_complex():
        return "complex"
    if tensor.is_floating_point():
        return "float"
    return str(tensor.dtype)
