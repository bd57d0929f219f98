import hashlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from torch import nn

from lampas.artifact import Artifact, read, save
from lampas.errors import ArtifactError, InputError


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def run() -> Artifact:
    return Artifact(
        "tabular",
        "Net",
        {
            "weights": net().state_dict(),
            "preparation": {"centre": torch.randn(3).double().numpy(), "coders": [{"a": 1}]},
        },
        metrics={"auc": 0.91, "loss": float("nan")},
        history=[{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": float("inf")}],
        settings={"lr": 0.1, "betas": (0.9, 0.999), "precision": torch.bfloat16},
    )


def complaint(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edited(path: Path, change: Any) -> Path:
    """The file with another description, and a checksum that is right again."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    description = json.loads(header["__metadata__"]["lampas"])
    change(description)
    text = json.dumps(description)
    header["__metadata__"] = {"sha256": "0" * 64, "lampas": text}
    return signed(path, header, raw[8 + length :])


def signed(path: Path, header: Any, data: bytes) -> Path:
    text = json.dumps(header).encode()
    raw = len(text).to_bytes(8, "little") + text + data
    digest = hashlib.sha256(raw).hexdigest()
    path.write_bytes(raw.replace(b"0" * 64, digest.encode(), 1))
    return path


def test_all_of_it_comes_back(tmp_path: Path) -> None:
    artifact = run()
    save(artifact, tmp_path / "run" / "model.lampas")
    back = read(tmp_path / "run" / "model.lampas")
    assert repr(back.metrics) == repr(artifact.metrics)
    assert repr(back.history) == repr(artifact.history)
    assert back.settings == artifact.settings
    assert (back.kind, back.class_name) == ("tabular", "Net")
    assert (back.versions, back.created) == (artifact.versions, artifact.created)
    for name, tensor in artifact.content["weights"].items():
        assert torch.equal(back.content["weights"][name], tensor)
    centre = artifact.content["preparation"]["centre"]
    assert (back.content["preparation"]["centre"] == centre).all()


def test_versions_and_time_are_written(tmp_path: Path) -> None:
    save(run(), tmp_path / "a")
    back = read(tmp_path / "a")
    assert set(back.versions) == {"lampas", "torch", "numpy", "python"}
    assert back.versions["torch"] == torch.__version__
    age = datetime.now(UTC) - datetime.fromisoformat(back.created)
    assert timedelta(seconds=-1) <= age < timedelta(minutes=5)


def test_numbers_of_any_kind_are_plain_in_metrics_and_history(tmp_path: Path) -> None:
    rows = [{"epoch": 1, "loss": torch.tensor(0.5)}]
    save(
        Artifact("model", "Net", {}, metrics={"a": torch.tensor(2.0)}, history=rows), tmp_path / "a"
    )
    back = read(tmp_path / "a")
    assert repr((back.metrics, back.history)) == "({'a': 2.0}, [{'epoch': 1, 'loss': 0.5}])"


def test_any_safetensors_reader_opens_it(tmp_path: Path) -> None:
    artifact = run()
    save(artifact, tmp_path / "a")
    with safetensors.safe_open(tmp_path / "a", "pt") as file:
        weight = file.get_tensor("weights/0.weight")
        assert file.metadata()["format"] == "pt"
    assert torch.equal(weight, artifact.content["weights"]["0.weight"])


def test_settings_hold_no_tensors(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        save(Artifact("model", "Net", {}, settings={"w": torch.ones(2)}), tmp_path / "a")
    assert str(caught.value) == (
        "cannot save w: a tensor among the settings belongs in the content"
    )
    assert not (tmp_path / "a").exists()


def test_a_failed_save_leaves_the_last_one(tmp_path: Path) -> None:
    save(run(), tmp_path / "a")
    good = (tmp_path / "a").read_bytes()
    with pytest.raises(InputError, match="cannot save weights/f: it is a function"):
        save(Artifact("model", "Net", {"weights": {"f": lambda: 1}}), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == good
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def corrupted(good: bytes, chance: random.Random) -> bytes:
    """One of the ways in which files go bad: a bit, a cut, swapped, doubled or blank bytes."""
    bad = bytearray(good)
    place = chance.randrange(len(bad))
    other = chance.randrange(len(bad))
    kind = chance.randrange(6)
    if kind == 0:
        bad[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del bad[place:]
    elif kind == 2:
        bad[place], bad[other] = bad[other], bad[place]
    elif kind == 3:
        del bad[min(place, other) : max(place, other)]
    elif kind == 4:
        bad[place:place] = bad[place : place + 32]
    else:
        bad[place : place + 64] = bytes(len(bad[place : place + 64]))
    return bytes(bad)


def test_no_corruption_is_loaded_or_raises_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "model.lampas"
    save(run(), path)
    good, chance, tried = path.read_bytes(), random.Random(0), 0
    while tried < 600:
        bad = corrupted(good, chance)
        if bad == good:
            continue
        path.write_bytes(bad)
        assert str(path) in complaint(path)
        tried += 1


def test_no_edit_of_the_description_is_loaded(tmp_path: Path) -> None:
    """Letters and digits changed so that the JSON stays JSON."""
    path = tmp_path / "model.lampas"
    save(run(), path)
    good, chance = path.read_bytes(), random.Random(0)
    length = int.from_bytes(good[:8], "little")
    places = [place for place in range(8, 8 + length) if chr(good[place]).isalnum()]
    for place in chance.sample(places, 200):
        bad = bytearray(good)
        bad[place] = ord("7") if chr(bad[place]).isdigit() and bad[place] != ord("7") else ord("x")
        if bad != good:
            path.write_bytes(bad)
            assert str(path) in complaint(path)


def test_a_wrong_byte_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.lampas"
    save(run(), path)
    bad = bytearray(path.read_bytes())
    bad[-3] ^= 16
    path.write_bytes(bad)
    assert complaint(path) == (
        f"{path} is damaged, or no Lampas file: its checksum is wrong: some bytes are not those "
        "that were written"
    )


def test_a_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.lampas"
    save(Artifact("model", "Net", {"weights": {"a": torch.ones(100)}}), path)
    path.write_bytes(path.read_bytes()[:-100])
    assert complaint(path) == (
        f"{path} is damaged, or no Lampas file: it is cut short: its tensors take 400 bytes, "
        "it has 300"
    )


def test_a_newer_format(tmp_path: Path) -> None:
    path = tmp_path / "model.lampas"
    save(run(), path)
    edited(path, lambda description: description.update(format=2, kind={"new": 1}))
    assert complaint(path) == (
        f"{path} has format 2, and this Lampas reads up to 1: pip install -U lampas"
    )


@pytest.mark.parametrize("key", ["kind", "class", "metrics", "history", "settings", "content"])
@pytest.mark.parametrize("value", [None, 3, [1]])
def test_a_description_with_a_wrong_field(tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "model.lampas"
    save(run(), path)
    edited(path, lambda description: description.update({key: value}))
    assert complaint(path) == (
        f"{path} is damaged, or no Lampas file: its description has no {key!r}, or a wrong one"
    )


def test_a_description_that_goes_too_deep(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    path = tmp_path / "model.lampas"
    save(run(), path)
    edited(path, lambda description: description.update(settings={"a": deep}))
    assert complaint(path) == (
        f"{path} is damaged, or no Lampas file: a saved value is nested over 100 levels deep"
    )


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"format": NaN}', "[" * 100_000, '"x"', "{}"])
def test_a_description_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.lampas"
    signed(path, {"__metadata__": {"sha256": "0" * 64, "lampas": text}}, b"")
    assert complaint(path).startswith(f"{path} is damaged, or no Lampas file: its ")


def test_plain_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    signed(path, {"__metadata__": {"format": "pt"}}, b"")
    assert complaint(path) == (
        f"{path} holds plain safetensors weights, no Lampas run: load them with "
        f"net.load_state_dict(safetensors.torch.load_file({str(path)!r}))"
    )


def test_another_program_s_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save(net().state_dict(), path)
    assert complaint(path) == (
        f"{path} is a torch.save file, not a Lampas file: its weights go into a net by "
        f"lampas.load({str(path)!r}, net=...)"
    )


def test_nothing_there_and_a_folder(tmp_path: Path) -> None:
    assert complaint(tmp_path / "a") == f"{tmp_path}/a is not there: check the path"
    assert complaint(tmp_path) == f"{tmp_path} is a folder: name the .lampas file in it"
    (tmp_path / "f").touch()
    assert complaint(tmp_path / "f" / "a") == f"{tmp_path}/f/a cannot be read: Not a directory"
