"""Graphs compiled by torch's inductor, and kept in a cache on the disk.

A compiled graph is machine code. It is read back only from this user's own cache folder, under a
name that is the digest of all that it was made from: see SECURITY.md.
"""

import hashlib
import os
import stat
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from lampas.cache import cache_folder
from lampas.jit.reasons import NotCompilableError

Compiled = Callable[..., Sequence[Tensor]]

_PATCHES: dict[str, Any] = {
    "size_asserts": False, "alignment_asserts": False,
    "cpp_wrapper": True,
}  # fmt: skip
"""What is looked at here, once for each form of batch, is not looked at again in each step. And the
calls of kernels are C++ too, not Python: 9 µs less a step of a net of three layers, and a fifth
less time to compile."""

_BY_INDEX = ("index", "embedding", "gather", "scatter", "nll_loss", "take")
"""Parts of the names of operations that read where a number of the data says."""


def digest(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> str:
    """Names all that the compiled code depends on."""
    machine = torch.backends.cpu.get_cpu_capability()
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    parts = [torch.__version__, machine, str(threads), str(exact), graph.code]
    parts += [str(_patches(graph))]
    parts += [f"{t.dtype} {tuple(t.shape)} {t.stride()} {t.device}" for t in tensors]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def place_of(name: str) -> Path:
    """Where the compiled graph of this digest is kept."""
    return cache_folder("compiled") / f"{name}.bin"


def compiled(graph: fx.GraphModule, tensors: Sequence[Tensor], name: str) -> Compiled:
    """The graph, from the cache, or compiled now, which takes from 2 to 20 seconds. Raises
    `NotCompilableError` where torch cannot."""
    found = from_cache(name)
    if found is not None:
        return found
    made = make(graph, tensors)
    keep(made, place_of(name))
    return made


def from_cache(name: str) -> Compiled | None:
    """The compiled graph of this digest, where it is there and ours."""
    place = place_of(name)
    if not _is_ours(place):
        return None
    try:
        return load(place)
    except Exception:  # of another machine, cut off, or damaged: it is only a cache
        place.unlink(missing_ok=True)
        return None


def make(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> Any:
    """Compile. Raises `NotCompilableError` with torch's own first line."""
    from torch._inductor import standalone_compile

    options = {"config_patches": _patches(graph)}
    try:
        with torch.no_grad(), warnings.catch_warnings(action="ignore"):  # of torch's own old parts
            return standalone_compile(
                graph, list(tensors), dynamic_shapes="from_example_inputs", options=options
            )
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        why = lines[0] if lines else type(error).__name__
        raise NotCompilableError(f"torch cannot compile it: {why}") from error


def _patches(graph: fx.GraphModule) -> dict[str, Any]:
    """An index out of range raises in the middle of a loop: where several threads share it, C++
    ends the whole process. So such a graph's own loops run on one (products of matrices do not)."""
    targets = [str(node.target) for node in graph.graph.nodes if node.op == "call_function"]
    is_alone = any(part in target for target in targets for part in _BY_INDEX)
    return _PATCHES | {"cpp.threads": 1} if is_alone else _PATCHES


def load(place: Path) -> Compiled:
    """A compiled graph from a file of ours."""
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):  # of torch's own old parts
        from torch._inductor import CompiledArtifact  # pyright: ignore

        return CompiledArtifact.load(path=str(place), format="binary")


def keep(made: Any, place: Path) -> None:
    """Write the compiled graph into the cache; where that cannot be, it is not kept."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = place.with_suffix(f".{os.getpid()}")
        made.save(path=str(beside), format="binary")
        beside.chmod(0o600)
        beside.replace(place)
    except Exception:
        return


def _is_ours(place: Path) -> bool:
    """Whether the file is there, and nobody else could have written it."""
    try:
        found = [place.lstat(), place.parent.lstat()]
    except OSError:
        return False
    own = os.getuid() if hasattr(os, "getuid") else None
    safe = all(one.st_uid == own and not one.st_mode & 0o022 for one in found) or own is None
    return safe and stat.S_ISREG(found[0].st_mode)
