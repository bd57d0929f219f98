"""Training and evaluation mode, of a net and all its parts."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from torch import fx, nn

from lampas.freed import keep_freed_memory

Modes = list[tuple[nn.Module, bool]]


@contextmanager
def evaluating(model: nn.Module) -> Generator[None]:
    """Evaluation mode inside; each module's own mode is put back after."""
    modes = training_modes(model)
    keep_freed_memory()
    if any(training for _, training in modes):
        put_in(model, training=False)
    try:
        yield
    finally:
        restore_modes(modes)


def training_modes(model: nn.Module) -> Modes:
    """Which modules are in training mode."""
    return [(module, module.training) for module in every_module(model)]


def restore_modes(modes: Modes) -> None:
    """Put back what `training_modes` found."""
    for module, mode in modes:
        if module.training is not mode:
            _set(module, mode)


def put_in(model: nn.Module, *, training: bool) -> None:
    """`model.train(training)`, at a tenth of its time where that only sets an attribute.

    A class that has its own `train` or `eval`, as one that keeps a part of itself frozen, is asked;
    one of `torch.export` would refuse, for its graph is of one mode: only its attribute is set.

    >>> net = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    >>> put_in(net, training=False)
    >>> net[1].training
    False
    """
    if _is_plain(model):
        vars(model)["training"] = training
        for part in model._modules.values():  # pyright: ignore[reportPrivateUsage]
            if part is not None:
                put_in(part, training=training)
    elif isinstance(model, fx.GraphModule) and "train" in vars(model):
        model.training = training
    else:
        model.train(training) if training else model.eval()


def _set(module: nn.Module, mode: bool) -> None:
    if _is_plain(module):
        vars(module)["training"] = mode
    else:
        module.training = mode


def _is_plain(module: nn.Module) -> bool:
    """Whether the mode is an attribute like others: of a script, or of what `torch.compile` wraps,
    it is not."""
    of, own = type(module), vars(module)
    return (
        of.train is nn.Module.train and of.eval is nn.Module.eval
        and "training" in own and "train" not in own and "eval" not in own
        and not hasattr(of, "training")
    )  # fmt: skip


def every_module(model: nn.Module) -> Iterator[nn.Module]:
    """`model.modules()`, in its order, without the names that it makes on its way."""
    seen: set[int] = set()
    waiting: list[nn.Module | None] = [model]
    while waiting:
        module = waiting.pop()
        if module is not None and id(module) not in seen:
            seen.add(id(module))
            yield module
            waiting.extend(reversed(module._modules.values()))  # pyright: ignore
