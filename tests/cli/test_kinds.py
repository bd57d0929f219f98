import importlib
import os
from pathlib import Path

import pytest

from lampas.cli.kinds import KINDS, find, trainer
from lampas.cli.usage import UsageError
from lampas.errors import DataError


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_trainer(kind):
    found = trainer(kind)
    assert found is importlib.import_module(KINDS[kind].trainer)
    assert callable(found.check)
    assert callable(found.train)


def test_an_unknown_kind_is_wrong_usage():
    with pytest.raises(UsageError) as caught:
        find(["a.csv"], "tables", [], "utf-8")
    assert str(caught.value) == f"--as 'tables': valid are {', '.join(KINDS)}"


def test_what_is_not_there_and_what_is_closed_are_not_the_same(tmp_path, monkeypatch):
    for path in (tmp_path / "none.csv", Path(__file__) / "none.csv"):
        with pytest.raises(DataError) as caught:
            find([str(path)], None, [], "utf-8")
        assert str(caught.value) == f"{path}: no such file"
    with pytest.raises(DataError) as caught:
        find(["titanic"], "tabular", [], "utf-8")
    assert str(caught.value) == (
        'titanic: no such file; the data set has the path that "lampas datasets titanic" prints'
    )

    def closed(path, **_):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "stat", closed)
    with pytest.raises(PermissionError):
        find(["locked/t.csv"], None, [], "utf-8")


def test_wrong_options_are_refused_before_the_data_are_read(shell, tables, monkeypatch):
    def read(*_, **__):
        raise AssertionError("the table was read")

    monkeypatch.setattr("lampas.cli.data.read", read)
    table = tables / "train.csv"
    typed = ("train", table, "--target", "bought", "--as")
    for options, code, line in (
        (("tabular", "--net", "lstm"), 2,
         "--net is for texts and time series, and the data are a table: yours goes by --model"),
        (("tabular", "--device", "gpu"), 1,
         "unknown device 'gpu': write 'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'"),
        (("timeseries", "--time", "age", "--net", "Conv"), 2,
         "--net 'Conv': valid are dlinear, lstm, gru, tcn; your own goes by --model"),
        (("timeseries", "--time", "age", "--gaps", "fill"), 2,
         "--gaps 'fill': valid are refuse, carry"),
        (("text", "--net", "Conv"), 2,
         "--net 'Conv': valid are conv, transformer; your own goes by --model"),
        (("text", "--positions", "rope"), 2,
         "--positions is for the transformer: add --net transformer, or leave it out"),
        (("text", "--net", "transformer", "--positions", "learnt"), 2,
         "--positions 'learnt': valid are rope, sinusoidal"),
        (("text", "--tokenizer", "words"), 2,
         "--tokenizer 'words': valid are word, bpe, character"),
        (("image", "--fine-tune", 1), 2,
         "--fine-tune needs a net that has learnt already: add --model FILE.py:CLASS"),
        (("image", "--fine-tune", 3, "--epochs", 3, "--model", f"{tables / 'nets.py'}:Net"), 2,
         "--fine-tune 3 of 3 epochs leaves none for the whole net: add --epochs 6"),
    ):  # fmt: skip
        answer = shell(*typed, *options)
        assert (answer.code, answer.out, answer.error) == (code, "", line)
