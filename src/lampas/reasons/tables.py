"""How much worse a model gets when a column of its table is shuffled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from lampas import losses, metrics
from lampas.data.feed import check_count
from lampas.errors import DataError, InputError
from lampas.metrics.numbers import as_number
from lampas.metrics.resolve import MetricSpec
from lampas.monitor import Mode, lower_is_better
from lampas.tables.schema import no_column

if TYPE_CHECKING:
    from lampas.model import Model

Place = tuple[str | None, slice]
"""Where a column of the table stands among the net's inputs: the name of the part, None where
there is one matrix alone, and the columns of it."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a prediction is measured by. `of`: outputs and targets, as the loss reads them, to one
    number. `lower`: whether a lower one is better."""

    name: str
    lower: bool
    of: Callable[[torch.Tensor, torch.Tensor], float]

    def lost(self, without: np.ndarray, whole: float) -> np.ndarray:
        """By how much the scores `without` a column are worse than that of the `whole`."""
        return without - whole if self.lower else whole - without


def score_by(metric: MetricSpec | None, loss: torch.nn.Module, mode: Mode = "auto") -> Score:
    """The loss for None and "loss"; else what `compile` would make of `metric` beside it.

    Raises `InputError` for what is no metric, and where its name does not say which way is
    better and `mode` neither.

    >>> score = score_by("accuracy", torch.nn.BCEWithLogitsLoss())
    >>> score.name, score.lower, score.of(torch.tensor([[2.0], [2.0]]), torch.tensor([[1.0], [0]]))
    ('accuracy', False, 0.5)
    """
    if metric is None or (isinstance(metric, str) and metric == "loss"):
        return Score("loss", True, lambda outputs, truth: float(loss(outputs, truth)))
    found = metrics.resolve_all(metric, losses.task_of(loss))
    if len(found) != 1:
        raise InputError(f"metric names {len(found)} metrics: pass one")
    ((name, meter),) = found.items()

    def of(outputs: torch.Tensor, truth: torch.Tensor) -> float:
        meter.reset()
        meter.update(outputs, truth)
        return as_number(meter.compute(), name)

    return Score(name, lower_is_better(name, mode), of)


def importance(
    model: "Model",
    inputs: Any,
    places: Mapping[str, Sequence[Place]],
    truth: torch.Tensor,
    score: Score,
    *,
    repeats: int,
    seed: int,
    batch_size: int,
) -> pd.DataFrame:
    """The permutation importance of what stands at each of `places`; see `TabularModel.importance`.

    inputs: what `model` reads of N rows, one float matrix or a dict of tensors. truth: their
    targets, as `score` reads them. A column is shuffled in its encoded form, as all of its parts
    at once: encoding is row by row, so that this is the same as shuffling the cells, and no
    cell is read twice. Every column gets the same shuffles.

    >>> import lampas
    >>> x = torch.tensor([[0.0, 5.0], [1.0, 7.0], [2.0, 6.0]])
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> net.weight.data = torch.tensor([[1.0, 0.0]])
    >>> places = {"a": [(None, slice(0, 1))], "b": [(None, slice(1, 2))]}
    >>> score = score_by("mae", torch.nn.MSELoss())
    >>> found = importance(lampas.Model(net), x, places, x[:, :1], score, repeats=9, seed=0,
    ...                    batch_size=8)
    >>> found["column"].tolist(), found["importance"].min()
    (['a', 'b'], np.float64(0.0))
    """
    check_count("repeats", repeats)
    if len(truth) < 2:
        raise DataError("the table has 1 row: a shuffle needs several")

    def scored(x: Any) -> float:
        return score.of(model.predict(x, batch_size), truth)

    whole = _defined(score.name, scored(inputs))
    draw = np.random.default_rng(seed)
    orders = [torch.from_numpy(draw.permutation(len(truth))) for _ in range(repeats)]
    rows: list[tuple[str, float, float, float]] = []
    for name, at in places.items():
        without = np.array([scored(_shuffled(inputs, at, order)) for order in orders])
        lost = score.lost(without, whole)
        spread = float(lost.std(ddof=1)) if repeats > 1 else float("nan")
        rows.append((name, float(lost.mean()), spread, float(without.mean())))
    found = pd.DataFrame(rows, columns=["column", "importance", "std", "score"])
    found = found.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    found.attrs = {"metric": score.name, "score": whole, "lower_is_better": score.lower}
    return found


def _defined(name: str, value: float) -> float:
    if np.isfinite(value):
        return value
    raise DataError(
        f"{name} is {value} on these rows, so that nothing can be lost: pass others, or another "
        "metric"
    )


def _shuffled(inputs: Any, places: Sequence[Place], order: torch.Tensor) -> Any:
    """`inputs` with the columns at `places` taken from the rows in `order`."""
    for part, span in places:
        moved = (inputs if part is None else inputs[part]).clone()
        moved[:, span] = moved[order, span]
        inputs = moved if part is None else {**inputs, part: moved}
    return inputs


def with_groups(
    places: Mapping[str, Place], together: Sequence[Sequence[str]]
) -> dict[str, list[Place]]:
    """Each of `places` by itself, then the groups of `together`, called "A + B".

    Raises `DataError` for a column that is not among `places`.

    >>> list(with_groups({"a": (None, slice(0, 1)), "b": (None, slice(1, 2))}, [["a", "b"]]))
    ['a', 'b', 'a + b']
    """
    found = {name: [place] for name, place in places.items()}
    for group in together:
        for name in group:
            if name not in places:
                raise no_column("feature", name, places)
        found[" + ".join(group)] = [places[name] for name in dict.fromkeys(group)]
    return found
