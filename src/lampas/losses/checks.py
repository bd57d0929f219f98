"""Whether a loss can read what a model returns and the data hold, said before it is computed."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from lampas.data.spans import spans
from lampas.losses.dtypes import check_dtypes
from lampas.losses.kinds import recognise
from lampas.losses.outputs import check_outputs
from lampas.losses.probe import broadcasts
from lampas.losses.rows import Place
from lampas.losses.shapes import (
    broadcast_shape,
    check_rows,
    check_shapes,
    check_tensors,
    unequal,
)
from lampas.losses.targets import check_targets


def check(loss: Callable[[Any, Any], Any], y_pred: Any, y_true: Any) -> None:
    """Raise, in one line with the fix, where `loss` cannot compare these outputs and targets.

    For torch's losses and ours, as objects or functions:

    `ShapeError`: unequal numbers of rows; shapes that an elementwise loss would broadcast,
        such as outputs (N, 1) against targets (N,); class targets (N, 1), one-hot targets,
        classes in the last dimension; a tuple or dict of tensors.
    `DtypeError`: outputs that are not floats; float or int32 class indices; integer targets for
        a loss that reads numbers.
    `DataError`: nan and infinity; class indices outside the classes; targets outside [0, 1] or
        other than -1 and 1 where those are read. Each names the first row.
    `InputError`: no targets; outputs on another scale than the loss reads: see
        `lampas.losses.outputs` for what counts as certain.

    For functions, and modules with a `forward` of their own, only what is certain: rows that
    differ in number while all else is equal, and shapes of equal size that the function does
    broadcast, which is seen by calling it once more.

    Waits for the device: made for one batch, and for the batch on which a loss has failed.

    >>> import torch
    >>> check(torch.nn.MSELoss(), torch.zeros(32, 1), torch.zeros(32))
    Traceback (most recent call last):
    lampas.errors.ShapeError: the model returns (32, 1) but the targets are (32,): MSELoss would
    compare them as (32, 32). Reshape the targets with y.reshape(-1, 1), or squeeze the output
    """
    known = recognise(loss)
    if known is None or not known.plain:
        _check_function(loss, y_pred, y_true)
        return
    outputs, targets = check_tensors(known, y_pred, y_true)
    check_shapes(known, outputs, targets)
    check_dtypes(known, outputs, targets)
    if outputs.numel():
        check_targets(known, outputs, targets)
        check_outputs(known, outputs)


def check_all(loss: Callable[[Any, Any], Any], y_pred: Any, y_true: Any, of: str) -> None:
    """Raise `DataError` for the first of all targets `y_true`, (N, ...), that a loss of the table
    misreads: for data in memory, of which `check` has seen the outputs `y_pred` of one batch.

    `of`: what the message calls the targets.

    >>> import torch
    >>> check_all(torch.nn.CrossEntropyLoss(), torch.zeros(2, 3), torch.tensor([0, 1, 2, 3]), "y")
    Traceback (most recent call last):
    lampas.errors.DataError: the target in row 3 of y is 3, but the model returns 3 classes: valid
    for CrossEntropyLoss are 0 to 2, or -100 to be ignored
    """
    known = recognise(loss)
    if known is None or not known.plain or not isinstance(y_true, Tensor):
        return
    for start, part in spans(y_true):
        part = part if part.is_floating_point() else part.long()
        check_targets(known, y_pred, part, Place(of, start))


def _check_function(loss: Callable[[Any, Any], Any], y_pred: Any, y_true: Any) -> None:
    if not isinstance(y_pred, Tensor) or not isinstance(y_true, Tensor):
        return
    check_rows(y_pred, y_true)
    if y_pred.shape == y_true.shape or y_pred.numel() != y_true.numel():
        return
    compared = broadcast_shape(y_pred, y_true)
    if compared is None or compared in (tuple(y_pred.shape), tuple(y_true.shape)):
        return
    if broadcasts(loss, y_pred, y_true):
        name = getattr(loss, "__name__", type(loss).__name__)
        raise unequal(name.replace("<lambda>", "the loss"), y_pred, y_true, compared)
