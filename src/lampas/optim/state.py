"""The state of optimizers and modules: continued from a file, or put back after a trial."""

import copy
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from lampas.errors import ArtifactError
from lampas.optim.probe import OWN, alike, is_entry, is_group, is_sound, probed, shown

State = Mapping[str, Any]


def load_state(optimizer: torch.optim.Optimizer, state: State) -> None:
    """Continue from `state`, a `state_dict` of an optimizer of the same kind.

    Moments, step counts and hyperparameters (the learning rates too) become those saved, as
    torch's `load_state_dict` does; options of the implementation (`fused`, `foreach`, ...) stay
    the optimizer's own. Raises `ArtifactError`, and changes nothing, where the groups, the
    shapes or the kind differ.

    >>> net = nn.Linear(2, 1)
    >>> saved = torch.optim.Adam(net.parameters(), lr=0.5).state_dict()
    >>> optimizer = torch.optim.Adam(net.parameters(), fused=True)
    >>> load_state(optimizer, saved)
    >>> optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["fused"]
    (0.5, True)
    """
    check_state(optimizer, state)
    groups: Sequence[State] = state["param_groups"]
    merged = [
        _merged(own, saved) for own, saved in zip(optimizer.param_groups, groups, strict=True)
    ]
    optimizer.load_state_dict({"state": state["state"], "param_groups": merged})


def check_state(optimizer: torch.optim.Optimizer, state: State) -> None:
    """Raise `ArtifactError` where `load_state` could not continue from `state`."""
    groups = _groups_of(state)
    _check_groups(optimizer, groups)
    for own, saved in zip(optimizer.param_groups, groups, strict=True):
        _check_options(own, saved)
        merged, probes = _merged(own, saved), dict[int, State]()
        for number, p in zip(saved["params"], own["params"], strict=True):
            if p.ndim not in probes:
                probes[p.ndim] = probed(optimizer, p, merged)
            _check_entry(optimizer, number, p, state["state"].get(number, {}), probes[p.ndim])
    _check_kind(optimizer, groups)


