"""`Model.save` and `lampas.load`: what comes back is what was saved, and goes on as it would."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError

torch.manual_seed(0)
X = torch.randn(16, 3)
Y = X.sum(1, keepdim=True)


class Net(lampas.Model):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.first = nn.Linear(3, width)
        self.norm = nn.BatchNorm1d(width)
        self.last = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.first(x)).relu())


def _net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def _compile(model: lampas.Model) -> lampas.Model:
    model.compile(torch.optim.Adam(model.parameters(), lr=0.05), "mse")
    return model


def _fit(model: lampas.Model, epochs: int, done: int = 0) -> lampas.History:
    return model.fit(
        X, Y, batch_size=4, epochs=epochs, initial_epoch=done, shuffle=False, verbose=0
    )


@pytest.mark.parametrize("make", [Net, _net])
def test_weights_history_and_optimizer_come_back(make: Any, tmp_path: Path) -> None:
    made = make()
    model = _compile(made if isinstance(made, lampas.Model) else lampas.Model(made))
    _fit(model, 2)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=make())
    assert isinstance(again, lampas.Model)
    assert torch.equal(again.predict(X), model.predict(X))
    assert again.history.rows == model.history.rows
    assert not again.is_compiled
    _compile(again)
    _fit(model, 4, done=2)
    _fit(again, 4, done=2)
    for name, value in again.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name


def test_only_the_first_compile_goes_on_with_the_saved_optimizer(tmp_path: Path) -> None:
    model = _compile(lampas.Model(_net()))
    _fit(model, 2)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=_net())
    assert isinstance(again, lampas.Model)
    assert len(_compile(again).optimizer.state) == 6
    assert len(_compile(again).optimizer.state) == 0


def test_a_subclass_comes_back_as_itself_and_a_net_wrapped(tmp_path: Path) -> None:
    net, sub = lampas.Model(_net()), Net()
    net.save(tmp_path / "net.lampas")
    sub.save(tmp_path / "sub.lampas")
    fresh = Net()
    assert lampas.load(tmp_path / "sub.lampas", net=fresh) is fresh
    inside = _net()
    again = lampas.load(tmp_path / "net.lampas", net=inside)
    assert type(again) is lampas.Model
    assert again.net is inside


def test_a_plain_net_may_be_passed_in_its_wrapper(tmp_path: Path) -> None:
    model = lampas.Model(_net())
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=lampas.Model(_net()))
    assert type(again) is lampas.Model
    assert not isinstance(again.net, lampas.Model)
    assert torch.equal(again.predict(X), model.predict(X))


def test_a_file_from_the_state_of_another_class(tmp_path: Path) -> None:
    Net(4).save(tmp_path / "m.lampas")
    other = Net(5)
    before = [p.clone() for p in other.parameters()]
    with pytest.raises(ArtifactError) as caught:
        lampas.load(tmp_path / "m.lampas", net=other)
    assert str(caught.value) == (
        f"the weights in {tmp_path / 'm.lampas'} do not fit this Net: first.weight is (4, 3) in "
        "the file and (5, 3) in the net"
    )
    assert all(torch.equal(a, b) for a, b in zip(before, other.parameters(), strict=True))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = lampas.Model(_net())
    with pytest.raises(InputError) as caught:
        model.save(tmp_path / "file" / "m.lampas")
    assert str(tmp_path / "file") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_uncompiled_model_saves_and_a_saved_one_replaces(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "m.lampas"
    model = lampas.Model(_net())
    model.save(path)
    _fit(_compile(model), 1)
    model.save(str(path))
    again = lampas.load(path, net=_net(), device="cpu")
    assert again.history.rows == model.history.rows


@pytest.mark.parametrize(
    ("momentum", "line"),
    [
        (0.0, "it has no dampening, momentum, nesterov, which this SGD has"),
        (0.9, "it keeps exp_avg, exp_avg_sq, step for each parameter, this SGD keeps momentum_bu"),
    ],
)
def test_another_kind_of_optimizer_starts_afresh(
    momentum: float, line: str, tmp_path: Path
) -> None:
    model = _compile(lampas.Model(_net()))
    _fit(model, 1)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=_net())
    assert isinstance(again, lampas.Model)
    optimizer = torch.optim.SGD(again.parameters(), lr=0.1, momentum=momentum)
    with pytest.warns(UserWarning, match="starts afresh") as caught:
        again.compile(optimizer, "mse")
    assert str(caught[0].message).startswith(
        f"the optimizer starts afresh: the saved optimizer is of another kind: {line}"
    )
    assert caught[0].filename == __file__
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert not optimizer.state
    _fit(again, 2, done=1)
