"""Batches in pieces where memory runs out: the same gradient, and nothing left of what failed."""

import copy
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.data.batch import Batch
from lampas.errors import TooLargeError
from lampas.pieces import cut, is_out_of_memory, largest, number_of, smaller

torch.manual_seed(0)
X = torch.randn(20, 3, dtype=torch.float64)
Y = X.sum(1, keepdim=True)


class Narrow(nn.Module):
    """Has room for `rows` samples, and then for as many in evaluation; counts its calls."""

    def __init__(self, net: nn.Module, rows: int) -> None:
        super().__init__()
        self.net = net
        self.rows = rows
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.net(x)  # statistics move and numbers are drawn before memory runs out
        if len(x) > self.rows:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        self.sizes.append(len(x))
        return found


def _pair(rows: int, net: nn.Module | None = None, **options: Any) -> list[lampas.Model]:
    """A model with room for all, and its twin with room for `rows` samples."""
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)) if net is None else net
    models: list[lampas.Model] = []
    for room in (10**9, rows):
        model = lampas.Model(Narrow(copy.deepcopy(net), room).double())
        given = {"loss": "mse", **options}
        model.compile(torch.optim.SGD(model.parameters(), lr=0.1), **copy.deepcopy(given))
        models.append(model)
    return models


def _assert_equal(first: lampas.Model, second: lampas.Model, tolerance: float = 1e-12) -> None:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def _rows(history: lampas.History) -> torch.Tensor:
    return torch.tensor([list(row.values()) for row in history.rows], dtype=torch.float64)


# --- the law: pieces are the whole ---------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["mse", "sum", "weights", "ignored", "classes", "smoothed", "several"]),
    size=st.integers(2, 20),
    rows=st.integers(1, 9),
    accumulate=st.integers(1, 3),
    clip=st.booleans(),
    penalty=st.booleans(),
    seed=st.integers(0, 99),
)
def test_pieces_are_the_whole(
    kind: str, size: int, rows: int, accumulate: int, clip: bool, penalty: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    y: Any = Y
    net, options, more = nn.Linear(3, 1), {}, {}
    classes = torch.randint(0, 4, (20,))
    masked = torch.where(torch.rand(20) < 0.4, -100, classes)
    match kind:
        case "sum":
            options = {"loss": nn.MSELoss(reduction="sum")}
        case "weights":
            more = {"sample_weight": torch.rand(20, dtype=torch.float64)}
        case "ignored":
            net, y, options = nn.Linear(3, 4), masked, {"loss": nn.CrossEntropyLoss()}
        case "classes":
            weight = torch.rand(4, dtype=torch.float64)
            net, y = nn.Linear(3, 4), masked
            options = {"loss": nn.CrossEntropyLoss(weight=weight)}
        case "smoothed":
            net, y = nn.Linear(3, 4), classes
            options = {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)}
            more = {"class_weight": {0: 2.0, 3: 0.5}}
        case "several":
            net, y = _Two(), {"a": Y, "b": masked}
            options = {
                "loss": {"a": "mse", "b": nn.CrossEntropyLoss()}, "loss_weights": {"b": 0.3}
            }  # fmt: skip
        case _:
            pass
    if penalty:
        options["penalties"] = lampas.losses.L2(0.05)
    options |= {"accumulate": accumulate, "clip_norm": 0.1 if clip else None}
    whole, pieces = _pair(rows, net, **options)
    found = [
        model.fit(X, y, batch_size=size, epochs=2, verbose=0, shuffle=False, **more)
        for model in (whole, pieces)
    ]
    _assert_equal(whole, pieces)
    torch.testing.assert_close(_rows(found[0]), _rows(found[1]), rtol=1e-12, atol=1e-12)
    assert max(pieces.net.sizes) <= rows


class _Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 1), nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"a": self.a(x), "b": self.b(x)}


