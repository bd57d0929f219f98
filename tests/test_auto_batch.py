"""batch_size="auto": the largest that fits, found without a trace."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas import auto_batch
from lampas.data.batch import Batch
from lampas.errors import DtypeError, InputError, TooLargeError

torch.manual_seed(0)
X, Y = torch.randn(100, 6), torch.randint(0, 2, (100, 1)).float()


class Restless(nn.Module):
    """Draws from every random state, and works with a buffer in place."""

    def __init__(self, room: int = 10**9) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
        self.register_buffer("calls", torch.zeros(()))
        self.room = room
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.sizes.append(len(x))
        self.calls += 1
        noise = (random.random() + float(np.random.rand())) if self.training else 0.0
        return self.body(x) + noise * 0.01


def _model(net: nn.Module | None = None, **options: Any) -> lampas.Model:
    torch.manual_seed(1)
    model = lampas.Model(Restless() if net is None else net)
    loss = lampas.losses.GHMCLoss(bins=4, momentum=0.5)
    given = {"metrics": ["accuracy"], **options}
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), loss, **given)
    return model


def _fit(model: lampas.Model, batch_size: Any, **options: Any) -> lampas.History:
    lampas.seed(4)
    return model.fit(X, Y, batch_size=batch_size, verbose=0, **{"epochs": 2, **options})


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says how many bytes there are."""

    def say(size: int | None) -> None:
        monkeypatch.setattr(auto_batch, "room_on", lambda device: size)

    return say


def test_the_run_is_the_one_of_that_number(capsys: pytest.CaptureFixture[str], room: Any) -> None:
    room(10**9)
    options: dict[str, Any] = {"precision": "bf16", "averaging": lampas.optim.EMA(0.9)}
    found, known = _model(**options), _model(**options)
    again = [_fit(found, "auto"), _fit(found, "auto", class_weight={1: 3.0})]
    assert capsys.readouterr().err.count("batch_size=64: the largest power of two in 100 rows") == 2
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    wanted = [_fit(known, 64), _fit(known, 64, class_weight={1: 3.0})]
    assert [h.rows for h in again] == [h.rows for h in wanted]
    for a, b in zip(found.state_dict().values(), known.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    now = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(now[0], state[0])
    assert now[1:] == state[1:]


def test_what_would_not_fit_is_not_tried(capsys: pytest.CaptureFixture[str], room: Any) -> None:
    net = Restless()
    _fit(_model(net), "auto", validation_data=(X, Y), epochs=1)
    capsys.readouterr()
    sizes = []
    for bytes_free in (20_000, 8_000, 5_000):
        room(bytes_free)
        net = Restless()
        history = _fit(_model(net), "auto", validation_data=(X, Y), epochs=1)
        assert len(history.rows) == 1
        sizes.append(max(net.sizes))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == (
        f"batch_size={sizes[-1]}: the largest power of two that fits; {2 * sizes[-1]} would take "
        f"{lines[-1].split('would take ')[1]}"
    )
    assert lines[-1].endswith(" of 5e-06 GB")


def test_memory_that_runs_out_in_a_trial_ends_the_search(
    capsys: pytest.CaptureFixture[str], room: Any
) -> None:
    room(10**9)
    net = Restless(room=20)
    _fit(_model(net), "auto")
    assert capsys.readouterr().err == (
        "batch_size=16: the largest power of two that fits; 32 does not\n"
    )


def test_evaluate_and_predict_take_more(capsys: pytest.CaptureFixture[str], room: Any) -> None:
    model = _model()
    model.compile(torch.optim.Adam(model.parameters()), "bce_logits")
    known = model.evaluate(X, Y), model.predict(X)
    room(8_000)
    assert model.evaluate(X, Y, batch_size="auto") == pytest.approx(known[0])
    torch.testing.assert_close(model.predict(X, batch_size="auto"), known[1])
    _fit(model, "auto", epochs=1)
    uncompiled = lampas.Model(nn.Linear(6, 1))
    assert len(uncompiled.predict(X, batch_size="auto")) == 100
    said = [int(line.split(":")[0].split("=")[1]) for line in capsys.readouterr().err.splitlines()]
    assert said == [64, 64, 32, 64]


def test_a_step_of_ones_own_is_tried_too(room: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class Own(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(6, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x)

        def train_step(self, batch: Batch) -> Any:
            self.optimizer.zero_grad()
            loss = (self(batch.x) - batch.y).square().mean()
            loss.backward()
            self.optimizer.step()
            return {"loss": loss}

    room(10**9)
    own = Own()
    own.compile("sgd")
    own.fit(X[:1], Y[:1], batch_size="auto", verbose=0)
    own.fit(X, Y, batch_size="auto", verbose=0)
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "batch_size=1",
        "batch_size=64",
    ]


def test_a_resumed_run_takes_the_saved_number(
    tmp_path: Path, room: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    room(20_000)
    _fit(_model(), "auto", checkpoint=tmp_path / "run")
    found = capsys.readouterr().err
    room(10**9)
    model = _model()
    _fit(model, "auto", checkpoint=tmp_path / "run", epochs=3)
    told = capsys.readouterr().err
    assert "the largest power of two" in found
    assert "the largest power of two" not in told
    assert len(model.history) == 3


def test_what_cannot_be_tried() -> None:
    model = _model()
    with pytest.raises(InputError) as caught:
        model.fit(DataLoader(TensorDataset(X, Y), 8), batch_size="auto", verbose=0)
    assert str(caught.value) == (
        "batch_size='auto' tries batches of arrays, and x is a DataLoader: pass a number"
    )
    with pytest.raises(InputError, match="batch_size is 'largest': it must be a whole number"):
        model.fit(X, Y, batch_size="largest", verbose=0)  # pyright: ignore


def test_a_system_that_does_not_tell(room: Any) -> None:
    room(None)
    with pytest.raises(InputError, match="how much memory is free, which this system does not"):
        _fit(_model(), "auto")


def test_no_batch_fits(room: Any) -> None:
    room(100)
    with pytest.raises(TooLargeError) as caught:
        _fit(_model(), "auto")
    assert str(caught.value) == (
        "batch_size='auto': a batch of 2 does not fit into 1e-07 GB on cpu: take a smaller net, or "
        "smaller inputs"
    )


def test_other_faults_are_explained(room: Any) -> None:
    room(10**9)
    model = _model(nn.Linear(6, 1))
    with pytest.raises(DtypeError, match=r"x is torch.float64 but the model's parameters are"):
        model.fit(X.double(), Y, batch_size="auto", verbose=0)
