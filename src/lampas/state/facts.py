"""What a run is, as plain values: kept in its checkpoints, to compare with what goes on there."""

import hashlib
import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from lampas.artifact import versions
from lampas.data.feed import Source
from lampas.record.about import command
from lampas.record.fingerprints import of_code, of_script
from lampas.settings import settings_of

if TYPE_CHECKING:
    from lampas.model import Model
    from lampas.run import Run

_WHOLE = 64 << 20  # bytes of data that are read for a fingerprint; of more, as many in pieces
_PIECES = 1024


def facts_of(run: "Run", source: Source, batch_size: int) -> dict[str, Any]:
    """What `run` is at its beginning; no data are read for it.

    "data": what it trains on, see `data_facts`; "settings": what `compile` was told; "net": the
    class; "seed": that of torch's random state; "machine": what may round otherwise; "epochs",
    "versions", "command".
    """
    model = run.model
    return {
        "data": {**data_facts(source, batch_size), "batches": run.feed.batches},
        "settings": settings_of(model),
        "net": type(_net(model)).__name__,
        "seed": torch.initial_seed(),
        "machine": _machine(model.plan.device),
        "epochs": run.epochs,
        "versions": versions(),
        "command": command(),
    }


def fingerprints_of(model: "Model", source: Source) -> dict[str, Any]:
    """What is compared by its bytes.

    "values": of data in memory, behind a plain loader too; None of others. "code": of the program,
    and of the file that the net's class is in, where that is not torch's.
    """
    net, tensors = type(_net(model)), _tensors(source)
    own = {} if net.__module__.startswith("torch.") else _without_git(of_code(net))
    return {
        "values": fingerprint(tensors) if tensors else None,
        "code": {**of_script(), **own},
    }


def data_facts(source: Source, batch_size: int) -> dict[str, Any]:
    """Of data in memory the number of rows and the batch size; of a loader its dataset's class and
    length, its batch size, and whether worker processes read, as far as it tells."""
    if source.rows is not None:
        return {"samples": len(source.rows), "batch_size": batch_size}
    loader = source.x
    data = getattr(loader, "dataset", loader)
    own = getattr(loader, "batch_size", batch_size)
    sampler = getattr(loader, "batch_sampler", None)
    return {
        "of": type(data).__name__,
        "samples": _length(data),
        "batch_size": own if own is not None else getattr(sampler, "batch_size", None),
        "workers": getattr(loader, "num_workers", 0) > 0,
    }


def _tensors(source: Source) -> list[Tensor]:
    """Those that the data are, where they are nothing but tensors."""
    if source.rows is not None:
        return list(source.rows.tensors)
    data = getattr(source.x, "dataset", None)
    return list(data.tensors) if type(data) is TensorDataset else []


def fingerprint(tensors: Sequence[Tensor]) -> str:
    """SHA-256 of all `tensors`, with their shapes and dtypes.

    Of a tensor of more than 64 MiB it is over as many bytes, in up to 1 024 pieces which lie evenly
    in it: that costs 50 ms. A change between two of them is not seen.
    """
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(f"{tuple(tensor.shape)} {tensor.dtype}".encode())
        for piece in _pieces(tensor):
            digest.update(_bytes(piece))
    return digest.hexdigest()


def _pieces(tensor: Tensor) -> list[Tensor]:
    if tensor.nbytes <= _WHOLE or not tensor.ndim:
        return [tensor]
    rows = len(tensor)
    pieces = max(1, min(_PIECES, _WHOLE * rows // tensor.nbytes))  # fewer, where rows are large
    length = max(1, int(_WHOLE * rows / tensor.nbytes / pieces))
    starts = {int(rows * index / pieces) for index in range(pieces)}
    return [tensor[start : start + length] for start in sorted({*starts, rows - length})]


def _bytes(tensor: Tensor) -> memoryview:
    if tensor.is_sparse or tensor.is_nested:
        return memoryview(repr(tensor).encode())
    flat = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def _net(model: "Model") -> Any:
    return model.net if hasattr(model, "net") else model


def _machine(device: torch.device) -> dict[str, Any]:
    """What decides, beside the program, how a sum is rounded."""
    return {
        "host": platform.node(),
        "device": device.type if device.type == "cpu" else _name(device),
        "threads": torch.get_num_threads(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cores": os.cpu_count(),
    }


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        return None


def _without_git(code: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in code.items() if name == "net"}
