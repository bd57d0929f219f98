"""What a plain model says of held-out data, beside what is true."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lampas.data.batch import Batch
from lampas.data.feed import make_validation
from lampas.data.nest import concatenate
from lampas.errors import InputError
from lampas.evidence import Evidence, plain_rows, png_of
from lampas.modes import evaluating
from lampas.plan import dtype_of
from lampas.record.asked import names_of, task_to_judge
from lampas.step import predict_step
from lampas.tables.schema import Scalar
from lampas.tables.targets import TargetCoder
from lampas.task import Scale, Task

if TYPE_CHECKING:
    from lampas.model import Model

_ROWS = 256  # samples at a time
_SHOWN = 8  # numbers of a sample that are shown


def judged(model: "Model", held_out: Any, classes: Sequence[Scalar] | None = None) -> Evidence:
    """Predictions of a compiled `model` for `held_out`, as `validation_data` of `fit`.

    classes: the names of the classes in the order of their numbers, or of several targets; by
    default their numbers. Targets that the loss ignores are left out. Raises `InputError` where
    the loss does not say what the outputs are, for several outputs, for outputs of more than two
    dimensions, for targets that are no class of the net's, and for names that are none.
    """
    task = task_to_judge(model)
    outputs: list[Any] = []
    targets: list[Any] = []
    with evaluating(model), torch.no_grad():
        for batch in _feed(model, held_out):
            outputs.append(_tensor(predict_step(model, batch), "the net's output").cpu())
            targets.append(_tensor(batch.y, "the target").cpu())
    if not outputs:
        raise InputError("held_out holds no batch: it is empty")
    output, target = concatenate(outputs), concatenate(targets)
    rows = torch.arange(len(output))
    if task.ignore_index is not None and target.ndim == 1:
        rows = rows[target != task.ignore_index]
    coder, logits, truth = _coded(task, output[rows], target[rows], names_of(classes))
    index = pd.Index(rows.numpy())
    frame = pd.DataFrame(dict(zip(coder.names, truth, strict=True)), index=index)
    show = _shower(lambda places: _samples(model, held_out, index.to_numpy()[places]))
    return Evidence.of(coder, frame, coder.decode(logits, index), show)


def _feed(model: "Model", held_out: Any) -> Any:
    source = make_validation(held_out, model.plan.device, dtype_of(model))
    return source.validation(source.roomy(_ROWS), steps=None)


def _tensor(value: Any, what: str) -> Tensor:
    if not isinstance(value, torch.Tensor):
        if value is None:
            raise InputError("held_out has no targets: pass (x, y), or a loader that yields both")
        raise InputError(
            f"{what} is a {type(value).__name__}, not a tensor: held-out samples are judged by "
            "one output and one target"
        )
    return value


def _coded(
    task: Task, output: Tensor, target: Tensor, classes: Sequence[Scalar] | None
) -> tuple[TargetCoder, Tensor, list[Any]]:
    """The coder of the targets, the logits it decodes, and each target's true values."""
    flat = output.reshape(len(output), -1)
    if output.ndim > 2:
        raise InputError(
            f"the net's output has shape {tuple(output.shape)}: held-out samples are judged "
            "where there is one answer a sample, (N,) or (N, C)"
        )
    if task.kind == "multiclass":
        names = _names(classes, flat.shape[1])
        _check_classes(target, len(names))
        truth = [[names[code] for code in target.reshape(-1).tolist()]]
        return TargetCoder("multiclass", ("class",), (names,), (), ()), _log(task, flat), truth
    columns = [column.tolist() for column in target.reshape(len(output), -1).double().unbind(1)]
    if task.kind == "regression":
        named = tuple(map(str, _names(classes, flat.shape[1], "target")))
        return TargetCoder("regression", named, (), (), ()), flat, columns
    return _yes_no(flat.shape[1], classes, _logit(task.scale, flat), columns)


def _yes_no(
    count: int, classes: Sequence[Scalar] | None, logits: Tensor, columns: list[list[float]]
) -> tuple[TargetCoder, Tensor, list[Any]]:
    if count == 1:
        names = _names(classes, 2)
        truth = [[names[int(value > 0.5)] for value in columns[0]]]
        return TargetCoder("binary", ("class",), (names,), (), ()), logits, truth
    named = tuple(map(str, _names(classes, count, "target")))
    truth = [["yes" if value > 0.5 else "no" for value in column] for column in columns]
    return TargetCoder("multilabel", named, (("no", "yes"),) * count, (), ()), logits, truth


def _check_classes(target: Tensor, count: int) -> None:
    wrong = target[(target < 0) | (target >= count)]
    if len(wrong):
        raise InputError(
            f"held_out has the target {wrong[0].item()}, and the net tells {count} classes apart: "
            f"0 to {count - 1}"
        )


def _names(given: Sequence[Scalar] | None, count: int, what: str = "") -> tuple[Scalar, ...]:
    if given is not None and len(given) != count:
        raise InputError(f"classes has {len(given)} names, and the net tells {count} apart")
    numbers = range(count)
    return tuple(given or ([f"{what} {one}" for one in numbers] if what else numbers))


def _log(task: Task, output: Tensor) -> Tensor:
    return output.clamp_min(1e-12).log() if task.scale == "probabilities" else output


def _logit(scale: Scale, output: Tensor) -> Tensor:
    return output.double().logit(1e-12) if scale == "probabilities" else output


def _samples(model: "Model", held_out: Any, places: np.ndarray) -> list[Tensor]:
    """The inputs at `places`, in their order: read once more, for they were not kept."""
    wanted, found, first = set(places.tolist()), dict[int, Tensor](), 0
    for batch in _feed(model, held_out):
        inputs = _first(batch)
        found |= {place: inputs[place - first].detach().cpu()
                  for place in wanted if first <= place < first + len(inputs)}  # fmt: skip
        first += len(inputs)
    return [found[place] for place in places.tolist()]


def _first(batch: Batch) -> Tensor:
    return next(iter((*batch.args, *batch.kwargs.values())))


def _shower(samples: Callable[[np.ndarray], list[Tensor]]) -> Any:
    def show(places: np.ndarray) -> list[dict[str, Any]]:
        return [_shown(one) for one in samples(places)]

    return show


def _shown(sample: Tensor) -> dict[str, Any]:
    """A picture (1 or 3, H, W), stretched from its lowest to its highest value; else numbers."""
    if sample.ndim == 3 and sample.shape[0] in (1, 3) and min(sample.shape[1:]) > 3:
        low, high = sample.min(), sample.max()
        scaled = (sample - low).double() / (high - low).clamp_min(1e-12)
        return {"image": png_of((255 * scaled).round().to(torch.uint8).numpy())}
    numbers = sample.reshape(-1)
    frame = pd.DataFrame([numbers[:_SHOWN].tolist()]).rename(columns=lambda place: f"x[{place}]")
    row = {name: f"{value:.4g}" for name, value in plain_rows(frame)[0].items()}
    return row if len(numbers) <= _SHOWN else {**row, "…": f"{len(numbers) - _SHOWN} more"}
