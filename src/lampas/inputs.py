"""What `fit`, `evaluate` and `predict` were given, as a source of batches, checked."""

from collections.abc import Generator
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from lampas.auto_batch import Purpose, find_batch_size
from lampas.data.arrays import Rows, check_columns
from lampas.data.feed import Source, make_source
from lampas.data.finite import check_targets
from lampas.data.nest import leaves
from lampas.explain import check_inputs
from lampas.past import past_of
from lampas.plan import device_of, dtype_of

if TYPE_CHECKING:
    from lampas.model import Model

EXAMPLE_ROWS = 7
"""Rows that are kept to export with: as many as the largest batch that is tried."""

BatchSize = int | Literal["auto"]


def source_for(
    model: "Model", x: Any, y: Any, weight: Any = None, class_weight: Any = None
) -> Source:
    """The data for a model, going to where it is, in its dtype."""
    return make_source(x, y, weight, device_of(model), dtype_of(model), class_weight)


def source_as_fitted(model: "Model", x: Any, y: Any = None, weight: Any = None) -> Source:
    """A source whose data frames have the columns that `fit` saw, in that order."""
    source = source_for(model, x, y, weight)
    if source.rows is not None:
        check_columns(source.rows, past_of(model).columns)
    return source


def size_of_batches(model: "Model", asked: BatchSize, source: Source, purpose: Purpose) -> int:
    """The size asked for, or the largest that fits."""
    return find_batch_size(model, source, purpose) if asked == "auto" else asked


def size_to_evaluate(
    model: "Model", asked: BatchSize | None, source: Source, purpose: Purpose
) -> int:
    """The same where nothing is learnt, so that it changes no result: None is what suits the
    rows."""
    return source.usual_size if asked is None else size_of_batches(model, asked, source, purpose)


@contextmanager
def looking_at_data(model: "Model", rows: Rows | None) -> Generator[dict[str, float]]:
    """Inside, the dict gets what an evaluation finds: `check_data`, when it is needed.

    Where the loss shows each gap in what is read, and shows none, the data are read once: nothing
    is learnt of them, so that it can be told after.
    """
    shows, found = model.plan.criterion.shows_gaps, dict[str, float]()
    if not shows:
        check_data(model, [rows])
    try:
        yield found
    except Exception:
        check_data(model, [rows])  # the cause, where it is one
        raise
    if shows and not all(map(isfinite, found.values())):
        check_data(model, [rows])


def check_data(model: "Model", parts: list[Rows | None]) -> None:
    """Refuse gaps in data that are known as a whole: in `fit`, before its first step.

    parts: what is trained on, or evaluated, and what is held out.
    """
    for rows in parts:
        if rows is not None:
            check_inputs(model, rows)
            if model.plan.criterion.needs_finite_targets:
                check_targets(rows, len(leaves(rows.x)))
