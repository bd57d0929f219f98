"""A net as the graph of `torch.export`: what both .pt2 and .onnx are made of."""

from typing import Any

import torch
from torch.export import Dim, ExportedProgram, ShapesCollection

from lampas.errors import InputError
from lampas.export.portable import Call, Portable
from lampas.export.quiet import quiet
from lampas.export.why import why

# Paths of the machine that traced it, and names of its files: nothing that a reader needs.
_PRIVATE = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn")


def traced(portable: Portable, call: Call) -> ExportedProgram:
    """The graph of the net for `call`, every free dimension of which may have any size.

    Raises `InputError` in one line for a net that cannot be traced so.
    """
    args, kwargs = call
    dims: dict[str, Any] = {}
    shapes = ShapesCollection()
    for name, tensor in zip(portable.names, (*args, *kwargs.values()), strict=True):
        free = portable.free(name, tensor)
        shapes[tensor] = {axis: dims.setdefault(one, Dim(one)) for axis, one in free.items()}
    net = portable.net
    try:
        with quiet(), torch.no_grad():
            # strict=False runs forward as Python does; the other way reads its bytecode, and
            # knows less of Python.
            program = torch.export.export(
                net, args, kwargs, dynamic_shapes=shapes.dynamic_shapes(net, args, kwargs),
                strict=False,
            )  # fmt: skip
    except Exception as error:
        raise InputError(f"{type(net).__name__} cannot be exported: {why(error)}") from error
    for node in program.graph.nodes:
        for name in _PRIVATE:
            node.meta.pop(name, None)
    return program
