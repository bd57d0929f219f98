"""`lampas train`: from raw data to a run's folder."""

import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

from lampas.cli import options, usage
from lampas.cli.output import json_line
from lampas.printing import visible


def train(
    data: options.DataList,
    target: options.Targets = None,
    out: options.Out = None,
    kind_of_data: options.As = None,
    model: options.OwnNet = None,
    net: options.Net = None,
    seed: options.Seed = 0,
    epochs: options.Epochs = None,
    patience: options.Patience = None,
    batch_size: options.BatchSize = None,
    validation: options.Validation = "0.2",
    kind: options.Kinds = None,
    image: options.ImageColumn = None,
    size: options.Size = None,
    channels: options.Channels = None,
    fine_tune: options.FineTune = None,
    text: options.Text = None,
    positions: options.Positions = None,
    tokenizer: options.Tokenizer = None,
    vocabulary: options.Vocabulary = None,
    length: options.Length = None,
    time_column: options.Time = None,
    series: options.Series = None,
    horizon: options.Horizon = None,
    lookback: options.Lookback = None,
    season: options.Season = None,
    known: options.Known = None,
    past: options.Past = None,
    backtest: options.Backtest = None,
    gaps: options.Gaps = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = "utf-8",
    device: options.Device = "auto",
    board: options.Board = False,
    profile: options.Profile = False,
    resume: options.Resume = False,
    every: options.Every = "5 min",
    time_limit: options.TimeLimit = None,
    force: options.Force = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Train on raw data: what they are is found out, shown, and can be corrected.

    A table is a file with a --target column. Images are a folder or archive with a folder for
    each class, perhaps below train and test, or a table of paths and labels. Texts are a table
    with one column of them beside the target, lines of JSON, a file a class with one text a line,
    or a folder of such files, or of a folder of .txt files a class. With --time a table is a time
    series, tested on its last steps.

    A fifth of the samples is held out; the weights of the best epoch on them are kept. The run's
    folder gets model.lampas, history.csv, curves.png and run.json. Ctrl-C ends the training and
    saves the best so far.

    A run that is cut off, by a power cut or a batch system, leaves its state in its folder: the
    same command with --resume goes on from that step and ends with the same weights. Exit code 75
    says that it was stopped (SIGTERM, SIGUSR1, --time-limit) and can be resumed.

    \b
    Examples:
      lampas train passengers.csv --target Survived --out runs/titanic
      lampas train sales.csv --time day --target sold --horizon 14 --out runs/sales
      lampas train houses.parquet --target price --kind zip=category --seed 1
      lampas train flags.csv --target red --target blue --validation test.csv
      lampas train passengers.csv --target Survived --model nets.py:Net --out runs/mine
      lampas train pets --out runs/pets --board --profile
      lampas train pets.csv --target age --size 64 --epochs 5
      lampas train reviews.tsv --target stars --net transformer --length 256
      lampas train pets --out runs/pets --resume --every '10 min' --time-limit '2 h'
      lampas train rt-polarity.neg rt-polarity.pos
    """
    kinds, held_out = usage.kinds(kind or []), usage.validation(validation)
    if verbose and quiet:
        raise usage.UsageError("--verbose and --quiet: choose one of them")
    if model and net:
        raise usage.UsageError("--model and --net: choose one of them")
    from lampas.callbacks import TimeLimit
    from lampas.callbacks.run_log import RunLog
    from lampas.cli import kinds as data_kinds
    from lampas.cli import own, profiles, report, runs
    from lampas.cli.boards import BOARD, logged
    from lampas.cli.progress import display
    from lampas.cli.request import (
        ImageOptions,
        Request,
        SeriesOptions,
        TableOptions,
        TextOptions,
    )
    from lampas.record.about import command
    from lampas.record.fingerprints import origin

    seconds_left, every = usage.seconds("--time-limit", time_limit), usage.every(every)
    if resume and out is None:
        raise usage.UsageError("--resume needs the run's folder: add --out")
    if time_column is not None and kind_of_data is None:
        kind_of_data = "timeseries"
    limit = None if seconds_left is None else TimeLimit(seconds_left)
    found = data_kinds.find(data, kind_of_data, target or (), encoding)
    people = sys.stderr if json else sys.stdout
    request = Request(
        data=tuple(data),
        targets=tuple(target or ()),
        validation=held_out,
        own_net=None if model is None else own.find_class(model),
        net=net,
        seed=seed,
        epochs=epochs,
        patience=patience,
        batch_size=batch_size,
        device=device,
        quiet=quiet,
        callbacks=[*display(quiet, verbose), *([limit] if limit is not None else [])],
        checkpoint=None,
        people=people,
        table=TableOptions(kinds, delimiter, encoding),
        image=ImageOptions(image, usage.size(size), channels, fine_tune),
        text=TextOptions(text, positions, tokenizer, vocabulary, length),
        series=SeriesOptions(
            time_column,
            series,
            horizon,
            lookback,
            season,
            tuple(known or ()),
            tuple(past or ()),
            backtest,
            gaps,
        ),
    )
    data_kinds.check(request, found)
    if resume and runs.is_complete(out):
        print(
            f"{out} holds a whole run: there is nothing to resume; --force trains anew", file=people
        )
        return
    made_of = origin(data, held_out, request.own_net)  # before, for files may change meanwhile
    name = Path(data[0]).resolve().name.split(".")[0]
    with runs.new_folder(out, name, force=force, resume=resume) as folder:
        if resume:
            runs.require_seed(folder, seed)
        request = replace(request, checkpoint=runs.checkpoints(folder, every))
        if board:
            request = logged(request, folder / BOARD)
        log, profiler = RunLog(folder), profiles.profiler(folder) if profile else None
        listening = [log] if profiler is None else [log, profiler]
        request = replace(request, callbacks=[*request.callbacks, *listening])
        began = time.perf_counter()
        fitted = data_kinds.trainer(found).train(request)
        seconds = time.perf_counter() - began
        report.require_time(limit, folder, people)
        report.require_an_epoch(fitted)
        fitted.settings |= {"data": data[0], "model": model, "device": device}
        fitted.model.origin.update(made_of, command=command())
        run = runs.save(folder, fitted, seconds, {**log.gauged, **made_of})
        if profiler is not None:
            profiles.keep(profiler, folder)
        if not report.interrupted(fitted):
            runs.drop_checkpoints(folder)
    if not quiet:
        report.training(fitted, seconds, people)
    commands = () if quiet else report.commands(fitted, data_kinds.KINDS[found].after)
    after = report.whereabouts(folder, run, model, commands)
    if board and not quiet:
        after = f"{after}\n  lampas board {shlex.quote(str(folder))}"
    print(visible(f"{report.held_out(fitted)}\n\n{after}"), file=people)
    if profiler is not None:
        print(f"\n{profiles.told(profiler)}", file=people)
    if json:
        print(json_line({"run": str(folder), "epochs": len(fitted.history), **fitted.metrics}))
    report.end(fitted)
