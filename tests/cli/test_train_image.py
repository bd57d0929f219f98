"""`lampas train`, `evaluate` and `predict` on images, from files to files."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(channels, 4, 3), nn.Linear(4, outputs)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """warm/*.png and cold/*.png, 20 of each, a broken one, and a table of them."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        name = "warm" if number % 2 else "cold"
        pixels = rng.integers(0, 120, (10, 10, 3), dtype=np.uint8)
        pixels[..., 0 if number % 2 else 2] += 100
        path = folder / name / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        rows.append({"photo": f"pictures/{name}/{number:02}.png", "age": number / 10})
    (folder / "warm" / "broken.png").write_bytes(b"")
    pd.DataFrame(rows).to_csv(folder.parent / "ages.csv", index=False)
    (folder.parent / "nets.py").write_text(NET)
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "first"


def test_a_folder_is_found_shown_trained_on_and_used(shell, pictures, run, tmp_path, monkeypatch):
    answer = shell("train", pictures, "--out", run, "--epochs", 20, "--seed", 1)
    assert answer.code == 0, answer.err
    assert answer.out.startswith(
        f"{pictures}\n"
        "images: 32 to learn from, 8 held out; 10 × 10 pixels, RGB\n"
        "class: cold 16, warm 16\n"
        "1 image was left out: warm/broken.png (the file is empty)\n"
        "decoded pixels are kept in "
    )
    assert "Scores on 8 held-out images\n" in answer.out
    assert f"lampas predict {run} NEW.jpg --out predictions.csv" in answer.out
    description = json.loads((run / "run.json").read_text())
    assert description["images"]["size"] == [10, 10]
    assert description["settings"]["skipped"] == 1
    monkeypatch.chdir(tmp_path)
    answer = shell("predict", run, pictures / "warm" / "01.png")
    head, line = answer.out.splitlines()
    assert head == "image,class,probability of cold,probability of warm"
    assert line.startswith(f"{pictures}/warm/01.png,")
    answer = shell("predict", run, pictures, "--out", tmp_path / "all.csv")
    assert (answer.code, len(pd.read_csv(tmp_path / "all.csv"))) == (0, 40)
    assert answer.err.splitlines()[0] == (
        "1 image was left out: warm/broken.png (the file is empty)"
    )
    answer = shell("evaluate", run, pictures, "--json")
    assert json.loads(answer.out)["accuracy"] > 0.5
    answer = shell("evaluate", run, pictures)
    assert "these images  held out in training" in answer.out
    answer = shell("summary", run)
    assert "ResidualNet, a model of images, saved " in answer.out


def test_one_image_is_predicted_whatever_its_name(shell, pictures, run, tmp_path):
    for name in ("photo", "photo.txt"):
        (tmp_path / name).write_bytes((pictures / "warm" / "01.png").read_bytes())
        answer = shell("predict", run, tmp_path / name)
        assert answer.code == 0, answer.err
        assert answer.out.splitlines()[1].startswith(f"{tmp_path / name},")
    assert shell("predict", run, pictures, tmp_path / "photo").error == (
        f"{pictures} is a folder, among single images: pass it alone"
    )


def test_a_table_of_paths(shell, pictures, tmp_path):
    table = pictures.parent / "ages.csv"
    answer = shell(
        "train", table, "--target", "age", "--size", "8x9", "--channels", 1, "--epochs", 1,
        "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert set(json.loads(answer.out)) >= {"mae", "rmse", "r2"}
    assert "8 × 9 pixels, grey\nage: 0 to 3.9\n" in answer.err
    answer = shell("predict", tmp_path / "run", table)
    assert answer.out.splitlines()[0] == "image,age"
    two = pd.read_csv(table)
    two.assign(other=two["photo"]).to_csv(pictures.parent / "two.csv", index=False)
    both = pictures.parent / "two.csv"
    assert shell("predict", tmp_path / "run", both).error == (
        f"{both}: several columns hold paths of images; add --image, one of 'photo', 'other'"
    )
    assert shell("predict", tmp_path / "run", both, "--image", "other").out == answer.out
    assert shell("evaluate", tmp_path / "run", both, "--image", "other").code == 0


def test_a_net_of_ones_own_is_tuned_in_two_phases(shell, pictures, tmp_path):
    net = f"{pictures.parent / 'nets.py'}:Net"
    answer = shell(
        "train", pictures, "--model", net, "--fine-tune", 1, "--epochs", 2, "--out",
        tmp_path / "run", "--validation", 0, "--quiet",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    answer = shell("predict", tmp_path / "run", pictures / "warm" / "01.png", "--model", net)
    assert answer.code == 0, answer.err


def refused(shell, *arguments):
    answer = shell("train", *arguments)
    return answer.code, answer.error


def test_wrong_usage(shell, pictures, tables, tmp_path):
    assert refused(shell, pictures, pictures) == (
        2, f"{pictures}: one folder, archive or table of images is trained on",
    )  # fmt: skip
    assert refused(shell, pictures, "--size", "8x9x3") == (
        2, "--size '8x9x3': write pixels, as --size 64, or HEIGHTxWIDTH",
    )  # fmt: skip
    assert refused(shell, tables / "train.csv", "-t", "bought", "--size", 8) == (
        2, "--size is for images, and the data are a table: leave it out",
    )  # fmt: skip
    assert refused(shell, tables / "train.csv", "-t", "bought", "--fine-tune", 1) == (
        2, "--fine-tune is for images, and the data are a table: leave it out",
    )  # fmt: skip


def test_data_that_cannot_be_used(shell, pictures, tmp_path):
    one = pictures / "warm" / "01.png"
    assert refused(shell, one) == (
        1,
        f"{one} is a PNG image, and one does not say what is to be learnt: pass a folder with a "
        "folder for each class, or a table with paths and labels",
    )
    assert refused(shell, pictures / "warm", "--as", "image") == (
        1,
        f"{pictures}/warm: images, but no folder that says what they show: put those of each "
        "class into a folder with its name, or pass a table with their paths and labels",
    )
    typed = ("--image", "photo", "--target", "Age")
    assert refused(shell, pictures.parent / "ages.csv", *typed) == (
        1, "target column 'Age' is missing: did you mean 'age'? The columns are: 'age', 'photo'",
    )  # fmt: skip
    frame = pd.read_csv(pictures.parent / "ages.csv")
    frame.assign(other=frame["photo"]).to_csv(pictures.parent / "two.csv", index=False)
    table = pictures.parent / "two.csv"
    assert refused(shell, table, "--as", "image", "--target", "age") == (
        1, f"{table}: several columns hold paths of images; add --image, one of 'photo', 'other'",
    )  # fmt: skip
    answer = shell(
        "train", table, "--as", "image", "--target", "age", "--image", "other", "--epochs", 1,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert shell("predict", tmp_path / "run", table).code == 0
