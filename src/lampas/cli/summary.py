"""`lampas summary`: the layers and parameters of a saved run, or of a class."""

import inspect
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from lampas.cli import options, usage
from lampas.cli.output import count, scores, table
from lampas.errors import InputError
from lampas.printing import visible

if TYPE_CHECKING:
    import torch

    from lampas.artifact import Artifact
    from lampas.series.series_model import SeriesModel

_KINDS = {
    "tabular": "a table's model",
    "image": "a model of images",
    "text": "a model of texts",
    "timeseries": "a time series' model",
    "model": "a model",
}


def summary(
    what: Annotated[
        str, typer.Argument(metavar="RUN|FILE.py:CLASS", help="A run, a .lampas file, a class.")
    ],
    shape: Annotated[
        list[str] | None,
        typer.Option(metavar="SIZES", help="Of an input, without the batch; may be repeated."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the inputs, as int64; float32.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Levels of the tree; all by default.")
    ] = None,
    model: options.OwnNet = None,
) -> None:
    """Layers, shapes, parameters, work and memory; of a run also its task, scores and versions.

    Nothing is computed and nothing is allocated, however large the net is.

    \b
    Examples:
      lampas summary runs/titanic
      lampas summary runs/mine --model nets.py:Net
      lampas summary nets.py:CNN --shape 3,32,32 --depth 2
      lampas summary nets.py:Text --shape 200 --dtype int64
    """
    if ":" in what and not Path(what).exists():
        print(_of_class(what, shape or [], dtype, depth))
    elif shape or dtype:
        raise usage.UsageError("--shape and --dtype are for a class; a run knows its inputs")
    else:
        print(visible(of_run(what, model, depth)))


def _of_class(spec: str, shapes: list[str], dtype: str | None, depth: int | None) -> str:
    from lampas.cli.own import find_class
    from lampas.summary import summarize

    sizes = [usage.shape(one) for one in shapes]
    if dtype is not None and not sizes:
        raise usage.UsageError("--dtype needs --shape beside it")
    kind = None if dtype is None else _dtype(dtype)
    found = find_class(spec)
    needed = [
        name
        for name, parameter in inspect.signature(found).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        raise InputError(
            f"{spec} needs {', '.join(needed)} to be made, and summary has nothing to give: "
            "add defaults"
        )
    inputs = (sizes[0] if len(sizes) == 1 else sizes) or None
    return str(summarize(found(), inputs, kind, depth=depth))


def _dtype(name: str) -> "torch.dtype":
    import torch

    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise usage.UsageError(f"--dtype {name!r}: a name of torch's, as float32 or int64")
    return found


def of_run(run: str, own_net: str | None, depth: int | None) -> str:
    """What `lampas summary RUN` prints."""
    from lampas import artifact
    from lampas.cli import runs
    from lampas.saving import FITTED

    saved = artifact.read(runs.model_file(run))
    parts = [_heading(saved)]
    if saved.kind in FITTED and (own_net is not None or not saved.settings.get("own_net")):
        parts.append(_layers(run, own_net, depth))
    else:
        parts.append(_weights(saved))
    if saved.metrics:
        parts.append(scores({"held out in training": saved.metrics}))
    return "\n\n".join(parts)


def _heading(saved: "Artifact") -> str:
    versions = ", ".join(f"{name} {version}" for name, version in saved.versions.items())
    kind = _KINDS.get(saved.kind, saved.kind)
    lines = [f"{saved.class_name}, {kind}, saved {saved.created}", versions]
    targets = saved.settings.get("target")
    epochs = count(len(saved.history), "epoch")
    if isinstance(targets, list):
        lines.append(f"predicts {', '.join(map(str, targets))}; {epochs}")
    return "\n".join(lines)


def _layers(run: str, own_net: str | None, depth: int | None) -> str:
    """The layers with their outputs, for inputs that tell nothing but their shapes."""
    from lampas.cli import runs
    from lampas.fitted import summarized

    fitted = runs.load(run, own_net, f"lampas summary {shlex.quote(run)}")
    layers = str(summarized(fitted, depth))
    if fitted.noun != "window":
        return layers
    unused = cast("SeriesModel", fitted).left_out()
    return "\n\n".join([layers, *(["\n".join(unused)] if unused else [])])


def _weights(saved: "Artifact") -> str:
    """Without the class there are no layers, only weights by name."""
    from lampas.saving import FITTED

    weights: dict[str, Any] = saved.content.get("weights", {})
    rows = [
        [name, str(tuple(tensor.shape)), str(tensor.dtype).removeprefix("torch."),
         f"{tensor.numel():,}"]
        for name, tensor in weights.items() if hasattr(tensor, "numel")
    ]  # fmt: skip
    total = sum(tensor.numel() for tensor in weights.values() if hasattr(tensor, "numel"))
    listed = table(["weights", "shape", "dtype", "numbers"], rows)
    where = "its layers are known to its class alone"
    if saved.kind in FITTED:
        where = f"--model FILE.py:{saved.class_name} shows the layers"
    return f"{listed}\n\n  {total:,} numbers; {where}"
