import json

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError

from .conftest import SUMMARY, evidence


def test_runs_beside_each_other(make) -> None:
    first = make("a", of=evidence(300, 1, noise=3.0))
    second = make("b", {"settings": {"seed": 0, "epochs": 9}}, of=evidence(300, 2, noise=0.3))
    (second / "summary.txt").write_text(SUMMARY.format(width=7))
    found = lampas.compare(first, second, draws=300)
    assert found.names == ("a", "b")
    assert [(one.group, one.name, one.values) for one in found.differences] == [
        ("settings", "epochs", ("2", "9")),
        ("net", "parameters", ("3", "7")),
        ("net", "net", ("Linear, (B, 1), 3 trainable", "Linear, (B, 1), 7 trainable")),
    ]
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["differences"][0]["values"] == {"a": "2", "b": "9"}
    assert plain["against"][0]["scores"][0]["more_than_chance"]
    assert [run["name"] for run in plain["runs"]] == ["a", "b"]
    assert repr(found) == str(found)


def test_each_is_against_the_first_and_like_names_are_paths(make) -> None:
    folders = [make("a"), make("b"), make("more/b")]
    found = lampas.compare(*folders)
    assert found.names == ("a", str(folders[1]), str(folders[2]))
    assert [(one.first, one.name) for one in found.against] == [
        ("a", str(folders[1])), ("a", str(folders[2])),
    ]  # fmt: skip


def test_runs_of_a_plain_fit_are_compared_too(tmp_path) -> None:
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    for name, epochs in (("short", 1), ("long", 8)):
        model = lampas.Model(nn.Linear(2, 2))
        model.compile("adam", "cross_entropy", ["accuracy"])
        kept = lampas.callbacks.Record(tmp_path / name, held_out=(x[:60], y[:60]))
        model.fit(x[60:], y[60:], epochs=epochs, verbose=0, callbacks=[kept])
    found = lampas.compare(tmp_path / "short", tmp_path / "long", draws=200)
    assert [run.state for run in found.found] == ["done", "done"]
    assert (found.against[0].rows, found.against[0].refused) == (60, "")
    assert "No fingerprint of the data in short, long: may be the same or not." in str(found)


def test_the_same_seed_gives_the_same_words(make) -> None:
    folders = make("a", of=evidence(60, 1)), make("b", of=evidence(60, 2))
    assert str(lampas.compare(*folders, seed=3)) == str(lampas.compare(*folders, seed=3))


@pytest.mark.parametrize("begun", [None, '{"state": "running", "command": "lampas train"}'])
def test_a_run_that_was_cut_off_is_beside_the_others(make, begun) -> None:
    cut = make("b")
    for name in ("run.json", "summary.txt"):
        (cut / name).unlink()
    if begun:
        (cut / "run.json").write_text(begun)
    found = lampas.compare(make("a"), cut)
    assert found.differences == ()
    assert "b was cut off, or goes on: what it was made of is not known yet." in str(found)


def test_what_cannot_be_compared(make, tmp_path) -> None:
    a, series = make("a"), make("s", {"clock": "steps of a day"})
    numbers = make("n", {"schema": {"task": "regression"}})
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for others, error, told in (
        ([], InputError, "two runs or more are compared: name another one"),
        ([a / ".." / "a"], InputError, f"{a} is named twice: a run does not differ from itself"),
        ([tmp_path / "no"], InputError,
         f"{tmp_path}/no: no such folder; name the folder of a run: `lampas runs` lists them"),
        ([tmp_path / "file"], InputError,
         f"{tmp_path}/file: is a file; name the folder of a run: `lampas runs` lists them"),
        ([tmp_path / "empty"], ArtifactError,
         f"{tmp_path}/empty holds no run: there is neither run.json nor history.csv"),
        ([series], InputError,
         "different kinds of task cannot be compared: a classes, s a time series"),
        ([numbers], InputError, "different kinds of task cannot be compared: a classes, n numbers"),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            lampas.compare(a, *others)
        assert str(caught.value) == told


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("run.json", "{", "run.json is damaged: "),
        ("run.json", "{}", "run.json is damaged: it holds no description of a run"),
        ("history.csv", "year\n1\n", "history.csv: no history of a run"),
        ("evidence.json", "{", "evidence.json is damaged: "),
        (
            "evidence.json",
            '{"a": 1}',
            "held_out.csv is damaged: it is not what evidence.json tells of",
        ),
        (
            "held_out.csv",
            "row,x\n1,2\n",
            "held_out.csv is damaged: it is not what evidence.json tells of",
        ),
        ("held_out.csv", "", "held_out.csv is damaged: it is not what "),
    ],
)
def test_damaged_files_are_one_line(make, name, text, told) -> None:
    damaged = make("b", of=evidence(40, 1))
    (damaged / name).write_text(text)
    with pytest.raises(ArtifactError) as caught:
        lampas.compare(make("a", of=evidence(40, 2)), damaged)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