def lay_out_state(optimizer: torch.optim.Optimizer) -> None:
    """Bring the state into the layout of its parameters, as a step creates it; a file has none.

    A kernel may round otherwise where two tensors lie in memory in two orders.

    >>> weight = nn.Parameter(torch.zeros(1, 2, 2, 2).to(memory_format=torch.channels_last))
    >>> optimizer = torch.optim.Adam([weight])
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> optimizer.state[weight]["exp_avg"] = torch.zeros(1, 2, 2, 2)
    >>> lay_out_state(optimizer)
    >>> optimizer.state[weight]["exp_avg"].stride() == weight.stride()
    True
    """
    for parameter, entry in optimizer.state.items():
        for key, value in entry.items():
            same = isinstance(value, Tensor) and value.shape == parameter.shape
            if same and value.stride() != parameter.stride():
                entry[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


@contextmanager
def kept(
    modules: Sequence[nn.Module], optimizers: Iterable[torch.optim.Optimizer] = ()
) -> Generator[None]:
    """Whatever happens inside, afterwards all is as before, bit for bit.

    That is: parameters, buffers, gradients and training modes of `modules`, state and options
    of `optimizers`, torch's random state on the CPU and on the devices of the parameters. Costs
    a copy of each tensor meanwhile. Also on an error inside.

    >>> net = nn.Linear(1, 1)
    >>> before = net.weight.item()
    >>> with kept([net]):
    ...     _ = nn.init.zeros_(net.weight)
    >>> net.weight.item() == before
    True
    """
    optimizers = list(optimizers)
    parts = {id(part): part for module in modules for part in module.modules()}.values()
    modes = [(part, part.training) for part in parts]
    buffers = [(part, name, b) for part in parts for name, b in part.named_buffers(recurse=False)]
    parameters = list({p: None for module in modules for p in module.parameters()})
    tensors: list[Tensor] = [*parameters, *(b for _, _, b in buffers)]
    copies = [tensor.detach().clone() for tensor in tensors]
    gradients = [(p, p.grad, None if p.grad is None else p.grad.clone()) for p in parameters]
    options = [_options(optimizer) for optimizer in optimizers]
    states = [_copied(optimizer.state) for optimizer in optimizers]
    random = random_states(parameters)
    try:
        yield
    finally:
        for part, name, buffer in buffers:
            setattr(part, name, buffer)
        with torch.no_grad():
            for tensor, copied in zip(tensors, copies, strict=True):
                tensor.copy_(copied)
            for p, gradient, copied in gradients:
                p.grad = None if gradient is None or copied is None else gradient.copy_(copied)
        for part, mode in modes:
            part.training = mode
        for optimizer, groups, entries in zip(optimizers, options, states, strict=True):
            _put_back(optimizer, groups, entries)
        set_random_states(random)


def _check_groups(optimizer: torch.optim.Optimizer, groups: Sequence[State]) -> None:
    own = [len(group["params"]) for group in optimizer.param_groups]
    saved = [len(group["params"]) for group in groups]
    if own != saved:
        raise ArtifactError(
            f"the saved optimizer has groups of {saved} parameters, this one of {own}: "
            "build it as it was built for the saved run"
        )


def _groups_of(state: State) -> Sequence[State]:
    """The groups in `state`. Raises `ArtifactError` where it is no state of an optimizer."""
    found = cast(Any, state if isinstance(cast(Any, state), Mapping) else {})
    groups, entries = found.get("param_groups"), found.get("state")
    sound = isinstance(groups, list) and isinstance(entries, Mapping)
    if not sound or not all(map(is_group, groups)) or not all(map(is_entry, entries.items())):
        raise ArtifactError("the saved optimizer is no state of one: it was edited or is damaged")
    return groups


def _check_options(own: State, saved: State) -> None:
    for key in own.keys() & saved.keys() - {"params", "param_names", *OWN}:
        if not alike(saved[key], own[key]):
            raise ArtifactError(
                f"the saved optimizer's {key} is {shown(saved[key])}, this one's {shown(own[key])}"
            )
    if "lr" in own and "lr" not in saved:
        raise ArtifactError("the saved optimizer has no learning rate")


def _check_kind(optimizer: torch.optim.Optimizer, groups: Sequence[State]) -> None:
    for group, saved_group in zip(optimizer.param_groups, groups, strict=True):
        # Both ways: a newer torch adds options, and a scheduler its own keys.
        own_options, saved_options = _options_of(group), _options_of(saved_group)
        lacks, adds = own_options - saved_options, saved_options - own_options
        if lacks and adds:
            raise ArtifactError(
                f"the saved optimizer is of another kind: it has no {_join(lacks)}, which this "
                f"{type(optimizer).__name__} has"
            )


def _options_of(group: State) -> set[str]:
    return set(group) - {"params", "param_names", *OWN}


def _check_entry(
    optimizer: torch.optim.Optimizer, number: int, p: Tensor, entry: State, probe: State
) -> None:
    kind = type(optimizer).__name__
    own = {key for key, value in optimizer.state.get(p, {}).items() if value is not None}
    expected = own or {key for key, value in probe.items() if value is not None}
    saved = {key for key, value in entry.items() if value is not None}
    if saved and expected and saved != expected:
        raise ArtifactError(
            f"the saved optimizer is of another kind: it keeps {_join(saved)} for each "
            f"parameter, this {kind} keeps {_join(expected)}"
        )
    for key, value in entry.items():
        same = not isinstance(value, Tensor) or value.numel() == 1 or kind in _OTHER_SHAPES
        if not same and value.shape != p.shape:
            raise ArtifactError(
                f"the saved optimizer's {key} of parameter {number} has shape "
                f"{tuple(value.shape)}, the parameter has {tuple(p.shape)}"
            )
        known = key in probe and kind not in _OTHER_SHAPES
        if known and not is_sound(value, probe[key], p):
            raise ArtifactError(
                f"the saved optimizer's {key} of parameter {number} is none: it is "
                f"{shown(value)}, and this {kind} keeps {shown(probe[key])}"
            )


# Kinds whose state is not in the shapes of the parameters.
_OTHER_SHAPES = ("Adafactor", "LBFGS")


def _join(keys: set[str]) -> str:
    return ", ".join(sorted(keys))


def _merged(own: dict[str, Any], saved: State) -> dict[str, Any]:
    merged = {**own, **saved}
    for key in OWN:
        if key in own:
            merged[key] = own[key]
        else:
            merged.pop(key, None)
    if isinstance(own["lr"], Tensor):
        merged["lr"] = torch.as_tensor(saved["lr"]).to(own["lr"])
    elif isinstance(saved["lr"], Tensor):
        merged["lr"] = float(saved["lr"])
    return merged


def _options(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    return [
        {key: copy.deepcopy(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]


def _copied(state: Mapping[Any, Any]) -> dict[Any, Any]:
    """A copy whose keys, the parameters, are the same objects."""
    return {key: copy.deepcopy(value) for key, value in state.items()}


def _put_back(
    optimizer: torch.optim.Optimizer, groups: list[dict[str, Any]], entries: dict[Any, Any]
) -> None:
    for group, options in zip(optimizer.param_groups, groups, strict=True):
        for key in set(group) - set(options) - {"params"}:
            del group[key]
        group.update(options)
    optimizer.state.clear()
    optimizer.state.update(entries)


def random_states(parameters: Iterable[Tensor]) -> list[tuple[torch.device, Tensor]]:
    """The states of torch's generators; the CPU's always."""
    devices = {p.device for p in parameters if p.device.type not in ("cpu", "meta")}
    states = [(torch.device("cpu"), torch.get_rng_state())]
    for device in devices:
        place = () if device.type == "mps" else (device,)
        states.append((device, torch.get_device_module(device).get_rng_state(*place)))
    return states


def set_random_states(states: list[tuple[torch.device, Tensor]]) -> None:
    """Put back what `random_states` gave."""
    for device, state in states:
        if device.type == "cpu":
            torch.set_rng_state(state)
        else:
            place = () if device.type == "mps" else (device,)
            torch.get_device_module(device).set_rng_state(state, *place)