def test_a_model_that_computes_its_own_loss_of_inputs_by_name() -> None:
    class Own(nn.Module):
        def __init__(self, rows: int) -> None:
            super().__init__()
            self.narrow = Narrow(nn.Linear(3, 1), rows)

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            logits = self.narrow(x)
            return {"loss": (logits - labels).square().mean(), "logits": logits}

    models = []
    for rows in (20, 3):
        torch.manual_seed(1)
        model = lampas.Model(Own(rows).double())
        model.compile(torch.optim.SGD(model.parameters(), lr=0.1), metrics=[_error_of])
        model.fit({"x": X, "labels": Y}, batch_size=20, epochs=2, verbose=0, shuffle=False)
        models.append(model)
    _assert_equal(*models)
    found = [_rows(model.history) for model in models]
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-12)


def _error_of(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
    return (y_pred - y_true).abs().max()


@given(size=st.integers(1, 200), rows=st.integers(1, 200))
def test_how_a_batch_is_cut(size: int, rows: int) -> None:
    pieces = cut(Batch(torch.arange(size), None, None, size), number_of(size, rows))
    sizes = [piece.size for piece in pieces]
    assert [len(piece.x) for piece in pieces] == sizes
    assert torch.equal(torch.cat([piece.x for piece in pieces]), torch.arange(size))
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) == largest(size, rows)
    assert max(sizes) <= rows or (size, rows) == (3, 2) or sizes[-1] >= 2
    assert min(sizes) > 1 or rows == 1 or size == 1


@given(size=st.integers(1, 200), least=st.integers(1, 2))
def test_pieces_become_smaller_until_nothing_is_smaller(size: int, least: int) -> None:
    rows, seen = None, []
    while True:
        now = largest(size, rows)
        assert not seen or now < seen[-1]
        seen.append(now)
        following = smaller(size, rows, least)
        if following is None:
            break
        rows = following
    assert seen[-1] == 1 if least == 1 else seen[-1] <= 3
    assert len(seen) <= 10


# --- what a run tells and keeps ------------------------------------------------------------------


def test_it_is_told_in_one_line_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    whole, pieces = _pair(5, metrics=["mae"])
    found = [
        model.fit(X, Y, batch_size=20, epochs=3, verbose=0, shuffle=False)
        for model in (whole, pieces)
    ]
    assert capsys.readouterr().err == (
        "out of memory in epoch 1, step 1: batches are computed in 4 pieces of at most 5 samples "
        "from here on; the gradient is that of the whole batch\n"
    )
    assert pieces.net.sizes == [5] * 12  # nothing is tried anew
    torch.testing.assert_close(_rows(found[0]), _rows(found[1]))
    _assert_equal(whole, pieces)


def test_what_the_failed_try_changed_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    """The statistics after a step in pieces are those of the pieces alone."""
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    _, model = _pair(10, net)
    model.fit(X, Y, batch_size=20, verbose=0, shuffle=False)
    alone = nn.BatchNorm1d(3).double()
    for part in X.split(10):
        alone(part)
    norm = model.net.net[0]
    for now, then in zip(norm.buffers(), alone.buffers(), strict=True):
        assert torch.equal(now, then)
    assert capsys.readouterr().err.endswith(
        "the gradient is that of the whole batch, and the statistics of its batch norm are those "
        "of the pieces\n"
    )


def test_random_numbers_are_drawn_as_if_nothing_had_failed() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    _, model = _pair(10, net)
    known, _ = _pair(10, net)
    torch.manual_seed(5)
    model.fit(X, Y, batch_size=20, verbose=0, shuffle=False)
    torch.manual_seed(5)
    known.compile(torch.optim.SGD(known.parameters(), lr=0.1), "mse", accumulate=2)
    known.fit(X, Y, batch_size=10, verbose=0, shuffle=False)
    _assert_equal(model, known)


