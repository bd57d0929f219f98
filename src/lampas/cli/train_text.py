"""`lampas train` on texts: what was found in them is shown, then a net is fitted."""

from pathlib import Path
from typing import Any, cast, get_args

import pandas as pd

from lampas.cli import data as readers
from lampas.cli import usage
from lampas.cli.request import Request
from lampas.cli.threads import spare_cores
from lampas.cli.usage import UsageError
from lampas.fitted import Fitted
from lampas.printing import visible
from lampas.text.own_net import NETS
from lampas.text.prepare import LENGTH, prepare
from lampas.text.task import fit
from lampas.text.tokens import KINDS, TokenKind
from lampas.text.transformer import Positions


def check(request: Request) -> None:
    """A net, positions and a vocabulary that there are."""
    net, options = request.named_net(list(NETS)), request.text
    usage.one_of("--positions", options.positions, get_args(Positions))
    usage.one_of("--tokenizer", options.tokenizer, KINDS)
    if options.positions is not None and (net != "transformer" or request.own_net is not None):
        raise UsageError(
            "--positions is for the transformer: add --net transformer, or leave it out"
        )


def train(request: Request) -> Fitted:
    """Read the texts, show what they are, fit the net."""
    table, options = request.table, request.text
    data = readers.read_texts(request.data, table.delimiter, table.encoding)
    held_out: Any = request.validation
    if isinstance(held_out, Path):
        held_out = readers.read_texts((str(held_out),), table.delimiter, table.encoding)
    one = not isinstance(request.validation, Path) and isinstance(data, pd.DataFrame)
    with readers.shell_spoken(request.data[0] if one else None):
        prepared = prepare(
            data,
            request.targets or None,
            text=options.text,
            kinds=table.kinds,
            validation=held_out,
            tokenizer=cast("TokenKind | None", options.tokenizer),
            vocabulary=options.vocabulary,
            length=LENGTH if options.length is None else options.length,
            encoding=table.encoding,
            seed=request.seed,
        )
    if not request.quiet:
        print(
            visible(f"{', '.join(request.data)}\n\n{prepared}\n"), file=request.people, flush=True
        )
    if request.own_net is None:
        spare_cores(len(prepared.train.ids))
    return fit(
        prepared,
        net=request.own_net or request.named_net(list(NETS)),
        positions=cast("Positions | None", options.positions),
        seed=request.seed,
        epochs=request.epochs,
        patience=request.patience,
        batch_size=request.batch_size,
        callbacks=request.callbacks,
        checkpoint=request.checkpoint,
        verbose=0,
        device=request.device,
    )
