import json

import numpy as np
import pandas as pd
import pytest

import lampas
from lampas.cli.data import shell_words


@pytest.fixture(scope="module")
def sales_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    days = pd.date_range("2024-01-01", periods=120)
    sold = [10 + row % 7 + 0.1 * row for row in range(120)]
    pd.DataFrame({"day": days, "sold": sold}).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def sales_run(sales_file, tmp_path_factory, process):
    run = tmp_path_factory.mktemp("runs") / "sales"
    answer = process(
        "train", sales_file, "--time", "day", "--target", "sold", "--horizon", 5,
        "--epochs", 4, "--backtest", 14, "--out", run,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    (run / "stdout").write_text(answer.out)
    return run


def test_the_backtest_and_the_choice_are_shown(sales_file, sales_run):
    out = (sales_run / "stdout").read_text()
    assert out.startswith(
        f"{sales_file}: 120 rows; to forecast: sold\n\n120 steps of a day from 2024-01-01 to "
        "2024-04-29, season 7: lookback 21, horizon 5; 74 to train, 16 to validate, 16 to "
        "calibrate, 14 held out\n"
    )
    assert "Backtest: 14 origins, up to 5 steps ahead; coverage: of the 80 % interval" in out
    for word in ("naive", "seasonal naive", "drift", "sold: season and change beats "):
        assert word in out
    assert "What the validation steps chose to forecast with\n  sold: season and change" in out
    assert f"lampas forecast {sales_run} --plot\n" in out
    described = json.loads((sales_run / "run.json").read_text())
    assert described["clock"] == "steps of a day"
    assert any("beats" in line for line in described["backtest"])


def test_a_forecast_needs_no_data_and_works_from_another_folder(sales_run, tmp_path, process):
    answer = process("forecast", sales_run, "--horizon", 14, "--plot", cwd=tmp_path)
    assert (answer.code, answer.err) == (
        0,
        "5 steps ahead were trained: the intervals of those beyond are not calibrated; train with "
        "--horizon 14 for ones that are\ndrawn in forecast.png\n",
    )
    within = process("forecast", sales_run, "--horizon", 5, cwd=tmp_path)
    assert (within.code, within.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "day,target,median,q10,q90"
    assert len(lines) == 15
    assert lines[1].startswith("2024-04-30,sold,")
    assert (tmp_path / "forecast.png").read_bytes().startswith(b"\x89PNG")


def test_newer_rows_files_and_json(sales_run, sales_file, tmp_path, shell):
    newer = pd.read_csv(sales_file).tail(40).assign(day=pd.date_range("2025-01-01", periods=40))
    newer.to_csv(tmp_path / "newer.csv", index=False)
    answer = shell("forecast", sales_run, tmp_path / "newer.csv", "--out", tmp_path / "f.csv")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"5 forecasts in {tmp_path / 'f.csv'}\n"
    assert pd.read_csv(tmp_path / "f.csv")["day"].iloc[0] == "2025-02-10"
    rows = [json.loads(line) for line in shell("forecast", sales_run, "--json").out.splitlines()]
    assert [row["day"] for row in rows][:1] == ["2024-04-30T00:00:00"]
    assert set(rows[0]) == {"day", "target", "median", "q10", "q90"}
    told = shell("predict", sales_run, tmp_path / "newer.csv").out.splitlines()
    assert len(told) == 6
    scores = json.loads(shell("evaluate", sales_run, sales_file, "--json").out)
    assert set(scores) == {"mae", "rmse", "mase", "coverage"}
    assert "Anchored" in shell("summary", sales_run).out


def test_tables_in_another_dress(shell, sales_run, sales_file, tmp_path):
    frame = pd.read_csv(sales_file).assign(où="à")
    odd = tmp_path / "odd.csv"
    frame.to_csv(odd, index=False, sep="~", encoding="cp1252")
    dress = ("--delimiter", "~", "--encoding", "cp1252")
    for command in ("evaluate", "predict", "forecast"):
        plain, dressed = (
            shell(command, sales_run, sales_file),
            shell(command, sales_run, odd, *dress),
        )
        assert (dressed.code, dressed.err) == (0, "")
        assert dressed.out == plain.out.replace(str(sales_file), str(odd))
        assert shell(command, sales_run, odd).error == (
            f"{odd}: not utf-8: byte 0xf9 at offset 10, line 1; it may be 'cp1252': add --encoding "
            "cp1252"
        )
    lines = shell("evaluate", sales_run, odd, *dress).out.splitlines()
    assert lines[0] == f"120 rows of {odd}"
    assert lines[2] == "  score     these rows  held out in training"
    two = shell("predict", sales_run, sales_file, odd)
    assert (two.code, two.error) == (2, f"{odd}: one table is read at a time")


def test_wrong_usage(shell, sales_file, sales_run, run_folder, tables, tmp_path):
    train = ("train", sales_file, "--target", "sold")
    for typed, code, line in (
        ((*train, "--as", "timeseries"), 2, "which column is the time? Add --time COLUMN"),
        ((*train, "--season", 7), 2,
         "--season is for a time series, and the data are a table: leave it out, or add --time "
         "COLUMN"),
        ((*train, "--time", "day", "--as", "tabular"), 2,
         "--time is for a time series, and the data are a table: leave it out"),
        ((*train, "--time", "day", "--kind", "sold=number"), 2,
         "--kind is for tables, and the data are a time series: leave it out"),
        ((*train, "--time", "day", "--net", "lstn"), 2,
         "--net 'lstn': valid are dlinear, lstm, gru, tcn; your own goes by --model"),
        ((*train, "--time", "day", "--gaps", "fill"), 2,
         "--gaps 'fill': valid are refuse, carry"),
        ((*train, "--time", "day", "--validation", sales_file), 2,
         f"--validation {sales_file}: a time series is tested on its own last steps; give their "
         "share, or --backtest STEPS"),
        (("forecast", run_folder), 2,
         f"{run_folder} is no run of a time series: use lampas predict {run_folder} DATA"),
        (("forecast", sales_run, "--plot-file", "a.pdf"), 2,
         "--plot-file a.pdf: a picture is written as .png"),
        (("forecast", sales_run, "--out", "a.txt"), 2,
         "--out a.txt: predictions are written as .csv or .parquet"),
        (("forecast", sales_run, "--known", sales_file), 1,
         "--known was given, but the run has no known covariates"),
    ):  # fmt: skip
        answer = shell(*typed)
        assert (answer.code, answer.error) == (code, line)


def test_errors_name_the_shells_options(shell, sales_file, tmp_path):
    frame = pd.read_csv(sales_file).drop(index=[5])
    frame.to_csv(tmp_path / "hole.csv", index=False)
    answer = shell("train", tmp_path / "hole.csv", "--time", "day", "--target", "sold")
    assert answer.error == (
        f"{tmp_path / 'hole.csv'}: time column 'day': row 5 holds 2024-01-07 00:00:00 after "
        "2024-01-05 00:00:00: 1 stamp is missing between them: fill it, or add --gaps carry to "
        "carry the last value forward"
    )
    assert shell_words("x: pass known=, a table with y").endswith(
        "add --known FILE, a table with y"
    )


def test_known_covariates_come_from_a_file(shell, sales_file, tmp_path):
    frame = pd.read_csv(sales_file)
    offer = np.random.default_rng(0).integers(0, 2, 120)
    frame = frame.assign(offer=offer, sold=frame["sold"] + 9 * offer)
    frame.to_csv(tmp_path / "offers.csv", index=False)
    run = tmp_path / "run"
    answer = shell(
        "train", tmp_path / "offers.csv", "--time", "day", "--target", "sold", "--known", "offer",
        "--horizon", 3, "--epochs", 60, "--out", run,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert f"lampas forecast {run} --plot --known FILE\n" in answer.out
    assert shell("forecast", run).error == (
        "the forecast needs 'offer' from 2024-04-30 00:00:00 to 2024-05-02 00:00:00: add --known "
        "FILE, a table with them and 'day'"
    )
    ahead = pd.DataFrame({"day": pd.date_range("2024-04-30", periods=3), "offer": 1.0})
    ahead.to_csv(tmp_path / "ahead.csv", index=False)
    answer = shell("forecast", run, "--known", tmp_path / "ahead.csv")
    assert len(answer.out.splitlines()) == 4
    assert lampas.load(run / "model.lampas").columns.known == ("offer",)
