"""A .pt2 file: the graph of `torch.export`, for any program that has torch."""

import io
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import torch
from torch import Tensor
from torch.export import ExportedProgram

from lampas.errors import ArtifactError
from lampas.export.check import Runner
from lampas.export.outputs import as_written
from lampas.export.portable import Call
from lampas.export.quiet import quiet
from lampas.export.why import why

ABOUT = "lampas_export.json"
"""The extra file that holds what a reader needs beside the graph."""


def write(file: BinaryIO, program: ExportedProgram, about: Mapping[str, Any]) -> None:
    """Write `program` and, as JSON, `about` into `file`."""
    made = (
        io.BytesIO()
    )  # torch closes a file that is passed in some versions, and looks at its name
    with quiet():
        torch.export.save(program, made, extra_files={ABOUT: json.dumps(about)})
    file.write(made.getbuffer())


def reader(path: str) -> Runner:
    """What runs the file at `path`. Raises `ArtifactError` where torch cannot."""
    with open(path, "rb") as file:
        whole = io.BytesIO(file.read())
    with _readable(), quiet():
        net = torch.export.load(whole).module()

    def run(call: Call) -> list[Tensor]:
        args, kwargs = call
        with _readable(), quiet(), torch.no_grad():
            copies = {name: one.clone() for name, one in kwargs.items()}
            return as_written(net(*(one.clone() for one in args), **copies))

    return run


@contextmanager
def _readable() -> Generator[None]:
    try:
        yield
    except Exception as error:
        raise ArtifactError(f"torch cannot run the file that it wrote: {why(error)}") from error
