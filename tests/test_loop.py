"""The loop over epochs: what it counts, how it ends, what it leaves."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import lampas
from lampas.callbacks import Event, Stop
from lampas.data.memory import MemoryFeed
from lampas.errors import DataError

SOURCE = Path(lampas.__file__).parent

torch.manual_seed(0)
X = torch.randn(20, 3)
Y = X.sum(1, keepdim=True)


def _model(**options: Any) -> lampas.Model:
    torch.manual_seed(1)
    model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.05), "mse", **options)
    return model


def _fit(model: lampas.Model, epochs: int = 3, **options: Any) -> lampas.History:
    return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, **options)


# --- it can be followed --------------------------------------------------------------------------


class _Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("here")


class _FailsToo(lampas.Model):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("here")


@pytest.mark.parametrize("make", [lambda: lampas.Model(_Fails()), _FailsToo])
@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"precision": "bf16"}])
def test_from_fit_to_the_net_are_three_files_and_six_frames(make: Any, options: Any) -> None:
    model = make()
    model.compile("sgd", "mse", **options)
    with pytest.raises(KeyError) as caught:
        _fit(model)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "forward"
    ours = [Path(f.filename) for f in frames if Path(f.filename).is_relative_to(SOURCE)]
    assert len(ours) <= 6
    assert {path.name for path in ours} == {"model.py", "loop.py", "step.py"}
    assert caught.value.__notes__ == ["lampas: in epoch 1, step 1, with x (4, 3) torch.float32"]


# --- how it ends ---------------------------------------------------------------------------------


def test_a_stop_between_epochs_keeps_the_epochs_row() -> None:
    history = _fit(_model(), callbacks=lambda event: Stop("enough") if event.epoch == 2 else None)
    assert history.epoch == [1, 2]
    assert history.stopped == "enough"


class _At(lampas.Callback):
    """Stops at a moment; keeps what it saw."""

    hears = frozenset({"fit_begin", "epoch_begin", "step", "epoch_end", "fit_end"})

    def __init__(self, kind: str, step: int = 0) -> None:
        self.kind, self.at = kind, step
        self.seen: list[tuple[str, int, int]] = []

    def __call__(self, event: Event) -> Stop | None:
        self.seen.append((event.kind, event.epoch, event.step))
        return Stop("now") if event.kind == self.kind and event.step >= self.at else None


def test_a_stop_within_an_epoch_makes_no_row_and_no_validation() -> None:
    at = _At("step", 3)
    history = _fit(_model(), callbacks=at, validation_data=(X, Y))
    assert history.rows == []
    assert history.stopped == "now"
    assert at.seen[-1] == ("fit_end", 1, 3)
    assert [kind for kind, _, _ in at.seen].count("step") == 3


def test_a_stop_at_the_beginning_trains_nothing() -> None:
    model = _model()
    before = [p.clone() for p in model.parameters()]
    history = _fit(model, callbacks=_At("fit_begin"))
    assert history.rows == []
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_the_moments_of_a_run() -> None:
    at = _At("never")
    _fit(_model(), 2, callbacks=at)
    steps = [("step", e, s) for e in (1, 2) for s in range(1, 6)]
    assert at.seen == [
        ("fit_begin", 0, 0),
        ("epoch_begin", 1, 0), *steps[:5], ("epoch_end", 1, 5),
        ("epoch_begin", 2, 0), *steps[5:], ("epoch_end", 2, 5),
        ("fit_end", 2, 5),
    ]  # fmt: skip


def test_the_end_is_told_after_a_fault_too() -> None:
    at = _At("never")

    def fails(event: Event) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        _fit(_model(), callbacks=[at, fails])
    assert at.seen[-1] == ("fit_end", 1, 5)


def test_a_loss_of_nan_can_be_answered_with_a_stop() -> None:
    model = _model()
    model.compile(torch.optim.SGD(model.parameters(), lr=1e30), "mse")
    history = _fit(model, callbacks=lampas.callbacks.StopOnNaN())
    assert history.rows == []
    assert history.stopped is not None
    assert all(bool(b.isfinite().all()) for b in model.buffers())


def test_a_callback_may_stop_during_the_validation() -> None:
    class Stops(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 1)
            self.batches = 0

        def forward(self, x: Tensor) -> Tensor:
            self.batches += not self.training
            if not self.training:
                signal.raise_signal(signal.SIGINT)
            return self.linear(x)

    net = Stops()
    model = lampas.Model(net)
    model.compile("sgd", "mse")
    history = _fit(model, validation_data=(X, Y), validation_batch_size=2)
    assert net.batches == 1
    assert history.rows == []
    assert history.stopped == "interrupted in epoch 1, step 6"


def test_training_goes_on_in_training_mode_after_a_callback_evaluates() -> None:
    model = _model()
    modes: list[bool] = []
    model.register_forward_pre_hook(lambda m, _: modes.append(m.training))
    _fit(model, 2, callbacks=lambda event: model.evaluate(X, Y) and None)
    assert modes == ([True] * 5 + [False]) * 2


def test_data_that_turns_out_empty() -> None:
    with pytest.raises(DataError) as caught:
        _model().fit(DataLoader([]), verbose=0)
    assert str(caught.value) == "the data holds no batch: it is empty"


def test_predict_is_lazy_and_in_order() -> None:
    model = _model()
    read: list[int] = []

    def batches() -> Any:
        for start in range(0, 20, 5):
            read.append(start)
            yield X[start : start + 5]

    outputs = model.predict_batches(batches())
    assert read == []
    first = next(outputs)
    assert read == [0]
    rest = list(outputs)
    torch.testing.assert_close(torch.cat([first, *rest]), model.predict(X))


# --- Ctrl-C --------------------------------------------------------------------------------------

PROGRAM = """
import sys, time, torch, lampas
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, Dataset

