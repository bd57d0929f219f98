"""The one place where a model becomes a file of another format: traced, written, checked."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn

from lampas.artifact import versions
from lampas.atomic import whole_file
from lampas.errors import InputError
from lampas.export import onnx_file, program_file, weights_file
from lampas.export.check import Case, cases_of, compared, tolerance_of
from lampas.export.exported import Exported, Port
from lampas.export.portable import Portable
from lampas.export.trace import traced
from lampas.seeding import same_random_state

FORMATS = {".onnx": "ONNX", ".pt2": "torch.export", ".safetensors": "weights alone"}
"""What each suffix means."""


def format_of(path: str | os.PathLike[str]) -> str:
    """The suffix of `path`. Raises `InputError` for one that is none of `FORMATS`.

    >>> format_of("m.pt")
    Traceback (most recent call last):
    lampas.errors.InputError: m.pt: the suffix says the format: write .onnx (ONNX), .pt2 \
(torch.export) or .safetensors (weights alone)
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        known = [f"{name} ({what})" for name, what in FORMATS.items()]
        raise InputError(
            f"{os.fspath(path)}: the suffix says the format: write {', '.join(known[:-1])} or "
            f"{known[-1]}"
        )
    return suffix


def export(portable: Portable, path: str | os.PathLike[str], tolerance: float | None) -> Exported:
    """Write what `portable` is to `path`, in the format that its suffix says."""
    if format_of(path) == ".safetensors":
        return export_weights(portable.weights, path, portable.about)
    return export_graph(portable, path, tolerance)


def export_graph(
    portable: Portable, path: str | os.PathLike[str], tolerance: float | None
) -> Exported:
    """Write the net of `portable` to `path`, .onnx or .pt2, once the file answers as it does.

    Whole or not at all: what was at `path` before stays where anything is wrong. Nothing of the
    model changes; torch's, NumPy's and Python's random states are put back.
    """
    suffix = format_of(path)
    if suffix == ".onnx":
        onnx_file.check_installed()
    with same_random_state():
        portable = portable.copied()
        cases = cases_of(portable)
        allowed = _allowed(tolerance, portable, cases[0])
        program = traced(portable, cases[0].call)
        inputs, outputs = _ports(portable, cases)
        about = _about(portable, inputs, outputs)
        with whole_file(path) as file:
            if suffix == ".onnx":
                onnx_file.write(file, program, portable, cases[0], about)
            else:
                program_file.write(file, program, about)
            file.flush()
            run = (onnx_file if suffix == ".onnx" else program_file).reader(file.name)
            apart = compared(portable, cases, run, allowed)
    size = Path(path).stat().st_size
    return Exported(Path(path), size, inputs, outputs, apart, allowed)


def export_weights(
    net: nn.Module, path: str | os.PathLike[str], about: Mapping[str, Any] | None = None
) -> Exported:
    """Write the weights of `net` to `path`, .safetensors, and compare them bit by bit."""
    weights = weights_file.weights_of(net)
    with whole_file(path) as file:
        weights_file.write(file, weights, about or {})
        file.flush()
        weights_file.compare(file.name, weights)
    return Exported(Path(path), Path(path).stat().st_size, (), (), 0.0, 0.0)


def _allowed(tolerance: float | None, portable: Portable, case: Case) -> float:
    if tolerance is None:
        return tolerance_of(portable, case.outputs)
    given: Any = tolerance
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1:
        raise InputError(f"tolerance is {tolerance!r}: it must be a number from 0 to below 1")
    return float(tolerance)


def _ports(portable: Portable, cases: list[Case]) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Inputs and outputs; an output's dimension has the name of the size that it follows."""
    args, kwargs = cases[0].call
    given = zip(portable.names, (*args, *kwargs.values()), strict=True)
    inputs = tuple(Port.of(name, one, portable.free(name, one)) for name, one in given)
    outputs = tuple(
        Port.of(name, one, _followed([case.outputs[name].shape for case in cases], cases))
        for name, one in cases[0].outputs.items()
    )
    return inputs, outputs


def _followed(shapes: list[Any], cases: list[Case]) -> dict[int, str]:
    """{dimension: name of the size that it is in every case}; "any" for one that follows none."""
    free: dict[int, str] = {}
    for axis in range(min(map(len, shapes))):
        sizes = [shape[axis] for shape in shapes]
        if len(set(sizes)) > 1:
            same = [
                name for name in cases[0].sizes if sizes == [case.sizes[name] for case in cases]
            ]
            free[axis] = same[0] if same else "any"
    return free


def _about(
    portable: Portable, inputs: tuple[Port, ...], outputs: tuple[Port, ...]
) -> dict[str, Any]:
    """What goes into the file beside the graph."""
    return {
        "format": 1,
        "made_with": versions(),
        "inputs": [asdict(one) for one in inputs],
        "outputs": [asdict(one) for one in outputs],
        **portable.about,
    }