def test_a_group_of_batches_is_made_again_from_its_first() -> None:
    """Memory runs out in the backward pass of the second: half of its gradient is there already."""

    class Late(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm, self.last = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)
            self.calls, self.fails_at = 0, 10**9

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            h = self.norm(self.first(x))
            if self.calls == self.fails_at:
                h.register_hook(self._fail)
            return self.last(h)

        def _fail(self, grad: torch.Tensor) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    def make(fails_at: int) -> lampas.Model:
        torch.manual_seed(2)
        model = lampas.Model(Late().double())
        model.net.fails_at = fails_at
        model.compile(torch.optim.SGD(model.parameters(), lr=0.1), "mse", accumulate=2)
        return model

    late = make(2)
    late.fit(X, Y, batch_size=10, verbose=0, shuffle=False)
    in_pieces = make(10**9)
    in_pieces.compile(torch.optim.SGD(in_pieces.parameters(), lr=0.1), "mse", accumulate=4)
    in_pieces.fit(X, Y, batch_size=5, verbose=0, shuffle=False)
    assert late.net.calls == 2 + 4
    _assert_equal(late, in_pieces)


def test_batch_norm_gets_no_piece_of_one_sample() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
    _, model = _pair(3, net)
    model.fit(X[:19], Y[:19], batch_size=7, verbose=0, shuffle=False)  # batches of 7, 7, 5
    assert model.net.sizes == [3, 2, 2] * 2 + [3, 2]


def test_smaller_batches_are_cut_no_more_than_they_need() -> None:
    _, model = _pair(5)
    model.fit(X[:14], Y[:14], batch_size=10, verbose=0, shuffle=False)
    assert model.net.sizes == [5, 5, 4]


def test_memory_that_runs_out_once_more(capsys: pytest.CaptureFixture[str]) -> None:
    _, model = _pair(10)

    def shrinks(event: lampas.Event) -> None:
        model.net.rows = 5

    model.fit(X, Y, batch_size=20, epochs=3, verbose=0, callbacks=shrinks)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "out of memory in epoch 1, step 1",
        "out of memory in epoch 2, step 1",
    ]
    assert model.net.sizes == [10] * 2 + [5] * 8


