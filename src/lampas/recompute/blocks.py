"""Which modules are computed again: blocks that are named, or found by how a net is built."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from torch import nn

from lampas.errors import InputError
from lampas.optim.patterns import matches, require_matches

RecomputeLike = bool | str | nn.Module | Sequence[str | nn.Module] | None
"""What `compile(recompute=...)` takes."""

_HOLDERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_LEAST = 4  # layers of a segment: of a linear layer and its activation alone nothing would be saved


@dataclass(frozen=True, slots=True)
class Block:
    """Some modules whose activations are dropped and computed again together.

    `home`: the module whose `forward` is replaced; `parts`: itself, or, of a `Sequential` that is
    cut, some of its layers from number `start` on.
    """

    name: str
    home: nn.Module
    parts: tuple[nn.Module, ...]
    start: int | None = None


def blocks_of(model: nn.Module, spec: RecomputeLike) -> list[Block]:
    """The blocks that `spec` means, none within another; [] for None and False.

    True finds them: layers of one class that a list or `Sequential` repeats, and longer runs of
    plain layers, cut where a layer with a matrix of weights begins. Names and patterns are
    those of modules (`*`, `?`, `[0-9]`), with or without the `net.` of a wrapped one; a list of
    modules stands for each of them.

    Raises `InputError` for a name that no module has, and where True finds nothing.

    >>> layers = [nn.Sequential(nn.Linear(4, 4), nn.GELU()) for _ in range(3)]
    >>> [block.name for block in blocks_of(nn.Sequential(*layers, nn.Linear(4, 1)), True)]
    ['0', '1', '2']
    """
    if spec is None or spec is False:
        return []
    if spec is True:
        return _outermost(_found(model))
    given = cast("list[Any]", [spec] if isinstance(spec, str | nn.Module) else list(_listed(spec)))
    named = {name: module for name, module in model.named_modules() if name}
    chosen = [block for one in given for block in _chosen(model, named, one)]
    if not chosen:
        raise InputError("recompute is empty: name modules, or pass True, or None for none")
    return _outermost(chosen)


def paths_of(model: nn.Module, spec: RecomputeLike) -> dict[str, str]:
    """The paths of the modules that blocks are made of, each with the name of its block."""
    blocks = {id(part): block.name for block in blocks_of(model, spec) for part in block.parts}
    return {name: blocks[id(one)] for name, one in model.named_modules() if id(one) in blocks}


def _listed(spec: Any) -> Iterable[Any]:
    if isinstance(spec, (list, tuple, set, nn.ModuleList)):
        return cast("Iterable[Any]", spec)
    raise InputError(
        f"recompute is {spec!r}: pass True, names of modules such as 'encoder.layers.*', or modules"
    )


def _chosen(model: nn.Module, named: dict[str, nn.Module], one: Any) -> Iterator[Block]:
    if isinstance(one, nn.Module):
        name = next((name for name, module in model.named_modules() if module is one), None)
        if name is None:
            raise InputError(f"recompute: this {type(one).__name__} is no part of the model")
        yield from _whole(name, one)
    elif isinstance(one, str):
        names = {name: name.removeprefix("net.") for name in named}
        known = [*names, *names.values()]
        require_matches(known, [one], "recompute", kind="module")
        for name, short in names.items():
            if matches(name, one) or matches(short, one):
                yield from _whole(name, named[name])
    else:
        raise InputError(f"recompute has {one!r}: pass names of modules, or modules")


def _whole(name: str, module: nn.Module) -> Iterator[Block]:
    """A module as one block; of one that holds others and has no `forward`, each of these."""
    if isinstance(module, nn.ModuleList | nn.ModuleDict):
        for part, child in module.named_children():
            yield from _whole(f"{name}.{part}" if name else part, child)
    else:
        yield Block(name, module, (module,))


def _outermost(blocks: list[Block]) -> list[Block]:
    """Each once, and none that lies within another."""
    inner = {
        id(one)
        for block in blocks
        for part in block.parts
        for one in part.modules()
        if one is not part
    }
    kept: dict[tuple[int, int | None], Block] = {}
    for block in blocks:
        if not any(id(part) in inner for part in block.parts):
            kept.setdefault((id(block.home), block.start), block)
    return list(kept.values())


def _found(model: nn.Module) -> list[Block]:
    found = list(_repeated(model, ""))
    if not found:
        names = [name for name, child in model.named_modules() if name and list(child.children())]
        hint = f"name some, as recompute={names[:2]!r}" if names else "leave it out"
        raise InputError(
            f"recompute=True finds no blocks in {_kind(model)}, no layers of one class in a list "
            f"or Sequential: {hint}"
        )
    return found


def _kind(model: nn.Module) -> str:
    return type(getattr(model, "net", model)).__name__


def _repeated(module: nn.Module, name: str) -> Iterator[Block]:
    """The blocks within a module, from the outside in."""
    if _is_run(module):
        yield from _cut(module, name)
        return
    blocks = _alike(module) if isinstance(module, _HOLDERS) else set[nn.Module]()
    for part, child in module.named_children():
        path = f"{name}.{part}" if name else part
        if child in blocks:
            yield Block(path, child, (child,))
        else:
            yield from _repeated(child, path)


def _alike(holder: nn.Module) -> set[nn.Module]:
    """The children that are built of layers, of a class that stands there twice or more."""
    built = [child for child in holder.children() if _is_built(child) and not _is_nest(child)]
    counts = Counter(type(child) for child in built)
    return {child for child in built if counts[type(child)] > 1}


def _is_built(module: nn.Module) -> bool:
    """Of other modules, and with weights."""
    return bool(list(module.children())) and next(module.parameters(), None) is not None


def _is_nest(module: nn.Module) -> bool:
    """Whether blocks are further in: a holder without a `forward` of its own, or a run to cut."""
    if _is_run(module):
        return len(list(_cut(module, ""))) > 1
    own = isinstance(module, nn.Sequential) and type(module).forward is not nn.Sequential.forward
    return isinstance(module, _HOLDERS) and not own


def _is_run(module: nn.Module) -> TypeGuard[nn.Sequential]:
    """Plain layers that are called in turn, by `Sequential`'s own `forward`."""
    if not isinstance(module, nn.Sequential) or type(module).forward is not nn.Sequential.forward:
        return False
    return not any(map(_is_built, module))


def _cut(run: nn.Sequential, name: str) -> Iterator[Block]:
    """Plain layers in segments of about the square root of their number, which keeps the least;
    each begins with a matrix of weights, not with an activation that may work in place."""
    layers = list(run)
    length = max(_LEAST, round(len(layers) ** 0.5))
    starts: list[int] = []
    for index, layer in enumerate(layers):
        if _has_matrix(layer) and (not starts or index - starts[-1] >= length):
            starts.append(index)
    if len(starts) < 2:
        return
    for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        label = f"{start}-{end - 1}"
        yield Block(f"{name}.{label}" if name else label, run, tuple(layers[start:end]), start)


def _has_matrix(layer: nn.Module) -> bool:
    return any(p.ndim > 1 for p in layer.parameters(recurse=False))
