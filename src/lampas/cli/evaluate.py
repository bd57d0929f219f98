"""`lampas evaluate`: the scores of a saved run on data."""

import shlex

from lampas.cli import options
from lampas.cli.output import count, json_line, scores


def evaluate(
    run: options.Run,
    data: options.DataList,
    model: options.OwnNet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    json: options.Json = False,
) -> None:
    """The loss and metrics of a saved run on data that have their targets.

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
    given = tables.for_run(fitted, data, delimiter, encoding)
    with tables.shell_spoken():
        found = fitted.evaluate(given)
    if json:
        print(json_line(found))
        return
    noun = "row" if fitted.noun == "window" else fitted.noun  # what people see in such a table
    size = f"{count(len(given), noun)} of " if isinstance(given, pd.DataFrame) else ""
    print(f"{size}{', '.join(data)}\n")
    print(scores({f"these {noun}s": found, "held out in training": fitted.metrics}))
