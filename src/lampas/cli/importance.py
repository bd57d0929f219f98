"""`lampas importance`: which columns of a table a saved run lives on."""

import json as jsons
import shlex
from typing import TYPE_CHECKING, Annotated, cast

import typer

from lampas.cli import options
from lampas.cli.output import count, table
from lampas.errors import InputError
from lampas.printing import finite

if TYPE_CHECKING:
    import pandas as pd

    from lampas.tables.tabular_model import TabularModel


def importance(
    run: options.Run,
    data: options.DataList,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What is lost: roc_auc, mae …; the loss by default."),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option(metavar="A+B", help="Columns shuffled as one; may be repeated."),
    ] = None,
    repeats: Annotated[int, typer.Option(metavar="N", min=1, help="Shuffles of each column.")] = 5,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the shuffles.")] = 0,
    model: options.OwnNet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """How much worse a run on a table gets when a column is shuffled: what it lives on.

    DATA have their targets, and are best rows that the run has not learnt from. Nothing is
    trained. Columns that say the same stand in for each other: --together shuffles them as one.

    \b
    Examples:
      lampas importance runs/titanic more.csv
      lampas importance runs/titanic more.csv --metric roc_auc --together Name+Sex
      lampas importance runs/titanic more.csv --json
    """
    from lampas.cli import data as tables
    from lampas.cli import kinds, runs

    fitted = runs.load(run, model, f"lampas importance {shlex.join([run, *data])}")
    if not hasattr(fitted, "importance"):
        raise InputError(
            f"{run} is no run on a table, and importance is of a table's columns: in Python images "
            "have saliency, and texts attributions"
        )
    kinds.require_there(data)
    how = tables.FileOptions(delimiter, encoding, None, None)
    given = cast("pd.DataFrame", tables.for_run(fitted, data, how))
    groups = [group.split("+") for group in together or ()]
    with tables.shell_spoken(data[0]):
        found = cast("TabularModel", fitted).importance(
            given, metric, together=groups, repeats=repeats, seed=seed
        )
    print(
        _object(found) if json else _for_people(found, f"{count(len(given), 'row')} of {data[0]}")
    )


def _object(found: "pd.DataFrame") -> str:
    """The metric, its value and the columns, the most important first."""
    rows = [finite(row) for row in found.to_dict("records")]  # pyright: ignore[reportArgumentType]
    return jsons.dumps({**found.attrs, "columns": rows}, allow_nan=False)


def _for_people(found: "pd.DataFrame", rows: str) -> str:
    from lampas.printing import number

    metric, lower = found.attrs["metric"], found.attrs["lower_is_better"]
    what = f"{metric} {number(found.attrs['score'])}; {'lower' if lower else 'higher'} is better"
    lines = [
        [str(row.column), f"{row.importance:+.4f}", f"{row.std:.4f}", number(float(row.score))]  # pyright: ignore[reportArgumentType]
        for row in found.itertuples()
    ]
    head = ["column", "worse by", "±", f"{metric} without"]
    return f"{rows}: {what}\n\n{table(head, lines)}"