def test_the_step_of_callbacks_is_the_whole_batch() -> None:
    seen: list[tuple[int, float]] = []

    class Sees(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            seen.append((event.step, float(event.losses["loss"])))

    whole, pieces = _pair(3)
    for model in (whole, pieces):
        model.fit(X, Y, batch_size=10, verbose=0, shuffle=False, callbacks=Sees())
    assert [step for step, _ in seen] == [1, 2, 1, 2]
    assert seen[0] == pytest.approx(seen[2])
    assert seen[1] == pytest.approx(seen[3])


def test_half_precision_too() -> None:
    for precision in ("bf16", "fp16"):
        model = lampas.Model(Narrow(nn.Linear(3, 1), 4))
        model.compile("sgd", "mse", precision=precision)
        model.fit(X.float(), Y.float(), batch_size=20, verbose=0)
        assert model.net.sizes == [3] * 6 + [2]


@pytest.mark.parametrize("kill_at", [1, 2, 3])
def test_a_resumed_run_has_the_same_pieces(tmp_path: Path, kill_at: int) -> None:
    """Although there is room again for whole batches."""
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 1))

    class Dies(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            if (event.epoch, event.step) == (kill_at, 2):
                raise OSError("the machine is gone")

    def fit(rows: int, folder: str, *callbacks: Any) -> lampas.Model:
        _, model = _pair(rows, net)
        torch.manual_seed(3)
        model.fit(
            X, Y, batch_size=10, epochs=4, verbose=0, callbacks=callbacks,
            validation_data=(X, Y), validation_batch_size=5,
            checkpoint=str(tmp_path / folder), every="1 steps",
        )  # fmt: skip
        return model

    known = fit(5, "known")
    with pytest.raises(OSError, match="gone"):
        fit(5, "killed", Dies())
    again = fit(10**9, "killed")
    assert max(again.net.sizes) == 5
    for a, b in zip(known.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert again.history.rows == known.history.rows


# --- evaluate, predict ---------------------------------------------------------------------------


def test_evaluate_and_predict_in_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    whole, pieces = _pair(6, metrics=["mae", "r2"])
    found = [model.evaluate(X, Y, batch_size=20) for model in (whole, pieces)]
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    outputs = [model.predict(X, batch_size=20) for model in (whole, pieces)]
    torch.testing.assert_close(*outputs)
    assert capsys.readouterr().err == (
        "out of memory in evaluation: batches are computed in 4 pieces of at most 5 samples from "
        "here on\n"
        "out of memory in prediction: batches are computed in 4 pieces of at most 5 samples from "
        "here on\n"
    )
    batches = list(pieces.predict_batches(X, batch_size=10))
    assert [len(batch) for batch in batches] == [10, 10]


def test_the_validations_of_a_run_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    _, model = _pair(10)
    model.fit(X, Y, batch_size=10, epochs=3, verbose=0, validation_data=(X, Y))
    assert capsys.readouterr().err.count("out of memory in evaluation") == 1


def test_outputs_in_several_parts_are_joined() -> None:
    whole, pieces = _pair(4, _Two(), loss={"a": "mse"})
    parts = [model.predict(X, batch_size=20) for model in (whole, pieces)]
    assert parts[1]["b"].shape == (20, 4)
    torch.testing.assert_close(*parts)


# --- what cannot be cut --------------------------------------------------------------------------


def _error(model: lampas.Model, x: Any = X, y: Any = Y, size: int = 20) -> str:
    with pytest.raises(TooLargeError) as caught:
        model.fit(x, y, batch_size=size, verbose=0)
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)
    return str(caught.value)


def test_a_single_sample_that_does_not_fit() -> None:
    _, model = _pair(0)
    assert _error(model) == (
        "out of memory in epoch 1, step 1: a single sample does not fit, of a batch of 20, beside "
        "0.0 MB of weights on cpu: take smaller inputs or a smaller net, or "
        'compile(precision="bf16")'
    )
    with pytest.raises(TooLargeError, match="in prediction: a single sample does not fit"):
        model.predict(X)


def test_two_samples_that_do_not_fit_a_batch_norm() -> None:
    _, model = _pair(1, nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)))
    assert "2 samples do not fit, and batch norm cannot train on fewer, of a batch of 20" in _error(
        model
    )


def test_a_step_of_ones_own() -> None:
    class Own(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = Narrow(nn.Linear(3, 1).double(), 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x)

        def train_step(self, batch: Batch) -> Any:
            self.optimizer.zero_grad()
            loss = (self(batch.x) - batch.y).square().mean()
            loss.backward()
            self.optimizer.step()
            return {"loss": loss}

    model = Own()
    model.compile("sgd")
    assert _error(model) == (
        "out of memory in epoch 1, step 1: a train_step of your own cannot be cut: lower "
        "batch_size, which is 20 here"
    )


def test_a_step_of_ones_own_that_returns_nothing_is_told() -> None:
    class Empty(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x)

        def train_step(self, batch: Batch) -> Any:
            return None

    model = Empty()
    model.compile("sgd")
    with pytest.raises(lampas.errors.InputError, match="train_step returned a NoneType"):
        model.fit(X, Y, verbose=0)


def test_lbfgs() -> None:
    _, model = _pair(4)
    model.compile(torch.optim.LBFGS(model.parameters()), "mse")
    assert "a step of LBFGS, which sees the batch several times, is not cut" in _error(model)


def test_the_optimizers_own_memory() -> None:
    class Full(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    _, model = _pair(10**9)
    model.compile(Full(model.parameters(), lr=0.1), "mse")
    assert _error(model) == (
        "out of memory in epoch 1, step 1: what the optimizer keeps does not fit beside the "
        "weights and their gradients, and smaller batches would not help: take one that keeps "
        "less, or a smaller net"
    )


def test_a_net_that_works_in_place_on_its_inputs() -> None:
    _, model = _pair(4, nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)))
    told = (
        "the net works in place on its inputs, which are lost: lower batch_size, which is 20 here"
    )
    assert _error(model).endswith(told)
    with pytest.raises(TooLargeError, match="which are lost"):
        model.evaluate(X, Y)


