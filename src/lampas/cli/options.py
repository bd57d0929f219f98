"""The options of the commands, each with its help; `train` alone has most of them."""

from typing import Annotated

import typer

Run = Annotated[
    str, typer.Argument(metavar="RUN", help="The folder of a run, or its .lampas file.")
]
DataList = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA...",
        help="A table (.csv, .tsv, .parquet), images (files, a folder, .tar, .zip) or texts (.txt: "
        "one a line; .jsonl; folders).",
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
JsonRows = Annotated[bool, typer.Option("--json", help="A JSON object a row, in the place of CSV.")]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What separates the fields; found out by default."),
]
Encoding = Annotated[str, typer.Option(metavar="NAME", help="Of a text file.")]

ImageColumn = Annotated[
    str | None,
    typer.Option("--image", metavar="COLUMN", help="A table's column of image paths; found out."),
]
TextColumn = Annotated[
    str | None,
    typer.Option("--text", metavar="COLUMN", help="The column of texts; that of the training."),
]

Targets = Annotated[
    list[str] | None,
    typer.Option("--target", "-t", metavar="COLUMN", help="What to predict; may be repeated."),
]
Out = Annotated[
    str | None,
    typer.Option("--out", "-o", metavar="RUN", help="Folder; runs/DATA-DATE-TIME by default."),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="DATA-KIND", help="tabular, image, text, timeseries; found out."),
]
Net = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Texts: conv (default), transformer; time series: dlinear (default), lstm, gru, tcn.",
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Of split, weights and order.")]
# The numbers in the helps of epochs, patience, batch size and vocabulary are those of the tasks,
# compared by a test: to import a task for its numbers would make --help wait for torch.
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="At most so many; tables 300, images 15 to 60, texts 5 to 40, time series 1000.",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Stop after so many epochs without a lower loss; tables 16, time series 40, texts a "
        "quarter of --epochs, images never.",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Samples in a batch; by default 16 to 1024, by how many there are."
    ),
]
Validation = Annotated[
    str,
    typer.Option(
        metavar="SHARE|DATA",
        help="What to hold out; 0 for nothing. Of a time series the share of its last steps.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=KIND",
        help="number, category, boolean, date, text or identifier (ignored); repeatable.",
    ),
]
Size = Annotated[
    str | None,
    typer.Option(metavar="PIXELS", help="Of images, as 64 or 48x64; found out by default."),
]
Channels = Annotated[
    int | None, typer.Option(metavar="N", help="Of images: 1 or 3; found out by default.")
]
FineTune = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Images: N epochs for your net's last layer alone."),
]
Text = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column of texts; found out by default.")
]
Positions = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of the transformer: rope (default) or sinusoidal."),
]
Tokenizer = Annotated[
    str | None, typer.Option(metavar="NAME", help="For texts: word (default), bpe or character.")
]
Vocabulary = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=10,
        help="For texts: at most so many tokens; word 30000, bpe 8000, character 10000.",
    ),
]
Length = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Tokens of a text that are read; 512.")
]
Time = Annotated[
    str | None,
    typer.Option("--time", metavar="COLUMN", help="Of a time series: its dates or whole numbers."),
]
Series = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Of several series: which one a row is of.")
]
Horizon = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Steps to forecast; a season, or 10, by default."),
]
Lookback = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Steps that the net of a series sees; two horizons, three seasons at least.",
    ),
]
Season = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Steps of a cycle; found out: 7 days, 12 months …"),
]
Known = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A covariate known for the steps ahead; repeatable."),
]
Past = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A covariate known for the past alone; repeatable."),
]
Backtest = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, help="Last steps to hold out; by default a fifth (--validation)."
    ),
]
Gaps = Annotated[
    str | None,
    typer.Option(
        metavar="refuse|carry", help="Missing steps: an error (default), or the last value."
    ),
]
Device = Annotated[
    str, typer.Option(metavar="NAME", help="cpu, cuda, mps …; auto takes the fastest.")
]
Board = Annotated[
    bool, typer.Option("--board", help="Log for TensorBoard, into board in the run's folder.")
]
Profile = Annotated[
    bool, typer.Option("--profile", help="Tell where the time of a step goes, with a trace.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the run in --out where it was cut off, if it was."),
]
Every = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="How often its state is kept: '5 min', '200 steps', epoch; never for not at all.",
    ),
]
TimeLimit = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar="TIME",
        help="Stop after '2 h' or '90 min' with exit code 75; --resume goes on.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the run in --out.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A line an epoch.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")]
