import lampas
from lampas.comparison.sections import apart, sections

from .conftest import evidence


def titles(found) -> list[str]:
    return [one.title for one in sections(found)]


def test_what_is_said_in_order(make) -> None:
    folders = make("a", of=evidence(60, 1)), make("b", of=evidence(60, 2))
    found = lampas.compare(*folders)
    assert titles(found) == [
        "Runs", "What differs", "Scores as recorded, of each on what it held out",
        "b against a, on the 60 held-out samples of both (all that either has)",
        "What the intervals and p know", "Commands",
    ]  # fmt: skip
    different = list(sections(found))[1]
    assert different.notes == [
        "Nothing that is recorded.", "The same: data, columns, 2 settings, versions, net.",
    ]  # fmt: skip
    tested = list(sections(found))[3]
    assert [row[0] for row in tested.rows] == [
        "accuracy", "log loss", "roc_auc", "average_precision", "f1 of yes",
    ]  # fmt: skip
    assert {row[-1] for row in tested.rows} <= {"no", "yes: a is better", "yes: b is better"}


def test_backtests_stand_under_each_other(make) -> None:
    series = {"clock": "days", "backtest": ["Backtest: 2 origins", "naive 3"]}
    folders = [make(name, series) for name in "ab"]
    for folder in folders:
        (folder / "evidence.json").write_text('{"task": "timeseries"}')
    found = lampas.compare(*folders)
    assert titles(found)[3:] == ["b against a", "Backtest of a", "Backtest of b", "Commands"]
    assert list(sections(found))[4].text == "Backtest: 2 origins\nnaive 3"


def test_a_group_is_named_once_and_a_long_net_is_cut_short(make) -> None:
    layers = [f"  l{number:02}  Linear  (B, 1)          3" for number in range(20)]
    head = "layer  type    output  trainable\n"
    other = make("b", {"settings": {"seed": 1, "epochs": 3}})
    (other / "summary.txt").write_text(head + "\n".join(layers) + "\n\n60 parameters: 60 trainable")
    rows = list(sections(lampas.compare(make("a"), other)))[1].rows
    assert [row[0] for row in rows[:3]] == ["settings", "", "net"]
    assert rows[-1][1:] == ["11 more layers", "…", "…"]
    assert len(rows) == 2 + 12 + 1


def test_changes_since_the_commit_are_remarked_on(make) -> None:
    code = {"code": {"commit": "ab" * 20, "dirty": True}}
    notes = list(sections(lampas.compare(make("a", code), make("b", code))))[1].notes
    assert notes[-1] == "Files had been changed since the commit: perhaps not in the same way."
    old = make("c")
    text = (old / "run.json").read_text().replace('"code"', '"x"')
    (old / "run.json").write_text(text)
    notes = list(sections(lampas.compare(make("d", code), old)))[1].notes
    assert notes[-1] == "No fingerprint of the code in c: may be the same or not."


def test_values_are_cut_where_they_are_alike() -> None:
    long = "x" * 100
    assert apart([long, "y"]) == ["x" * 35 + "…", "y"]
    cut = apart([f"/data/{long}/a.csv", f"/data/{long}/b.csv"])
    assert cut == ["…xxxxxxxxx/a.csv", "…xxxxxxxxx/b.csv"]
    assert all(len(one) <= 36 for one in apart([long + "1" * 90, long + "2" * 90]))


def test_what_a_log_was_told_is_no_setting_of_the_run(make) -> None:
    """The log that grows with a run knows the optimiser, and not what `lampas train` was told."""
    whole = make("whole")
    cut = make("cut", {"state": "running", "settings": {"optimizer": "Adam"}})
    _, different, *_ = sections(lampas.compare(whole, cut))
    assert not different.rows
    assert "cut was cut off, or goes on: what it was made of is not known yet." in different.notes
