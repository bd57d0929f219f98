"""lampas.tabular, images, texts and timeseries with frames and files that are wrong; and the shell."""

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd

import lampas
from malformed_cases.readers import changed
from malformed_cases.trial import Verdict, tried

QUICK: dict[str, Any] = {"epochs": 1, "verbose": 0}
CELLS: tuple[Any, ...] = (None, float("nan"), float("inf"), -1, 0, 1e308, "", " ", "x", True, 10**20,
                          "2024-01-01", "ä" * 50, b"x", [1], {"a": 1}, pd.NaT, pd.Timestamp("2024"), 1j,
                          np.float32(1), object, "\ud800")  # fmt: skip


def _frame(random: Random) -> pd.DataFrame:
    """A sound table."""
    rows = random.choice([0, 1, 2, 5, 30, 60])
    x = np.sin(np.arange(rows))
    days = pd.date_range("2024-01-01", periods=rows).astype(str)
    colours = [("red", "green", "blue")[n % 3] for n in range(rows)]
    return pd.DataFrame({"x": x, "colour": colours, "day": days, "z": x * 2 + 1,
                         "y": ["up" if one > 0 else "low" for one in x]})  # fmt: skip


def _spoilt(frame: pd.DataFrame, random: Random) -> pd.DataFrame:
    frame = frame.astype(object)
    for _ in range(random.choice([0, 1, 3])):
        if not len(frame):
            break
        row, column = random.randrange(len(frame)), random.randrange(frame.shape[1])
        cells = list(frame.iloc[:, column])
        cells[row] = random.choice(CELLS)
        frame = frame.assign(**{str(frame.columns[column]): pd.Series(cells, dtype=object)})
    kind = random.randrange(8)
    if kind == 0:
        frame = frame.drop(columns=[random.choice(list(frame))])
    elif kind == 1:
        frame = frame.assign(**{random.choice(list(frame)): random.choice(["a", 1, None, 0.5])})
    elif kind == 2:
        frame = frame.rename(
            columns={random.choice(list(frame)): random.choice([0, None, "", "y", ("a", 1)])}
        )
    elif kind == 3:
        frame = frame.iloc[::-1] if random.random() < 0.5 else frame.sample(frac=1, random_state=1)
    elif kind == 4:
        frame = pd.concat([frame, frame])
    return frame


def _tabular(random: Random) -> Callable[[], Any]:
    frame = _spoilt(_frame(random), random)
    target = random.choice(["y", "y", "x", "nothing", ["y", "z"], [], None, 3, ["y", "y"]])
    options = random.choice([{}, {}, {"validation": random.choice([2.0, -1, "x", 0.5, frame, None])},
                             {"kinds": random.choice([{"x": "category"}, {"x": "z"}, {"q": "number"}, 3])},
                             {"batch_size": random.choice([0, "x", 3])}, {"seed": "x"},
                             {"net": random.choice([3, "mlp", int, lambda: 3])}])  # fmt: skip
    return lambda: lampas.tabular(frame, target, **{**QUICK, **options})


