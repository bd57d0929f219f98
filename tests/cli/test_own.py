import json
import sys

import pytest
from torch import nn

from lampas.cli.own import find_class
from lampas.errors import InputError


@pytest.fixture(autouse=True)
def _same_path(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_file_and_a_name_give_the_class(tables, monkeypatch):
    assert find_class(f"{tables}/nets.py:Net").__name__ == "Net"
    assert find_class("torch.nn:Linear") is nn.Linear
    monkeypatch.chdir(tables)
    assert issubclass(find_class("nets:Net"), nn.Module)
    del sys.modules["nets"]


def test_a_file_imports_what_lies_beside_it(tmp_path):
    (tmp_path / "beside_it.py").write_text("WIDTH = 5\n")
    (tmp_path / "uses.py").write_text(
        "from torch import nn\nfrom beside_it import WIDTH\n"
        "class Net(nn.Linear):\n    def __init__(self): super().__init__(WIDTH, 1)\n"
    )
    assert find_class(f"{tmp_path}/uses.py:Net")().in_features == 5


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nets", "--model 'nets': write FILE.py:Class, or package.module:Class"),
        ("none.py:Net", "--model none.py: no such file"),
        ("nets.py:Nett",
         "--model nets.py:Nett: nets.py has no class 'Nett'; it has: Net, Odd, Picture"),
        ("nets.py:Plain", "--model nets.py:Plain: Plain is no class of torch.nn.Module"),
        ("nets.py:torch", "--model nets.py:torch: torch is no class of torch.nn.Module"),
        ("nopkg.mod:Net", "--model nopkg.mod: no module 'nopkg'; a file is named with its .py"),
        ("broken.py:Net",
         "--model broken.py: importing it raised NameError: name 'undefined' is not defined "
         "(line 3)"),
        ("broken:Net",
         "--model broken: importing it raised NameError: name 'undefined' is not defined "
         "({folder}/broken.py, line 3)"),
        ("syntax.py:Net",
         "--model syntax.py: importing it raised SyntaxError: invalid syntax (syntax.py, line 1)"),
        ("needs.py:Net",
         "--model needs.py: importing it raised ModuleNotFoundError: No module named 'nopkg' "
         "(line 1)"),
        ("leaves.py:Net", "--model leaves.py: importing it raised SystemExit: 3 (line 1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_one_line(tables, monkeypatch, spec, told):
    (tables / "broken.py").write_text("import torch\n\nx = undefined\n")
    (tables / "syntax.py").write_text("def f(:\n")
    (tables / "needs.py").write_text("import nopkg\n")
    (tables / "leaves.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tables)
    with pytest.raises(InputError) as caught:
        find_class(spec)
    assert str(caught.value) == told.format(folder=tables)


def test_an_own_net_from_training_to_prediction(shell, tables, tmp_path):
    run, new = tmp_path / "run", tables / "new.csv"
    spec = f"{tables}/nets.py:Net"
    answer = shell(
        "train", tables / "train.csv", "-t", "bought", "--model", spec, "--out", run, "--epochs", 2
    )
    assert answer.code == 0
    assert f"lampas evaluate {run} OTHER.csv --model {spec}\n" in answer.out

    answer = shell("evaluate", run, new)
    assert (answer.code, answer.out) == (1, "")
    assert answer.error == (
        f"{run}/model.lampas was trained with your net Net, and a saved run brings no code: "
        f"lampas evaluate {run} {new} --model {spec}"
    )
    answer = shell("evaluate", run, new, "--model", spec, "--json")
    assert set(json.loads(answer.out)) >= {"loss", "accuracy"}
    assert shell("predict", run, new, "--model", spec).out.startswith("row,bought,")

    assert "  net.body.0.weight  (8, 6)  float32       48\n" in shell("summary", run).out
    shown = shell("summary", run, "--model", spec).out
    assert "      0   Linear      (B, 6)  (B, 8)         56    48\n" in shown


def test_a_constructor_that_asks_for_what_no_table_has(shell, tables, tmp_path):
    answer = shell(
        "train", tables / "train.csv", "-t", "bought", "--model", f"{tables}/nets.py:Odd",
        "--out", tmp_path / "run", "--quiet",
    )  # fmt: skip
    assert answer.code == 1
    assert answer.error == (
        "Odd needs 'colour', which is no shape of a table: give it a default, or ask for one of "
        "inputs, in_features, n_inputs, n_features, numbers, n_numbers, cardinalities, outputs, "
        "out_features, n_outputs, classes, n_classes, num_classes"
    )
    assert not (tmp_path / "run").exists()
