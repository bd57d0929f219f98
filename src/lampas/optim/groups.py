"""Parameter groups: weight decay and learning rates by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from lampas.errors import InputError
from lampas.optim.patterns import matches, require_matches

LrScale = Mapping[str, float] | Callable[[str], float]


def groups(
    model: nn.Module,
    *,
    weight_decay: float | None = None,
    no_decay: Sequence[str] | None = None,
    lr: float | None = None,
    lr_scale: LrScale | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups for any torch optimizer: each trainable parameter in exactly one.

    `weight_decay`: of the parameters that decay; None leaves the optimizer's own.
    `no_decay`: patterns of names that get weight decay 0. None means, where `weight_decay` is
        given, every parameter with fewer than two dimensions: biases and the weights of norm
        layers (as nanoGPT and timm do), while embeddings decay; `()` exempts nothing.
    `lr`: the base learning rate; None leaves the optimizer's own.
    `lr_scale`: {pattern: factor}, the first pattern that fits counts, other names have factor
        1; or a function from a name to its factor. The group's rate is `lr` times the factor.

    Patterns are those of `matches`: names of parameters or modules, with `*`, `?`, `[...]`. A
    tied parameter counts once, and any of its names may match; a function gets the first.
    Frozen parameters are left out. Groups follow the model's order.

    Raises `InputError` for a pattern that matches nothing, a string where patterns are due, a
    negative number, `lr_scale` without `lr`, and a model without trainable parameters.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    >>> for group in groups(net, weight_decay=0.1, lr=1e-3, lr_scale={"0": 0.1}):
    ...     print(len(group["params"]), group["weight_decay"], group["lr"])
    1 0.1 0.0001
    1 0.0 0.0001
    3 0.0 0.001
    1 0.1 0.001
    """
    if isinstance(no_decay, str):
        raise InputError(
            f"groups: no_decay is the string {no_decay!r}; pass a list: [{no_decay!r}]"
        )
    _check_numbers(weight_decay, lr, lr_scale)
    names = _names(model)
    patterns = [*(no_decay or ()), *(lr_scale if isinstance(lr_scale, Mapping) else ())]
    require_matches([name for tied in names.values() for name in tied], patterns, "groups")
    buckets: dict[tuple[tuple[str, float], ...], list[nn.Parameter]] = {}
    for parameter, tied in names.items():
        if parameter.requires_grad:
            decays = _decays(parameter, tied, weight_decay, no_decay)
            options = _options(decays, _factor(tied, lr_scale), weight_decay, lr)
            buckets.setdefault(tuple(options.items()), []).append(parameter)
    if not buckets:
        raise InputError("groups: the model has no trainable parameter")
    return [{"params": params, **dict(options)} for options, params in buckets.items()]


def layer_decay(factor: float, layers: Sequence[str]) -> dict[str, float]:
    """Layer-wise learning rates for fine-tuning: the nearer to the input, the smaller.

    `layers`: patterns from input to output, without the head. The last gets `factor`, the one
    before it `factor` squared, and so on; whatever matches none (the head) keeps factor 1.
    Howard and Ruder 2018 (ULMFiT, "discriminative fine-tuning") divide by 2.6 a layer, Clark et
    al. 2020 (ELECTRA) multiply by 0.8. The result is an `lr_scale` for `groups`.
    Raises `InputError` unless 0 < factor <= 1.

    >>> layer_decay(0.5, ["embed", "block.0", "block.1"])
    {'embed': 0.125, 'block.0': 0.25, 'block.1': 0.5}
    """
    if not 0 < factor <= 1:
        raise InputError(f"layer_decay: factor is {factor}; it must lie in (0, 1]")
    return {layer: factor ** (len(layers) - index) for index, layer in enumerate(layers)}


def _check_numbers(weight_decay: float | None, lr: float | None, lr_scale: LrScale | None) -> None:
    for name, number in (("weight_decay", weight_decay), ("lr", lr)):
        if number is not None and not number >= 0:
            raise InputError(f"groups: {name} is {number}; it must not be negative")
    if lr_scale is not None and lr is None:
        raise InputError("groups: lr_scale needs a base rate: groups(model, lr=1e-3, lr_scale=...)")


def _names(model: nn.Module) -> dict[nn.Parameter, list[str]]:
    """Each parameter once, with all the names it bears."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    return names


def _decays(
    parameter: nn.Parameter,
    names: list[str],
    weight_decay: float | None,
    no_decay: Sequence[str] | None,
) -> bool:
    if no_decay is None:
        return weight_decay is None or parameter.ndim >= 2
    return not any(matches(name, pattern) for name in names for pattern in no_decay)


def _factor(names: list[str], lr_scale: LrScale | None) -> float:
    if lr_scale is None:
        return 1.0
    if not isinstance(lr_scale, Mapping):
        return _checked_factor(lr_scale(names[0]), names[0])
    for pattern, factor in lr_scale.items():
        if any(matches(name, pattern) for name in names):
            return _checked_factor(factor, pattern)
    return 1.0


def _checked_factor(factor: float, where: str) -> float:
    if not factor >= 0:
        raise InputError(f"groups: the lr_scale of {where!r} is {factor}; it must not be negative")
    return float(factor)


def _options(
    decays: bool, factor: float, weight_decay: float | None, lr: float | None
) -> dict[str, float]:
    options: dict[str, float] = {}
    if not decays:
        options["weight_decay"] = 0.0
    elif weight_decay is not None:
        options["weight_decay"] = weight_decay
    if lr is not None:
        options["lr"] = lr * factor
    return options
