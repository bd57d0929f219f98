"""A profile of a real training, which nothing of the model feels."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

import lampas
from lampas.errors import InputError
from lampas.profiling import Profiler


def made(**options: Any) -> lampas.Model:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(model.parameters()), "mse", metrics=["mae"], **options)
    return model


X = torch.randn(320, 3)
Y = X.sum(1, keepdim=True)


def test_nothing_of_the_model_is_touched() -> None:
    model = made(scheduler=lampas.optim.schedules.cosine(), averaging=lampas.optim.EMA())
    model.fit(X, Y, epochs=1, verbose=0)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    state = [value["exp_avg"].clone() for value in model.optimizer.state.values()]
    rate, history = model.optimizer.param_groups[0]["lr"], str(model.history)
    random = torch.get_rng_state()
    found = model.profile(X, Y, batch_size=16, steps=10)
    assert len(found.steps) == 10
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    after = [value["exp_avg"] for value in model.optimizer.state.values()]
    assert all(map(torch.equal, state, after))
    assert model.optimizer.param_groups[0]["lr"] == rate
    assert str(model.history) == history
    assert torch.equal(torch.get_rng_state(), random)
    assert not model._forward_hooks


def test_the_operations_and_the_trace_are_torch_s(tmp_path: Path) -> None:
    for name in ("trace.json", "trace.json.gz"):
        found = made().profile(X, Y, trace=tmp_path / name)
        names = [one.name for one in found.operations]
        assert "aten::addmm" in names
        addmm = found.operations[names.index("aten::addmm")]
        assert addmm.calls == 2
        data = (tmp_path / name).read_bytes()
        events = json.loads(gzip.decompress(data) if name.endswith("gz") else data)["traceEvents"]
        assert any(event.get("name") == "aten::addmm" for event in events)
        assert str(found).endswith(f"chrome://tracing: {tmp_path / name}")


def test_a_slow_data_set_is_what_each_step_waits_for() -> None:
    class Slow(Dataset[Any]):
        def __len__(self) -> int:
            return 320

        def __getitem__(self, index: int) -> Any:
            time.sleep(0.001)
            return X[index], Y[index]

    found = made().profile(Slow(), batch_size=10, steps=5)
    assert found.parts["data"] > 9
    assert found.words()[0].split(" % of each step ")[1].startswith("waits for data: ")


def test_a_training_is_profiled_while_it_goes_on() -> None:
    plain, watched = made(), made()
    torch.manual_seed(1)
    plain.fit(X, Y, epochs=2, batch_size=16, verbose=0, validation_split=0.2)
    profiler = Profiler(steps=12)
    torch.manual_seed(1)
    watched.fit(X, Y, epochs=2, batch_size=16, verbose=0, validation_split=0.2, callbacks=profiler)
    assert profiler.result is not None
    assert len(profiler.result.steps) == 12
    for name, value in plain.state_dict().items():
        assert torch.equal(value, watched.state_dict()[name]), name


def test_a_short_run_is_timed_without_operations(capfd: Any) -> None:
    profiler = Profiler(steps=20)
    made().fit(X, Y, epochs=1, batch_size=32, verbose=0, callbacks=profiler)  # ten steps
    assert profiler.result is not None
    assert (len(profiler.result.steps), profiler.result.operations) == (7, ())
    made().fit(X, Y, epochs=1, batch_size=320, verbose=0, callbacks=profiler)
    assert profiler.result is None
    assert capfd.readouterr().err == ""


def test_what_cannot_be_profiled(tmp_path: Path) -> None:
    for call, message in (
        (lambda: Profiler(0), "steps is 0: it must be a whole number, 1 or more"),
        (lambda: Profiler(trace="a.txt"), "trace='a.txt': it is written as .json or .json.gz"),
        (lambda: Profiler(trace=tmp_path / "no" / "a.json"),
         f"trace={str(tmp_path / 'no' / 'a.json')!r}: there is no folder {tmp_path / 'no'}"),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == message


def test_lbfgs_is_copied_whole() -> None:
    x = torch.randn(64, 2)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.LBFGS(model.parameters()), "mse")
    before = model.predict(x)
    assert lampas.profiling.profile(model, x, x[:, :1], steps=2).milliseconds > 0
    assert torch.equal(model.predict(x), before)
