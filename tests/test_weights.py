import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from lampas.artifact import Artifact, read, save
from lampas.errors import ArtifactError, InputError
from lampas.weights import bare, loaded_into, misfit, model_state, save_model


def load_model(path: Any, net: Any = None, map_location: Any = None) -> SimpleNamespace:
    """What `lampas.load` does with a file: read it, and put its weights into `net`."""
    artifact = read(path)
    return SimpleNamespace(
        net=loaded_into(net, artifact, str(path), map_location), artifact=artifact
    )


class Net(nn.Module):
    """BatchNorm, tied weights, and buffers of several dtypes."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, width)
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 5, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("short", torch.randn(3).bfloat16())
        self.register_buffer("wave", torch.randn(3, dtype=torch.complex64))
        self.register_buffer("mask", torch.tensor([True, False]))
        self.register_buffer("turned", torch.randn(2, 3).T)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.embed(x)))


class Extra(nn.Linear):
    def get_extra_state(self) -> Any:
        return {"seen": 3, "names": ("a", "b")}

    def set_extra_state(self, state: Any) -> None:
        self.extra = state


def complaint(error: type[Exception], path: Path, net: Any) -> str:
    with pytest.raises(error) as caught:
        load_model(path, net)
    return str(caught.value)


def train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        x = torch.randint(5, (16,), generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), (x + 1) % 5).backward()
        optimizer.step()


def test_every_bit_of_the_net_comes_back(tmp_path: Path) -> None:
    net = Net()
    train(net, torch.optim.SGD(net.parameters(), 0.1), range(3))
    save_model(net, tmp_path / "a.lampas")
    other = load_model(tmp_path / "a.lampas", Net()).net
    for (name, ours), theirs in zip(
        net.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert ours.dtype == theirs.dtype, name
        assert torch.equal(ours, theirs), name
    net.eval(), other.eval()
    assert torch.equal(net(torch.arange(5)), other(torch.arange(5)))
    assert other.head.weight is other.embed.weight


def test_tied_weights_take_their_room_once(tmp_path: Path) -> None:
    net = Net(width=4096)
    save_model(net, tmp_path / "a.lampas")
    assert (tmp_path / "a.lampas").stat().st_size < 1.2 * sum(
        tensor.numel() * tensor.element_size() for tensor in [*net.parameters(), *net.buffers()]
    )


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam"])
def test_training_goes_on_to_the_same_bits(tmp_path: Path, name: str) -> None:
    options = {"momentum": 0.9} if name == "SGD" else {}
    torch.manual_seed(0)
    net = Net()
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.01, **options)
    train(net, optimizer, range(3))
    save_model(net, tmp_path / "a.lampas", optimizers={"": optimizer}, more={"step": 3})
    train(net, optimizer, range(3, 8))

    other = Net()
    second = getattr(torch.optim, name)(other.parameters(), lr=0.5, **options)
    loaded = load_model(tmp_path / "a.lampas", other)
    second.load_state_dict(loaded.artifact.content["optimizers"][""])
    train(other, second, range(loaded.artifact.content["step"], 8))
    for ours, theirs in zip(net.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


def test_history_metrics_and_settings_come_along(tmp_path: Path) -> None:
    rows = [{"epoch": 1, "loss": 0.5}]
    save_model(
        nn.Linear(2, 1), tmp_path / "a", history=rows, metrics={"r2": 0.5}, settings={"seed": 1}
    )
    artifact = load_model(tmp_path / "a", nn.Linear(2, 1)).artifact
    assert artifact.history == rows
    assert (artifact.metrics, artifact.settings) == ({"r2": 0.5}, {"seed": 1})
    assert (artifact.kind, artifact.class_name) == ("model", "Linear")


def test_extra_state_and_lazy_layers(tmp_path: Path) -> None:
    net = Extra(2, 1)
    save_model(net, tmp_path / "a")
    assert load_model(tmp_path / "a", Extra(2, 1)).net.extra == {"seen": 3, "names": ("a", "b")}
    save_model(nn.Linear(3, 2), tmp_path / "b")
    assert load_model(tmp_path / "b", nn.LazyLinear(2)).net.weight.shape == (2, 3)


def test_the_net_is_moved_where_map_location_says(tmp_path: Path) -> None:
    save_model(nn.Linear(2, 1), tmp_path / "a")
    net = load_model(tmp_path / "a", nn.Linear(2, 1), map_location="meta").net
    assert next(net.parameters()).device.type == "meta"


def test_shells_leave_no_trace_in_the_names() -> None:
    net = nn.Linear(2, 1)
    compiled = torch.compile(net, backend="eager")
    for shell in (compiled, nn.DataParallel(net), nn.DataParallel(compiled)):
        assert bare(shell) is net
        assert list(model_state(shell)["weights"]) == ["weight", "bias"]


def test_without_a_net_the_line_to_write_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "model.lampas"
    save_model(Net(), path)
    assert complaint(ArtifactError, path, None) == (
        f"{path} holds the weights of Net, and no code: pass the net they belong to: "
        f"lampas.load({str(path)!r}, net=Net(...))"
    )


def test_a_class_and_something_else_in_the_place_of_the_net(tmp_path: Path) -> None:
    save_model(Net(), tmp_path / "a")
    assert complaint(InputError, tmp_path / "a", Net) == (
        "net=Net is a class: pass an object of it: net=Net(...)"
    )
    assert complaint(InputError, tmp_path / "a", {"a": 1}) == (
        "net is a dict: pass a torch.nn.Module"
    )


def test_weights_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    save_model(Net(8), path)
    net = Net(9)
    before = copy.deepcopy(net.state_dict())
    assert complaint(ArtifactError, path, net) == (
        f"the weights in {path} do not fit this Net: embed.weight is (5, 8) in the file and "
        "(5, 9) in the net"
    )
    assert all(torch.equal(before[name], now) for name, now in net.state_dict().items())
    assert complaint(ArtifactError, path, nn.Linear(2, 1)) == (
        f"the weights in {path} do not fit Linear (saved from Net): the file lacks weight, bias; "
        "the net lacks short, wave, mask and 8 more"
    )


def test_an_artifact_without_weights(tmp_path: Path) -> None:
    save(Artifact("model", "Net", {}), tmp_path / "a")
    assert complaint(ArtifactError, tmp_path / "a", Net()) == f"{tmp_path}/a holds no weights"


@pytest.mark.parametrize(
    ("saved", "wanted", "line"),
    [
        (torch.ones(2), torch.ones(2).half(), None),
        (torch.ones(2), torch.ones(2).long(), "a is torch.float32 in the file and torch.int64"),
        (torch.ones(2).cfloat(), torch.ones(2), "a is torch.complex64 in the file and torch.float"),
        (3, torch.ones(2), "a is a int in the file and a tensor in the net"),
        (3, {"any": "extra state"}, None),
    ],
)
def test_kinds_of_numbers_that_do_not_fit(saved: Any, wanted: Any, line: str | None) -> None:
    said = misfit({"a": saved}, {"a": wanted})
    assert said == line if line is None else str(said).startswith(line)
