"""`lampas export`: a saved run as a file for other programs."""

import json as jsons
import shlex
from typing import Annotated

import typer

from lampas.cli import options


def export(
    run: options.Run,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A name that ends in .onnx, .pt2, .safetensors.")
    ],
    model: options.OwnNet = None,
    json: options.Json = False,
) -> None:
    """Write a run for other programs: its net, and what stands between it and raw data.

    The suffix says the format: .onnx for onnxruntime and others (pip install "lampas[onnx]"),
    .pt2 for torch.export.load, .safetensors for the weights alone. A file is read back and run
    beside the model on the same inputs, and written only if both answer alike.

    Tables go in as numbers and codes, images as pixels of the model's size, texts as token ids,
    time series as windows; out come what `lampas predict` says. Names of columns and classes, and
    vocabularies, stand as JSON in the file.

    \b
    Examples:
      lampas export runs/titanic titanic.onnx
      lampas export runs/pets pets.pt2 --model nets.py:Net
      lampas export runs/reviews weights.safetensors --json
    """
    from lampas.cli import runs
    from lampas.export.write import format_of

    format_of(file)
    fitted = runs.load(run, model, f"lampas export {shlex.join([run, file])}")
    made = fitted.export(file)
    print(jsons.dumps(made.to_json()) if json else made)