def test_inputs_without_a_row_for_each_sample() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = Narrow(nn.Linear(3, 1), 4)

        def forward(self, x: torch.Tensor, mask: torch.Tensor, scale: torch.Tensor) -> Any:
            return self.narrow(x @ mask) * scale

    batch = {"x": X, "mask": torch.eye(3).double(), "scale": torch.ones(()).double()}
    model = lampas.Model(Masked().double())
    model.compile("sgd", "mse")
    with pytest.raises(TooLargeError) as caught:
        model.fit([(batch, Y)], verbose=0)
    assert str(caught.value).endswith(
        "x['mask'] (3, 3) has no row for each of the 20 samples, so the batch cannot be cut: "
        "lower batch_size, which is 20 here"
    )


def test_a_number_for_all_samples_goes_with_each_piece() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = Narrow(nn.Linear(3, 1), 4)

        def forward(self, x: torch.Tensor, scale: torch.Tensor) -> Any:
            return self.narrow(x) * scale

    model = lampas.Model(Scaled().double())
    model.compile("sgd", "mse")
    model.fit([((X, torch.tensor(2.0).double()), Y)], verbose=0)
    assert model.net.narrow.sizes == [3] * 6 + [2]


def test_a_batch_that_cannot_even_be_read() -> None:
    def batches() -> Any:
        yield X[:4], Y[:4]
        raise MemoryError

    _, model = _pair(4)
    with pytest.raises(TooLargeError) as caught:
        model.fit(batches(), steps_per_epoch=2, verbose=0)
    assert str(caught.value) == (
        "out of memory in epoch 1, step 2, where its batch was read: lower batch_size"
    )


def test_what_is_not_memory_is_left_alone() -> None:
    for error in (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("memory")):
        assert not is_out_of_memory(error)
    for said in (
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 4000000000 bytes. Error code 12 (Cannot allocate memory)",
        "MPS backend out of memory (MPS allocated: 1 GB)",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ):
        assert is_out_of_memory(RuntimeError(said))
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


# --- the real thing ------------------------------------------------------------------------------

PROGRAM = """
import resource, sys, torch, lampas
from torch import nn

class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4000), nn.Linear(4000, 1)
    def forward(self, x):
        return self.last(self.first(x).sigmoid().sigmoid().sigmoid())

def train(limited):
    torch.manual_seed(0)
    model = lampas.Model(Wide())
    model.compile(torch.optim.SGD(model.parameters(), lr=0.01), "mse")
    torch.manual_seed(1)
    x = torch.randn(4096, 4)
    y = x.sum(1, keepdim=True)
    model.fit(x[:64], y[:64], verbose=0)  # what is loaded late is there
    if limited:
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + (160 << 20),) * 2)
    history = model.fit(x, y, batch_size=4096, epochs=2, verbose=0)
    print(repr(history.rows[-1]["loss"]))
    print(len(model.predict(x, batch_size=4096)), model.evaluate(x, y, batch_size=4096)["loss"])

torch.set_num_threads(1)
train(False)
train(True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_the_allocator_of_the_cpu_fails(tmp_path: Path) -> None:
    program = tmp_path / "narrow.py"
    program.write_text(textwrap.dedent(PROGRAM))
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=120, check=True
    )
    free, predicted, narrow, again = done.stdout.splitlines()
    assert float(free) == pytest.approx(float(narrow), rel=1e-5)
    assert predicted.split()[0] == again.split()[0] == "4096"
    assert float(predicted.split()[1]) == pytest.approx(float(again.split()[1]), rel=1e-5)
    assert done.stderr.startswith("out of memory in epoch 1, step 1: batches are computed in ")


def test_a_loader_of_batches() -> None:
    whole, pieces = _pair(3)
    for model in (whole, pieces):
        model.fit(DataLoader(TensorDataset(X, Y), 8), verbose=0)
    _assert_equal(whole, pieces)
