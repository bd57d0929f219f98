"""An .onnx file: for onnxruntime and whatever else reads that format."""

import importlib
import json
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch.export import ExportedProgram

from lampas.errors import ArtifactError, InputError, MissingExtraError
from lampas.export.check import Case, Runner
from lampas.export.portable import Call, Portable
from lampas.export.quiet import quiet
from lampas.export.why import why

OPSET = 18
"""The version of ONNX's operators: the newest that torch's own translations are written for."""

ABOUT = "lampas_export"
"""The entry of the model's metadata that holds what a reader needs beside the graph, as JSON."""

_LARGEST = 2**31 - 1  # bytes of a protobuf message
_LIBRARIES = ("onnx", "onnxscript", "onnxruntime")


def check_installed() -> None:
    """Raise `MissingExtraError` where one of the libraries of the extra is not there."""
    for library in _LIBRARIES:
        try:
            with quiet():
                importlib.import_module(library)
        except ModuleNotFoundError as error:
            if error.name != library:
                raise
            raise MissingExtraError(
                f"export to .onnx needs {library}: pip install 'lampas[onnx]'"
            ) from error


def write(
    file: BinaryIO,
    program: ExportedProgram,
    portable: Portable,
    case: Case,
    about: Mapping[str, Any],
) -> None:
    """Write `program` into `file`, its inputs and outputs under their names, with `about`.

    Raises `InputError` for an operation that ONNX has not, and for weights beyond 2 GiB.
    """
    try:
        with quiet(), torch.no_grad():
            program = program.run_decompositions(_own_ways(program))
            made: Any = torch.onnx.export(
                program, dynamo=True, verbose=False, opset_version=OPSET, external_data=False,
                input_names=list(portable.names), output_names=list(case.outputs),
            )  # fmt: skip
            model: Any = made.model_proto
    except Exception as error:
        raise InputError(
            f"{type(portable.net).__name__} cannot be exported to ONNX: {why(error)}"
        ) from error
    _tidy(model, _symbols(program, portable, case))
    entry = model.metadata_props.add()
    entry.key, entry.value = ABOUT, json.dumps(about)
    if model.ByteSize() > _LARGEST:
        raise InputError(
            f"the net takes {model.ByteSize():,} bytes, and one .onnx file holds {_LARGEST:,}: "
            "export to .pt2"
        )
    file.write(model.SerializeToString())


def reader(path: str) -> Runner:
    """What runs the file at `path`, on the CPU. Raises `ArtifactError` where it cannot be run."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what is fatal: the rest is raised
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError(f"onnxruntime cannot run the file: {why(error)}") from error
    names = [one.name for one in session.get_inputs()]

    def run(call: Call) -> list[Tensor]:
        args, kwargs = call
        given = zip(names, (*args, *kwargs.values()), strict=True)
        try:
            found = session.run(None, {name: one.numpy() for name, one in given})
        except Exception as error:
            raise ArtifactError(f"onnxruntime cannot run the file: {why(error)}") from error
        return [torch.from_numpy(one) for one in found]

    return run


def _symbols(program: ExportedProgram, portable: Portable, case: Case) -> dict[str, str]:
    """{what torch calls a free dimension: its name}."""
    args, kwargs = case.call
    found: dict[str, str] = {}
    user = set(program.graph_signature.user_inputs)
    nodes = [one for one in program.graph.nodes if one.op == "placeholder" and one.name in user]
    tensors = (*args, *kwargs.values())
    for name, tensor, node in zip(portable.names, tensors, nodes, strict=True):
        for axis, called in portable.free(name, tensor).items():
            found[str(node.meta["val"].shape[axis])] = called
    return found


def _tidy(model: Any, symbols: Mapping[str, str]) -> None:
    """Free dimensions get their names; traces of where the graph was made go."""
    graph = model.graph
    graph.doc_string = ""
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*graph.input, *graph.output, *graph.value_info):
        del value.metadata_props[:]
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = re.sub(
                    r"\w+", lambda part: symbols.get(part[0], part[0]), dim.dim_param
                )


def _own_ways(program: ExportedProgram) -> dict[Any, Any]:
    """Operations that ONNX has not, and torch knows no others for."""
    ways = {torch.ops.aten.searchsorted.Tensor: _searchsorted}
    used = {node.target for node in program.graph.nodes}
    return {op: way for op, way in ways.items() if op in used}


def _searchsorted(
    keys: Tensor, wanted: Tensor, *, out_int32: bool = False, right: bool = False,
    side: str | None = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The first place of `keys` (P,), which rise, that is not below each number of `wanted`.

    Halving as often as P takes: each step is a gather and a comparison.

    >>> _searchsorted(torch.tensor([2, 5, 9]), torch.tensor([1, 5, 6, 10])).tolist()
    [0, 1, 2, 3]
    """
    if keys.ndim != 1 or right or side == "right" or sorter is not None or out_int32:
        raise NotImplementedError("ONNX has no searchsorted: export to .pt2")
    low = torch.zeros_like(wanted, dtype=torch.int64)
    high = torch.full_like(low, len(keys))
    for _ in range(len(keys).bit_length()):
        middle = (low + high) // 2
        below = (keys[middle.clamp(max=len(keys) - 1)] < wanted) & (low < high)
        low, high = torch.where(below, middle + 1, low), torch.where(below, high, middle)
    return low
