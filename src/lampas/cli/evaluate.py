"""`lampas evaluate`: the scores of a saved run on data."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lampas.cli import options
from lampas.cli.output import count, json_line, scores

if TYPE_CHECKING:
    from lampas.fitted import Fitted


def evaluate(
    run: options.Run,
    data: options.DataList,
    model: options.OwnNet = None,
    image: options.ImageColumn = None,
    text: options.TextColumn = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """The loss and metrics of a saved run on data that have their targets.

    DATA are what `lampas train` takes. Of a time series, every stretch of a horizon in it is
    forecast from the steps before it.

    --json gives them as one object with flat keys: loss, accuracy, roc_auc, mae …; null where the
    rows do not define a score. A run with your own net needs its class again, by --model.

    \b
    Examples:
      lampas evaluate runs/titanic more.csv
      lampas evaluate runs/titanic more.csv --json
      lampas evaluate runs/mine more.csv --model nets.py:Net
      lampas evaluate runs/pets pets --json
    """
    import pandas as pd

    from lampas.cli import data as tables
    from lampas.cli import kinds, runs

    fitted = runs.load(run, model, f"lampas evaluate {shlex.join([run, *data])}")
    kinds.require_there(data)
    given = tables.for_run(fitted, data, tables.FileOptions(delimiter, encoding, image, text))
    with tables.shell_spoken(data[0] if isinstance(given, pd.DataFrame) else None):
        found = fitted.evaluate(given)
    if _is_trained_on(fitted, data[0], given):
        told = f"{data[0]}: the run was trained on it: new {fitted.noun}s will score lower"
        print(told, file=sys.stderr)
    if json:
        print(json_line(found))
        return
    noun = "row" if fitted.noun == "window" else fitted.noun  # what people see in such a table
    size = f"{count(len(given), noun)} of " if isinstance(given, pd.DataFrame) else ""
    print(f"{size}{', '.join(data)}\n")
    print(scores({f"these {noun}s": found, "held out in training": fitted.metrics}))


def _is_trained_on(fitted: "Fitted", path: str, given: Any) -> bool:
    """Whether this is the table that `lampas train` had: by its path, and the number of its rows.

    The path is as it was typed then, perhaps in another folder: so rows are counted. Of a folder
    or an archive parts may have been held out, and a time series' file may have grown since.
    """
    then = fitted.settings.get("data")
    if then is None or fitted.noun == "window" or not hasattr(given, "columns"):
        return False
    learnt: int = fitted.settings["rows"]
    as_many = len(given) in (learnt, learnt + fitted.settings["validation_rows"])
    return as_many and Path(path).resolve() == Path(str(then)).resolve()
