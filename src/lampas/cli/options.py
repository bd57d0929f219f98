"""Options that several commands share."""

from typing import TYPE_CHECKING, Annotated

import typer

from lampas.cli.usage import UsageError

if TYPE_CHECKING:
    from lampas.series.panel import Gaps as GapRule

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run, or its .lampas file.")
]
DataList = Annotated[
    list[str],
    typer.Argument(metavar="DATA...", help="A .csv, .tsv, .txt (also .gz) or .parquet file."),
]
OwnNet = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FILE.py:CLASS",
        help="Your own net, from a file or an importable name (package.module:Class).",
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON object on stdout; everything else on stderr."),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What separates the fields; found out by default."),
]
Gaps = Annotated[
    str,
    typer.Option(
        "--gaps", metavar="refuse|carry", help="Missing steps: an error, or the last value."
    ),
]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Of a text file.")]


def checked_gaps(gaps: str) -> "GapRule":
    """What --gaps says."""
    if gaps not in ("refuse", "carry"):
        raise UsageError(f"--gaps {gaps}: valid are refuse, carry")
    return gaps
