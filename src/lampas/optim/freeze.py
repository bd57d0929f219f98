"""Switch the training of some parameters off and on, by name."""

from torch import nn

from lampas.optim.patterns import matches, require_matches


def freeze(module: nn.Module, *patterns: str) -> list[str]:
    """Stop training the parameters whose names match; without patterns, all of them.

    Sets `requires_grad` to False and drops the gradient, so that an optimizer which already
    holds the parameter leaves it alone (weight decay and momentum included). Layers stay in the
    mode they are in: a frozen BatchNorm still updates its running statistics while it trains.

    `patterns`: as for `matches`: names of parameters or modules, with `*`, `?` and `[...]`.
    Returns the names that changed, in the module's order. A tied parameter bears several names:
    each pattern is tried on all of them, and the first name is returned.
    Raises `InputError` for a pattern that matches nothing.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    >>> freeze(net, "0")
    ['0.weight', '0.bias']
    >>> unfreeze(net, "*.bias")
    ['0.bias']
    """
    return _switch(module, patterns, on=False, what="freeze")


def unfreeze(module: nn.Module, *patterns: str) -> list[str]:
    """Train the parameters whose names match again; without patterns, all of them.

    The optimizer must hold them: one that was built from the trainable parameters only needs
    `optimizer.add_param_group({"params": ...})` for those that were frozen then.
    Returns the names that changed. Raises `InputError` as `freeze` does.

    >>> net = nn.Linear(4, 2)
    >>> freeze(net)
    ['weight', 'bias']
    >>> unfreeze(net)
    ['weight', 'bias']
    """
    return _switch(module, patterns, on=True, what="unfreeze")


def _switch(module: nn.Module, patterns: tuple[str, ...], *, on: bool, what: str) -> list[str]:
    named = list(module.named_parameters(remove_duplicate=False))
    require_matches([name for name, _ in named], patterns, what)
    changed: list[str] = []
    for name, parameter in named:
        wanted = not patterns or any(matches(name, pattern) for pattern in patterns)
        if not wanted or parameter.requires_grad == on:
            continue
        parameter.requires_grad_(on)
        if not on:
            parameter.grad = None
        changed.append(name)
    return changed
