"""Options that several commands share."""

from typing import Annotated

import typer

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run, or its .lampas file.")
]
DataList = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        help="A .csv, .tsv, .txt (also .gz) or .parquet file; or images: a folder, .tar, .zip.",
    ),
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
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Of a text file.")]
