"""`lampas.tabular`: from a table and a target's name to a fitted model."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import torch

from lampas import optim
from lampas.callbacks import CallbackLike
from lampas.callbacks.say import say
from lampas.fitted import best_kept, seeded
from lampas.optim.asked import OptimizerLike, asked
from lampas.own_net import NetLike, wants_output_per_class
from lampas.splits import split_rows
from lampas.state.checkpoints import CheckpointLike
from lampas.tables.balance import ClassWeight, class_weights, row_weights
from lampas.tables.infer import infer
from lampas.tables.nets import TabularNet
from lampas.tables.own_net import build, check_output
from lampas.tables.prepare import Preparer
from lampas.tables.read import TableLike, read_table
from lampas.tables.schema import Kind, Schema
from lampas.tables.tabular_model import METRICS, TabularModel, shapes_of
from lampas.tables.targets import TargetCoder

__all__ = ["TabularModel", "tabular"]

Verbose = Literal["auto", 0, 1, 2]

EPOCHS, PATIENCE = 300, 16
_RATE, _DECAY = 3e-4, 1e-2
_LINEAR = 5.0  # the built-in net's linear path learns that much faster than its deep one


@dataclass(frozen=True, slots=True)
class _Parts:
    """The table in two: `held_out` may be None."""

    schema: Schema
    train: pd.DataFrame
    held_out: pd.DataFrame | None


def tabular(
    data: TableLike,
    target: str | Sequence[str],
    *,
    kinds: Mapping[str, Kind] | None = None,
    validation: float | TableLike | None = 0.2,
    net: NetLike | None = None,
    seed: int = 0,
    epochs: int = EPOCHS,
    patience: int = PATIENCE,
    batch_size: int | None = None,
    optimizer: OptimizerLike | None = None,
    class_weight: ClassWeight = "auto",
    metrics: Any = None,
    callbacks: Sequence[CallbackLike] | CallbackLike | None = None,
    checkpoint: CheckpointLike = None,
    verbose: Verbose = "auto",
    device: str | torch.device | None = None,
) -> TabularModel:
    """Fit a net to a table.

    data: a .csv, .tsv or .parquet file, a DataFrame, or a dict of columns (see
        `lampas.tables.read.read_table`). target: the column to predict, or several.
    kinds: {column: "number", "category", "boolean", "date", "text", "identifier" (ignored)}
        where what is inferred is not what you mean.
    validation: the share of rows to hold out (each class gives its share), a table of its own,
        or None. With held-out rows the run ends `patience` epochs after the lowest loss on
        them, and the weights of that epoch are kept. Without, it takes all `epochs`.
    net: an `nn.Module`, its class, or a function that makes one, in the place of
        `lampas.tables.nets.TabularNet`; the constructor gets the shapes that its parameters
        name (see `lampas.tables.own_net.Shapes`). A `forward(numbers, categories)` gets these
        two tensors, any other one float matrix.
    seed: of the split, the initial weights, the order of rows and dropout. torch's own random
        state on the CPU is afterwards what it was.
    batch_size: None takes 64, and more for over 12 800 rows. optimizer: a name, or a function
        of the parameters, as `lambda p: torch.optim.SGD(p, lr=0.1)`; None is AdamW with a rate
        of 0.0003, five times that for the built-in net's linear path, and weight decay of 0.01.
    class_weight: "auto" balances classes that differ over 10-fold in size and says so,
        "balanced" always, None never; or {class: weight}. The loss on held-out rows is then
        weighted too, in the history alone.
    metrics, callbacks, checkpoint, verbose, device: as for `lampas.Model`. metrics None: those of
        `lampas.tables.tabular_model.METRICS`.

    Rows without a target are an error, with the line that drops them. Raises `DataError`,
    `InputError`, one line with what, where and the fix.

    >>> frame = pd.DataFrame({"size": range(40), "colour": ["red", "blue"] * 20})
    >>> frame["price"] = 3.5 * frame["size"] + (frame["colour"] == "red")
    >>> model = tabular(frame, "price", kinds={"size": "number"}, epochs=2, verbose=0)
    >>> model.predict(frame.head(2)).columns.tolist()
    ['price']
    """
    parts = _divide(data, target, kinds, validation, seed)
    talks = verbose in (1, 2) or (verbose == "auto" and sys.stderr.isatty())
    if talks:
        say(str(parts.schema))
    preparer = Preparer.fit(parts.schema, parts.train)
    targets = TargetCoder.fit(parts.schema, parts.train, wants_output_per_class(net))
    y = targets.encode(parts.train)
    batch_size = _batch_size(len(y)) if batch_size is None else batch_size
    settings: dict[str, Any] = {
        "target": list(targets.names),
        "own_net": net is not None,
        "seed": seed,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "rows": len(y),
        "validation_rows": 0 if parts.held_out is None else len(parts.held_out),
    }
    weights, line = class_weights(class_weight, targets, y)
    if weights is not None:
        names = targets.classes[0]
        settings["class_weight"] = {str(names[code]): one for code, one in weights.items()}
    if line and verbose != 0:
        say(line)
    with seeded(seed):
        built = build(net, shapes_of(preparer, targets))
        fitted = TabularModel(built, parts.schema, preparer, targets, settings)
        x = fitted.inputs(parts.train)
        check_output(built, _first(x), targets.outputs)
        wanted = list(METRICS[targets.task]) if metrics is None else metrics
        fitted.model.compile(
            _optimizer(optimizer, fitted.model), fitted.loss(), wanted, device=device
        )
        fitted.model.fit(
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            checkpoint=checkpoint,
            callbacks=best_kept(callbacks, watched=parts.held_out is not None, patience=patience),
            validation_data=_validation(fitted, parts.held_out, weights),
            class_weight=weights,
        )
    fitted.model.eval()
    fitted.held_out = parts.held_out
    fitted.metrics = fitted.evaluate(parts.train if parts.held_out is None else parts.held_out)
    return fitted


def _divide(
    data: TableLike,
    target: str | Sequence[str],
    kinds: Mapping[str, Kind] | None,
    validation: float | TableLike | None,
    seed: int,
) -> _Parts:
    frame = read_table(data)
    schema = infer(frame, target, kinds)
    if validation is None or (isinstance(validation, (int, float)) and validation == 0):
        return _Parts(schema, frame, None)
    if not isinstance(validation, (int, float)):
        held_out = read_table(validation)
        schema.check(held_out, targets=True)
        return _Parts(schema, frame, held_out)
    classes = None
    if schema.task in ("binary", "multiclass"):
        classes = frame[schema.targets[0].name]
    train, held = split_rows(len(frame), validation, seed, classes)
    return _Parts(schema, frame.iloc[train], frame.iloc[held])


def _validation(
    fitted: TabularModel, held_out: pd.DataFrame | None, weights: Mapping[int, float] | None
) -> Any:
    """(x, y), with the training's class weights where it has some: what is watched is what is
    minimised."""
    if held_out is None:
        return None
    x, y = fitted.inputs(held_out), fitted.targets.encode(held_out)
    if weights is None:
        return x, y
    return x, y, row_weights(weights, y)


def _optimizer(spec: OptimizerLike | None, model: torch.nn.Module) -> Any:
    if spec is None:
        scale = {
            name: _LINEAR
            for path, module in model.named_modules()
            if isinstance(module, TabularNet)
            for name in (f"{path}.linear.weight", f"{path}.linear.bias")
        }
        groups = optim.groups(model, weight_decay=_DECAY, lr=_RATE, lr_scale=scale or None)
        return torch.optim.AdamW(groups, lr=_RATE)
    return asked(spec, model.parameters())


def _batch_size(rows: int) -> int:
    """64 up to 12 800 rows, then the power of two next below rows / 100, at most 1024."""
    return min(1024, max(64, 2 ** ((rows // 100).bit_length() - 1) if rows >= 200 else 64))


def _first(x: Any, rows: int = 2) -> Any:
    if isinstance(x, dict):
        return {name: tensor[:rows] for name, tensor in x.items()}
    return x[:rows]