class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
    def forward(self, x):
        if self.training:
            print("step", flush=True)
            time.sleep({sleep})
        return self.linear(x)

class Begun(lampas.Callback):
    hears = frozenset({{"fit_begin"}})
    def __call__(self, event):
        print("begun", flush=True)

class Rows(Dataset):
    def __len__(self): return 400
    def __getitem__(self, i):
        time.sleep({load})
        return torch.ones(3), torch.ones(1)

if __name__ == "__main__":
    torch.set_num_threads(1)
    model = lampas.Model(Slow())
    model.compile(torch.optim.SGD(model.parameters(), lr=0.01), "mse")
    data = DataLoader(Rows(), 4, num_workers={workers}, multiprocessing_context={context!r})
    try:
        history = model.fit(data, epochs=50, verbose=0, steps_per_epoch=4,
                            callbacks=Begun())
    except KeyboardInterrupt:
        print("interrupted at once", flush=True)
        sys.exit(7)
    print("epochs", len(history) >= {epochs}, history.stopped, flush=True)
    model.evaluate(torch.ones(4, 3), torch.ones(4, 1))
    print("on it goes", flush=True)
"""


def _start(tmp_path: Path, **settings: Any) -> "subprocess.Popen[str]":
    given = {"sleep": 0.02, "load": 0, "workers": 0, "context": None, "epochs": 1, **settings}
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM).format(**given))
    return subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, start_new_session=True,
    )  # fmt: skip


def _read(child: "subprocess.Popen[str]", line: str, times: int = 1) -> None:
    """Wait until the child has said `line` so often."""
    assert child.stdout is not None
    while times:
        said = child.stdout.readline()
        assert said, child.stderr.read() if child.stderr else ""
        times -= said.strip() == line


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_returns_the_history_and_the_script_goes_on(workers: int, tmp_path: Path) -> None:
    child = _start(tmp_path, workers=workers)
    _read(child, "step", times=10)
    os.killpg(child.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    said, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    lines = [line for line in said.splitlines() if line != "step"]
    assert lines[0].startswith("epochs True interrupted in epoch ")
    assert lines[1:] == ["on it goes"]
    assert "Traceback" not in complaints


@pytest.mark.parametrize(("context", "wait"), [("fork", 0.3), ("spawn", 1.0)])
def test_ctrl_c_while_the_first_batch_is_waited_for(
    context: str, wait: float, tmp_path: Path
) -> None:
    # Forked workers have the handler too and end their batch; spawned ones die of the signal.
    child = _start(tmp_path, workers=1, context=context, load=0.4, epochs=0)
    _read(child, "begun")
    time.sleep(wait)
    os.killpg(child.pid, signal.SIGINT)
    said, complaints = child.communicate(timeout=60)
    assert child.returncode == 0, complaints
    lines = [line for line in said.splitlines() if line != "step"]
    assert lines == ["epochs True interrupted in epoch 1, step 1", "on it goes"]


def test_a_second_ctrl_c_interrupts_at_once(tmp_path: Path) -> None:
    child = _start(tmp_path, sleep=30)
    _read(child, "step")
    begun = time.perf_counter()
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert child.poll() is None  # the first waits for the step
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert time.perf_counter() - begun < 15
    assert child.returncode == 7
    assert said.splitlines() == ["interrupted at once"]


def test_a_handler_of_the_programs_own_is_kept() -> None:
    heard: list[int] = []

    def handler(number: int, frame: Any) -> None:
        heard.append(number)

    def interrupt(event: Event) -> None:
        if event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, handler)
    try:
        history = _fit(_model(), 3, callbacks=interrupt)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert len(history) == 3
    assert history.stopped is None


def test_pythons_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert before is signal.default_int_handler
    seen: list[Any] = []
    _fit(_model(), callbacks=lambda event: seen.append(signal.getsignal(signal.SIGINT)))
    assert all(handler is not before for handler in seen)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(OSError, match="no"):
        _fit(_model(), callbacks=_raises)
    assert signal.getsignal(signal.SIGINT) is before


def _raises(event: Event) -> None:
    raise OSError("no")


def test_a_fit_inside_a_fit_leaves_the_outer_ones_handling() -> None:
    inner = _model()

    def train_another(event: Event) -> None:
        _fit(inner, 1)
        if event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    history = _fit(_model(), 5, callbacks=train_another)
    assert history.stopped == "interrupted in epoch 2, step 6"


def test_fit_in_another_thread() -> None:
    found: list[lampas.History] = []
    thread = threading.Thread(target=lambda: found.append(_fit(_model())))
    thread.start()
    thread.join()
    assert len(found[0]) == 3


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many earlier batches there are whenever one is made."""
    found: list[int] = []
    seen: list[weakref.ref[Tensor]] = []
    gather = MemoryFeed._gather

    def counted(self: MemoryFeed, *args: Any) -> list[Tensor]:
        found.append(sum(one() is not None for one in seen))
        x, *others = gather(self, *args)
        seen.append(weakref.ref(x))
        return [x, *others]

    monkeypatch.setattr(MemoryFeed, "_gather", counted)
    return found


WIDE = torch.zeros(6, 1 << 17), torch.zeros(6, 1)


def _of_wide_rows() -> lampas.Model:
    model = lampas.Model(nn.Linear(1 << 17, 1))
    model.compile("sgd", "mse", ["mae"], jit=False)
    return model


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_large_batch_is_gone_when_the_next_is_made(alive: list[int], shuffle: bool) -> None:
    _of_wide_rows().fit(*WIDE, batch_size=1, epochs=2, shuffle=shuffle, verbose=0)
    # The rows to export with come first, and stay; an epoch's first batch shows, until its second,
    # whether the net writes into its inputs.
    assert alive == [0] + [1, 2, 1, 1, 1, 1] * 2


def test_so_it_is_where_nothing_is_learnt(alive: list[int]) -> None:
    model = _of_wide_rows()
    model.evaluate(*WIDE, batch_size=1)
    model.predict(WIDE[0], batch_size=1)
    assert alive == [0] * 12
