"""The examples that `--help` shows are typed here as they stand."""

import random
import shlex

import pandas as pd
import pytest

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
    texts = [f"a {('fine', 'dull')[row % 2]} film, number {row} of many" for row in range(40)]
    reviews = pd.DataFrame({"review": texts, "stars": [row % 2 for row in range(40)]})
    reviews.to_csv("reviews.tsv", sep="\t", index=False)
    for code, name in enumerate(("pos", "neg")):
        (tmp_path / f"rt-polarity.{name}").write_text("\n".join(texts[code::2]))
    (tmp_path / "nets.py").write_text(NETS)


def _examples(help_text: str) -> list[str]:
    shown = help_text.split("Examples:\n")[1].split("\n\n")[0]
    return [line.strip().split(" | ")[0] for line in shown.splitlines()]


@pytest.mark.usefixtures("_files")
def test_every_example_runs(shell, tmp_path):
    typed: list[str] = []
    for command in ("train", "evaluate", "predict", "summary", "demo"):
        examples = _examples(shell(command, "--help").out)
        assert len(examples) >= 2
        for example in examples:
            if example == "lampas demo":  # the next one does the same, in a folder of its own
                continue
            answer = shell(*shlex.split(example)[1:])
            assert answer.code == 0, f"{example}: {answer.err}"
            typed.append(example)
    assert len(typed) >= 14
    assert (tmp_path / "predictions.parquet").exists()
    main = _examples(shell("--help").out)
    assert {line.split()[1] for line in main} == {
        "demo", "train", "evaluate", "predict", "summary",
    }  # fmt: skip
    assert set(main) - {"lampas demo"} <= set(typed)