def _images(random: Random) -> Callable[[], Any]:
    count = random.choice([0, 1, 2, 8])
    shape = random.choice(
        [(8, 8), (8, 8, 3), (3, 8, 8), (1, 1), (0, 0), (8,), (8, 8, 2), (2, 2, 2, 2)]
    )
    dtype = random.choice(["uint8", "uint8", "float32", "int64", "bool", "complex64", "object"])
    x: Any = np.zeros((count, *shape), dtype=dtype)
    y: Any = random.choice(
        [
            ["a", "b"] * (count // 2),
            ["a"] * count,
            list(range(count)),
            None,
            "y",
            [None] * count,
            np.zeros((count, 2)),
            [float("nan")] * count,
            ["a"],
        ]
    )
    data = random.choice(
        [(x, y), (x, y), (x, y), x, (x,), (x, y, y), "nowhere", 3, None, [], {}, (y, x)]
    )
    options = random.choice([{}, {}, {"size": random.choice([(4, 4), 0, "x", (4,), (-1, 4), (10**6, 10**6)])},
                             {"channels": random.choice([2, 0, "x"])}, {"workers": random.choice([0, -1, "x"])},
                             {"validation": random.choice([1.5, "x", -1])}])  # fmt: skip
    return lambda: lampas.images(data, **{**QUICK, **options})


def _texts(random: Random) -> Callable[[], Any]:
    count = random.choice([0, 1, 2, 10])
    texts: Any = random.choice([["so dull", "so fine"] * (count // 2), [""] * count, [None] * count,
                                [1] * count, ["\ud800"] * count, ["a" * 5000] * count, "a text",
                                [[1, 2], [3]] * (count // 2), [[]] * count, [[-1]] * count,
                                [[10**12]] * count, [[1.5]] * count, [["a"]] * count])  # fmt: skip
    labels: Any = random.choice([["a", "b"] * (count // 2), ["a"] * count, None, [1.5] * count, "a",
                                 [None] * count, ["a"], list(range(count))])  # fmt: skip
    data = random.choice(
        [
            (texts, labels),
            (texts, labels),
            texts,
            (texts,),
            "nowhere",
            3,
            None,
            {},
            pd.DataFrame({"text": ["a"] * 4, "y": [1, 2, 1, 2]}),
            _spoilt(_frame(random), random),
        ]
    )
    options = random.choice([{}, {}, {"tokenizer": random.choice(["x", "bpe", 3])},
                             {"vocabulary": random.choice([0, -1, 5, "x"])},
                             {"length": random.choice([0, -1, "x", 1])}, {"net": random.choice(["x", 3])},
                             {"targets": random.choice(["y", "q", [], 3])}])  # fmt: skip
    return lambda: lampas.texts(data, **{**QUICK, **options})


def _series(random: Random) -> Callable[[], Any]:
    rows = random.choice([0, 1, 5, 40, 90])
    days: Any = pd.date_range("2024-01-01", periods=rows)
    days = random.choice([days, days, days[::-1], days.astype(str), list(range(rows)), ["x"] * rows,
                          [None] * rows, [days[0] if rows else 0] * rows, np.arange(rows) * 1.5])  # fmt: skip
    values: Any = np.sin(np.arange(rows) / 7)
    values = random.choice([values, values, [1.0] * rows, ["x"] * rows, [float("nan")] * rows,
                            [float("inf")] * rows, [1e308] * rows, [None] * rows])  # fmt: skip
    frame = pd.DataFrame(
        {"day": pd.Series(list(days), dtype=object), "sales": pd.Series(list(values), dtype=object)}
    )
    options = random.choice([{}, {}, {"horizon": random.choice([0, -1, "x", 10**6])},
                             {"lookback": random.choice([0, "x", 10**9])}, {"season": random.choice([0, "x"])},
                             {"net": random.choice(["x", 3])}, {"backtest": random.choice([-1, "x", 10**6])},
                             {"series": random.choice(["q", "day"])}, {"known": random.choice([["q"], "day", 3])}])  # fmt: skip
    target = random.choice(["sales", "sales", "q", "day", []])
    return lambda: lampas.timeseries(
        frame, target, **{"time": "day", "horizon": 7, **QUICK, **options}
    )


MAKERS = {"tabular": _tabular, "images": _images, "texts": _texts, "timeseries": _series}


def trials(random: Random, count: int) -> Iterator[Verdict]:
    """`count` trainings on data that are wrong."""
    for number in range(count):
        name = list(MAKERS)[number % len(MAKERS)]
        yield tried(f"{name}, number {number}", MAKERS[name](random))


def shell(random: Random, count: int) -> Iterator[Verdict]:
    """`count` commands with damaged files and odd arguments, through the shell's own entry."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        frame = pd.DataFrame({"x": np.sin(np.arange(60)), "word": ["red", "green", "blue"] * 20})
        frame["y"] = np.where(frame.x > 0, "up", "low")
        frame.to_csv(folder / "good.csv", index=False)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            _code(
                [
                    "train",
                    f"{folder}/good.csv",
                    "--target",
                    "y",
                    "--epochs",
                    "1",
                    "--out",
                    f"{folder}/run",
                ]
            )
        for number in range(count):
            arguments = _arguments(folder, random)
            yield tried(
                f"lampas {' '.join(arguments)}, number {number}", lambda a=arguments: _said(a)
            )


def _arguments(folder: Path, random: Random) -> list[str]:
    bad = folder / random.choice(
        ["bad.csv", "bad.tsv", "bad.txt", "bad.parquet", "bad.jsonl", "bad"]
    )
    bad.write_bytes(changed((folder / "good.csv").read_bytes(), random))
    damaged = folder / "damaged"
    damaged.mkdir(exist_ok=True)
    for one in (folder / "run").iterdir():
        if one.is_file():
            (damaged / one.name).write_bytes(one.read_bytes())
    chosen = random.choice(["run.json", "history.csv", "evidence.json", "held_out.csv", "model.lampas",
                            "vitals.csv", "summary.txt"])  # fmt: skip
    (damaged / chosen).write_bytes(changed((damaged / chosen).read_bytes(), random))
    run, odd = (
        f"{folder}/run",
        random.choice(["", "-1", "x", "\x1b[2J", "1e9", "nothing", "ä", "0"]),
    )
    return random.choice([
        ["predict", run, str(bad)], ["evaluate", run, str(bad)], ["predict", str(damaged), f"{folder}/good.csv"],
        ["evaluate", str(damaged), f"{folder}/good.csv"], ["report", str(damaged)], ["runs", str(folder)],
        ["compare", run, str(damaged)], ["summary", str(damaged)], ["summary", str(bad)],
        ["report", str(bad)], ["predict", str(bad), str(bad)], ["train", str(bad), "--target", "nothing"],
        ["train", str(bad), "--epochs", odd], ["runs", odd], ["compare", odd], ["predict", run, odd],
        ["evaluate", run, str(bad), "--delimiter", odd], ["predict", run, str(bad), "--encoding", odd],
        ["summary", odd], ["summary", run, "--depth", odd], [odd], ["predict", run, str(bad), "--json"],
        ["importance", run, str(bad)],
    ])  # fmt: skip


def _code(arguments: list[str]) -> int:
    from lampas.cli import main

    before, sys.argv = sys.argv, ["lampas", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


def _said(arguments: list[str]) -> None:
    """Raise where a command ends in anything but success, or one line on stderr and a code."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        code = _code(arguments)
    lines = [line for line in errors.getvalue().splitlines() if line.startswith("lampas: error: ")]
    assert code in (0, 1, 2), f"code {code}"
    assert "Traceback" not in errors.getvalue(), "a traceback"
    assert code == 0 or len(lines) == 1, (
        f"{len(lines)} lines of an error, {errors.getvalue()[-200:]!r}"
    )
    if code:
        raise lampas.errors.LampasError(lines[0])
