"""The examples that `--help` shows are typed here as they stand."""

import random
import shlex
import shutil

import pandas as pd
import pytest
from PIL import Image

NETS = """
from torch import nn

class Net(nn.Linear):
    def __init__(self, in_features, outputs):
        super().__init__(in_features, outputs)

class CNN(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(7200, 2))

class Text(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Embedding(100, 4), nn.Flatten(), nn.Linear(800, 2))
"""


@pytest.fixture
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    ages = [draw.uniform(1, 80) for _ in range(40)]
    passengers = pd.DataFrame({"Age": ages, "Survived": [int(age < 40) for age in ages]})
    for name in ("passengers.csv", "more.csv", "new.csv"):
        passengers.to_csv(name, index=False)
    flags = passengers.rename(columns={"Survived": "red"}).assign(blue=lambda t: 1 - t["red"])
    for name in ("flags.csv", "test.csv"):
        flags.to_csv(name, index=False)
    houses = pd.DataFrame({"zip": [i % 4 for i in range(40)], "area": ages, "price": ages})
    houses.to_parquet("houses.parquet")
    _pets(tmp_path)
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "nets.py").write_text(NETS)
    _reviews(tmp_path)
    sales = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=200)})
    sales["sold"] = [100 + number % 7 for number in range(200)]
    for name in ("sales.csv", "newer.csv"):
        sales.to_csv(name, index=False)


def _reviews(folder):
    words = {"good": "a fine and clever film", "bad": "such a dull and silly film"}
    rows = [{"text": f"{words[one]}, it has {n} parts", "stars": one}
            for n in range(40) for one in words]  # fmt: skip
    pd.DataFrame(rows).to_csv("reviews.tsv", sep="\t", index=False)
    for suffix, one in (("pos", "good"), ("neg", "bad")):
        lines = "".join(f"{row['text']}\n" for row in rows if row["stars"] == one)
        (folder / f"rt-polarity.{suffix}").write_text(lines)


def _pets(folder):
    rows = []
    for number in range(40):
        path = folder / "pets" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 12), (5 * number, 100, 0)).save(path)
        rows.append({"photo": str(path), "age": number / 4})
    pd.DataFrame(rows).to_csv(folder / "pets.csv", index=False)
    shutil.copy(path, folder / "cat.jpg")


def _examples(help_text: str) -> list[str]:
    shown = help_text.split("Examples:\n")[1].split("\n\n")[0]
    return [line.strip().split(" | ")[0] for line in shown.splitlines()]


@pytest.mark.usefixtures("_files")
def test_every_example_runs(shell, tmp_path):
    typed: list[str] = []
    for command in (
        "train",
        "evaluate",
        "predict",
        "forecast",
        "report",
        "summary",
        "demo",
        "datasets",
        "runs",
        "compare",
    ):
        examples = _examples(shell(command, "--help").out)
        assert len(examples) >= 2
        for example in examples:
            if command == "demo" and example != "lampas demo tabular --out runs/first":
                continue  # those of the other kinds have tests of their own
            answer = shell(*shlex.split(example)[1:])
            assert answer.code == 0, f"{example}: {answer.err}"
            typed.append(example)
    assert len(typed) >= 24
    assert (tmp_path / "predictions.parquet").exists()
    main = _examples(shell("--help").out)
    assert {line.split()[1] for line in main} == {
        "board", "datasets", "demo", "train", "evaluate", "predict", "forecast",
        "report", "summary", "runs", "compare", "export", "state",
    }  # fmt: skip
    # `lampas board` serves until Ctrl-C: test_board.py starts it; test_export.py has runs enough,
    # test_resume.py those that `lampas state` is for.
    apart = ("demo", "board", "export", "state")
    others = {line for line in main if line.split()[1] not in apart}
    assert others <= set(typed)
