import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError
from lampas.torchfile import is_torch_file, read_weights


class Evil:
    """What runs where a pickle of it is opened without care."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 2))


def complaint(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        lampas.load(path, net=net())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewritten(path: Path, change: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> Path:
    """The archive at `path` with other members in the place of some, or beside them."""
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    folder = next(iter(members)).partition("/")[0]
    members |= {name.replace("*", folder): data for name, data in change.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as new:
        for name, data in members.items():
            new.writestr(zipfile.ZipInfo(name), data, packing)
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.save(net().state_dict(), tmp_path / "a.pt")
    return tmp_path / "a.pt"


def test_a_state_dict_goes_into_a_net(saved: Path) -> None:
    wanted = torch.load(saved, weights_only=True)
    target = net()
    model = lampas.load(saved, net=target)
    assert isinstance(model, lampas.Model)
    assert model.history.rows == []
    for name, value in target.state_dict().items():
        assert torch.equal(value, wanted[name])


def test_tensors_of_every_kind(tmp_path: Path) -> None:
    tensors = {
        "f8": torch.ones(3, dtype=torch.float8_e4m3fn),
        "c": torch.ones(2, dtype=torch.complex64),
        "u16": torch.ones(2, dtype=torch.uint16),
        "b": torch.tensor([True]),
        "wide": torch.ones(1).expand(5),
        "none": torch.zeros(0, 3),
        "p": nn.Parameter(torch.ones(2, dtype=torch.bfloat16)),
    }
    torch.save(tensors, tmp_path / "a.pt")
    found = read_weights(tmp_path / "a.pt").content["weights"]
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name].cdouble(), value.cdouble())


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (net, "a.pt names code, 'torch.nn.modules.container Sequential': it is not opened, as a "
         "state dict needs none; who trusts it saves its weights alone: "
         "torch.save(net.state_dict(), path)"),
        (lambda: {"model": net().state_dict(), "epoch": 3}, "a.pt holds more than a state dict "
         "('model', 'epoch'): save that alone, torch.save(net.state_dict(), path)"),
        (lambda: [torch.ones(1)], "a.pt holds a list, and a state dict is needed"),
        (lambda: {1: torch.ones(1)}, "a.pt holds more than a state dict (1): save that alone, "
         "torch.save(net.state_dict(), path)"),
    ],
)  # fmt: skip
def test_what_is_no_state_dict(tmp_path: Path, what: Any, line: str) -> None:
    torch.save(what(), tmp_path / "a.pt")
    assert complaint(tmp_path / "a.pt") == f"{tmp_path}/{line}"


def test_nothing_runs(tmp_path: Path, saved: Path) -> None:
    canary = tmp_path / "canary"
    torch.save({"a": Evil(canary)}, tmp_path / "evil.pt")
    assert " names code, " in complaint(tmp_path / "evil.pt")
    for protocol in (2, 4):
        bad = {"*/data.pkl": pickle.dumps(Evil(canary), protocol)}
        assert (
            " names code, " in (said := complaint(rewritten(saved, bad))) or "instruction" in said
        )
    assert not canary.exists()


def test_the_archive_is_looked_through(saved: Path) -> None:
    good = saved.read_bytes()
    for change, told in (
        ({"*/code.py": b""}, "has a member 'a/code.py': weights have none such"),
        ({"../x": b""}, "has a member '../x': weights have none such"),
        ({"*/data/../../x": b""}, "has a member 'a/data/../../x': weights have none such"),
        ({"*/data/0": b"1"}, "is damaged: its tensor data '0' are not as long as it says"),
        ({"*/data.pkl": b"\x80\x02"}, "is damaged: its pickle cannot be read"),
    ):
        saved.write_bytes(good)
        assert complaint(rewritten(saved, change)) == f"{saved} {told}"
    saved.write_bytes(good)
    packed = rewritten(saved, {}, zipfile.ZIP_DEFLATED)
    assert complaint(packed) == f"{saved} has a packed member 'a/data.pkl': torch has none"
    saved.write_bytes(good[:-30])
    assert not is_torch_file(saved)
    assert complaint(saved) == f"{saved} is a damaged zip archive, not a Lampas file"


def test_an_older_torch_opens_none(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    assert complaint(saved) == (
        f"{saved} is a torch.save file, and the reader of torch 2.9.1+cpu can be made to write "
        "past its memory (CVE-2026-24747): pip install -U 'torch>=2.10'"
    )


def test_the_old_format_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save(net().state_dict(), path, _use_new_zipfile_serialization=False)
    assert not is_torch_file(path)
    assert " is a pickle, not a Lampas file: pickles can run code" in complaint(path)
