"""`lampas predict`: a prediction for each row of a table, or image, as CSV or Parquet."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lampas.cli import options
from lampas.cli.output import count, json_line
from lampas.cli.usage import UsageError
from lampas.printing import visible

if TYPE_CHECKING:
    import pandas as pd

_SUFFIXES = (".csv", ".parquet")


def predict(
    run: options.Run,
    data: options.DataList,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file; else stdout."),
    ] = None,
    model: options.OwnNet = None,
    image: options.ImageColumn = None,
    text: options.TextColumn = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    json: options.JsonRows = False,
) -> None:
    """A prediction for each row: its number in DATA from 0, the class or value, probabilities.

    The columns that the run learnt from must be there; the first that does not fit is named. Of
    images DATA are files, a folder, an archive or a table of paths: a row for each by its name.
    Of texts they are a table, a .txt file with one text a line, or a folder of .txt files with one
    text each. Of a time series they are its newest steps, and what comes after them is forecast.
    Without --out the predictions are CSV on stdout: six digits of a number on a terminal, all of
    them in a pipe.

    \b
    Examples:
      lampas predict runs/titanic new.csv --out predictions.csv
      lampas predict runs/titanic new.csv | head
      lampas predict runs/mine new.csv --out predictions.parquet --model nets.py:Net
      lampas predict runs/pets cat.jpg
      lampas predict runs/titanic new.csv --json
    """
    check_out(out, data)
    from lampas.cli import data as tables
    from lampas.cli import kinds, runs

    fitted = runs.load(run, model, f"lampas predict {shlex.join([run, *data])}")
    kinds.require_there(data)
    given = tables.for_run(fitted, data, tables.FileOptions(delimiter, encoding, image, text))
    with tables.shell_spoken(None if isinstance(given, str | Path | list) else data[0]):
        found = fitted.predict(given)
    if found.index.name is None:
        found = found.rename_axis("row" if "row" not in found.columns else "row number")
    if out is not None:
        write(found, out)
        print(f"{count(len(found), 'prediction')} in {out}", file=sys.stderr)
    elif json:
        print_json(found.reset_index())
    else:
        to_stdout(found)


def check_out(out: str | None, data: list[str]) -> None:
    """Refuse an `out` that is no table's name, or one of the files to read."""
    if out is None:
        return
    if not out.lower().endswith(_SUFFIXES):
        raise UsageError(f"--out {out}: predictions are written as {' or '.join(_SUFFIXES)}")
    if Path(out).exists() and Path(out).resolve() in [Path(one).resolve() for one in data]:
        raise UsageError(f"--out {out}: this is the data to read; it would be overwritten")


def to_stdout(found: "pd.DataFrame", index: bool = True) -> None:
    """CSV: with the digits that people read on a terminal, with all of them into a pipe or file.

    UTF-8 whatever the terminal has: data must not lose a letter on their way into a file.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8")
    if not sys.stdout.isatty():
        found.to_csv(sys.stdout, lineterminator="\n", index=index)
        return
    shown = found.to_csv(lineterminator="\n", index=index, float_format=six_digits)
    sys.stdout.write(visible(shown))


def print_json(found: "pd.DataFrame") -> None:
    """A JSON object for each row; dates as ISO 8601."""
    for row in found.to_dict("records"):
        print(json_line({str(name): _plain(value) for name, value in row.items()}))


def _plain(value: Any) -> Any:
    isoformat = getattr(value, "isoformat", None)
    return value if isoformat is None else isoformat()


def six_digits(value: Any) -> str:
    """A float with six digits that count; whole ones of larger numbers are all there.

    >>> six_digits(0.123456789), six_digits(12.5), six_digits(123456789.5)
    ('0.123457', '12.5', '123456790')
    """
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"


def write(found: "pd.DataFrame", out: str, index: bool = True) -> None:
    """Write a .csv or .parquet file, whole or not at all."""
    from lampas.atomic import whole_file

    with whole_file(out) as file:
        if out.lower().endswith(".csv"):
            found.to_csv(file, lineterminator="\n", index=index)
        else:
            found.to_parquet(file, index=index)
