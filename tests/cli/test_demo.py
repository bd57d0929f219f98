import lampas


def test_the_demo_shows_all_that_it_should(process, tmp_path):
    answer = process("demo", cwd=tmp_path)
    assert answer.code == 0, answer.err
    out = answer.out
    assert "titanic_train.csv: 712 rows, 12 columns; to predict: Survived" in out
    assert "· training   o held out" in out
    assert "Scores on 179 test rows that no training saw" in out
    assert "this net  logistic regression" in out
    begin = out.index("20 of the test rows: ")
    rows = out[begin : out.index("Saved in ")].splitlines()[2:22]
    assert len(rows) == 20
    assert all(row.rstrip(" x").endswith(("died", "survived")) for row in rows)
    right = int(out[begin:].split("test rows: ")[1].split()[0])
    assert sum(not row.endswith("x") for row in rows) == right
    assert max(map(len, rows)) < 80
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith("demo-tabular-2")
    assert f"Saved in {run.relative_to(tmp_path)}: curves.png" in out
    _, test = lampas.datasets.titanic()
    scores = lampas.TabularModel.load(run / "model.lampas").evaluate(test)
    assert f"  accuracy             {scores['accuracy']:.4f}" in out
    assert scores["roc_auc"] > 0.85


def test_the_demo_of_texts_and_what_it_says_to_type_next(process, tmp_path):
    answer = process("demo", "text", "--out", "run", cwd=tmp_path)
    assert answer.code == 0, answer.err
    out = answer.out
    assert "texts       6,000 to train on, 1,500 held out" in out
    assert "Scores on 1,500 test sentences, from files that no training saw; chance is 0.17" in out
    assert "this net  logistic regression" in out
    ours, linear = out.split("accuracy")[-1].split()[:2]
    assert float(ours) > 0.5
    assert abs(float(ours) - float(linear)) < 0.2
    begin = out.index("15 of the test sentences: ")
    rows = out[begin : out.index("Saved in run: ")].splitlines()[2:17]
    right = int(out[begin:].split("sentences: ")[1].split()[0])
    assert sum(not row.endswith("x") for row in rows) == right
    for line in out[out.index("Next:\n") :].splitlines()[1:]:
        words = line.split()
        assert words[0] == "lampas"
        assert process(*words[1:], cwd=tmp_path).code == 0


def test_the_demo_of_a_time_series_forecasts_the_held_out_week(process, tmp_path):
    answer = process("demo", "timeseries", cwd=tmp_path)
    assert answer.code == 0, answer.err
    out = answer.out
    assert out.startswith(
        "covid-19.csv: 47 steps of a day from 2020-01-24 to 2020-03-10, season 7: lookback 10, "
        "horizon 7; 26 to train, 7 to validate, 7 to calibrate, 7 held out\n"
    )
    assert "The last 7 days, forecast from the day before them" in out
    assert "Backtest: 7 origins, up to 7 steps ahead; coverage: of the 80 % interval" in out
    assert "cured_num: dlinear (left out) does not beat drift: MAE" in out
    (run,) = (tmp_path / "runs").iterdir()
    model = lampas.load(run / "model.lampas")
    for _, rows in model.tested.frame.groupby("target"):
        mae = rows.set_index("model")["mae"]
        assert mae.iloc[0] <= 1.1 * mae[["naive", "seasonal naive", "drift"]].min()
    assert (run / "forecast.png").read_bytes().startswith(b"\x89PNG")
    typed = out.split("Next:\n")[1].splitlines()
    for line in typed:
        assert process(*line.split()[1:], cwd=tmp_path).code == 0, line
