"""Whether steps are compiled, by a clock and by steps that the test makes."""

import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.jit import auto
from lampas.jit.auto import Auto
from lampas.jit.reasons import NotCompilableError


class Time:
    """A clock that stands still but for what steps take."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Step:
    """In the place of the compiled step."""

    def __init__(self, run: Any, source: Any) -> None:
        self.run, self.source, self.taken, self.graphs = run, source, 0, 0
        run.made.append(self)


class Later:
    closed = 0

    def close(self) -> None:
        self.closed += 1


class Run:
    """What `Auto` asks of a run."""

    waited = 0.0

    def __init__(self) -> None:
        self.model: Any = "model"
        self.stepper: Any = self.model
        self.auto: Any = None
        self.made: list[Step] = []

    def step_by_hand(self) -> None:
        self.stepper = self.model


class Watched:
    """A run of `total` steps under `Auto`."""

    def __init__(self, clock: Time, total: int) -> None:
        self.clock, self.run = clock, Run()
        self.auto = self.run.auto = Auto(self.run, total)  # type: ignore
        self.auto.begin_epoch()

    def steps(self, count: int, seconds: float, *, compiled: bool = False) -> None:
        for _ in range(count):
            if self.run.auto is None:
                return
            self.clock.now += seconds
            if compiled:
                self.run.made[0].taken += 1
                self.run.made[0].graphs = 1
            self.run.auto.after_step()

    @property
    def later(self) -> Any:
        return self.auto._later


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    clock = Time()
    monkeypatch.setattr(auto, "time", clock)
    monkeypatch.setattr(auto, "CompiledStep", Step)
    monkeypatch.setattr(auto, "Later", Later)
    monkeypatch.setattr(auto, "_cost", lambda: 3.0)
    monkeypatch.setattr(auto, "is_known", lambda model: True)
    monkeypatch.setattr(auto, "saved_before", lambda model: None)
    monkeypatch.setattr(auto, "remember", lambda model, saved: None)
    return clock


@pytest.mark.parametrize(("total", "seconds"), [(5_000, 1e-3), (1_000, 20e-3)])
def test_a_short_run_is_left(total: int, seconds: float, clock: Time) -> None:
    watched = Watched(clock, total)
    watched.steps(300, seconds)
    assert watched.run.auto is None
    assert watched.run.stepper == "model"
    assert not watched.run.made


@pytest.mark.parametrize(("total", "seconds"), [(20_000, 1e-3), (3_000, 20e-3)])
def test_a_long_run_is_compiled_once_that_is_known(total: int, seconds: float, clock: Time) -> None:
    watched = Watched(clock, total)
    watched.steps(9, seconds)
    watched.steps(1, 100.0)
    assert not watched.run.made, "the first steps say nothing"
    watched.steps(int(0.3 / seconds), seconds)
    (step,) = watched.run.made
    assert watched.run.stepper is step
    assert step.source is watched.later


def test_a_run_that_ends_before_the_compiler_is_left(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "is_known", lambda model: False)
    watched = Watched(clock, 20_000)
    watched.steps(300, 1e-3)
    assert watched.run.auto is None
    assert not watched.run.made
    longer = Watched(clock, 40_000)
    longer.steps(300, 1e-3)
    assert len(longer.run.made) == 1


def test_what_an_earlier_run_has_measured_decides(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten seconds: three quarters are worth three seconds of waiting, a fifth is not."""
    for saved, compiles in ((0.75, True), (0.2, False)):
        monkeypatch.setattr(auto, "saved_before", lambda model, saved=saved: saved)
        watched = Watched(clock, 1_000)
        watched.steps(300, 10e-3)
        assert bool(watched.run.made) is compiles


def test_what_happens_between_epochs_is_not_timed(clock: Time) -> None:
    watched = Watched(clock, 1_000)
    for _ in range(30):
        watched.steps(12, 1e-3)
        if watched.run.auto is not None:
            watched.auto.end_epoch()
            clock.now += 60.0
            watched.auto.begin_epoch()
    assert watched.run.auto is None
    assert not watched.run.made


def test_waiting_for_data_is_not_timed(clock: Time) -> None:
    watched = Watched(clock, 20_000)
    watched.run.waited = 3.0
    watched.auto.begin_epoch()
    for _ in range(300):
        watched.run.waited += 9e-3
        watched.steps(1, 10e-3)
    assert len(watched.run.made) == 1
    assert watched.auto._by_hand == pytest.approx(1e-3)
    watched = Watched(clock, 5_000)
    for _ in range(300):
        watched.run.waited += 9e-3
        watched.steps(1, 10e-3)
    assert not watched.run.made, "what is left are five seconds of steps"


def _compiling(clock: Time) -> Watched:
    watched = Watched(clock, 1_000_000)
    watched.steps(400, 1e-3)
    assert len(watched.run.made) == 1
    return watched


def test_compiled_steps_that_are_faster_stay(
    clock: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = _compiling(clock)
    watched.steps(500, 1.5e-3)
    assert capsys.readouterr().err == "", "they wait"
    watched.steps(2_000, 0.4e-3, compiled=True)
    assert capsys.readouterr().err == ("jit: steps are compiled: they take 0.4 ms instead of 1\n")
    assert watched.run.stepper is watched.run.made[0]
    assert not watched.later.closed, "other forms of batch may come"
    watched.steps(10_000, 5e-3, compiled=True)
    assert watched.run.stepper is watched.run.made[0]
    assert capsys.readouterr().err == ""
    watched.auto.leave()
    assert watched.later.closed == 1


def test_compiled_steps_that_are_slower_are_left(
    clock: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = _compiling(clock)
    watched.steps(100, 1e-3)
    watched.steps(2_000, 1.2e-3, compiled=True)
    assert capsys.readouterr().err == (
        "jit: compiled steps take 1.2 ms instead of 1: the run goes on without them\n"
    )
    assert watched.run.stepper == "model"
    assert watched.run.auto is None
    assert watched.later.closed == 1


def test_the_step_that_reads_the_graph_is_not_held_against_it(
    clock: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = _compiling(clock)
    watched.steps(100, 1e-3)
    watched.steps(1, 2.0, compiled=True)
    watched.steps(2_000, 0.4e-3, compiled=True)
    assert "they take 0.4 ms instead of 1\n" in capsys.readouterr().err


def test_where_the_step_gives_up_the_process_is_ended(clock: Time) -> None:
    watched = _compiling(clock)
    watched.run.step_by_hand()
    watched.steps(500, 1e-3)
    assert watched.run.auto is None
    assert watched.later.closed == 1


def test_a_reason_is_one_line(
    clock: Time, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*given: Any) -> None:
        raise NotCompilableError("of the moon")

    monkeypatch.setattr(auto, "CompiledStep", refuse)
    watched = Watched(clock, 1_000_000)
    watched.steps(400, 1e-3)
    assert capsys.readouterr().err == "jit: steps are not compiled: of the moon\n"
    assert watched.run.auto is None
    assert watched.later.closed == 1


def test_without_a_core_to_spare_it_costs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "usable_cores", lambda: torch.get_num_threads() + 1)
    spare = auto._cost()
    monkeypatch.setattr(auto, "usable_cores", lambda: 1)
    assert auto._cost() > spare


def test_a_compiler_that_is_there_already_costs_no_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch._inductor.compile_fx", sys)
    there = auto._cost()
    monkeypatch.delitem(sys.modules, "torch._inductor.compile_fx")
    assert auto._cost() > there + 2


X = torch.linspace(-1, 1, 300).reshape(100, 3)
Y = torch.randn(100, 1, generator=torch.Generator().manual_seed(0))  # its loss stays away from 0


class Ends(lampas.Callback):
    """Some steps after graphs have taken over, or at last; so that both runs are of one length."""

    hears = frozenset({"step"})
    reads_gradients = False

    def __init__(self, at: int = 0) -> None:
        self.steps, self.first, self.at = 0, 0, at
        self.stepper: Any = None
        self.losses: list[float] = []

    def __call__(self, event: lampas.Event) -> lampas.Stop | None:
        self.steps += 1
        if self.stepper is not None:
            time.sleep(0.004)  # not many thousand steps, in which rounding grows
        self.losses.append(event.logs["loss"])
        taken = getattr(self.stepper, "taken", 0)
        if taken and not self.first:
            self.first, self.at = self.steps, self.steps + 120
        return lampas.Stop("enough") if self.steps == self.at else None


def _fitted(ends: Ends, jit: Any) -> lampas.Model:
    torch.manual_seed(0)
    model = lampas.Model(nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)))
    model.compile(torch.optim.Adam(model.parameters(), lr=1e-3), "mse", jit=jit)
    model.fit(X, Y, batch_size=10, epochs=100_000, verbose=0, shuffle=False, callbacks=ends)
    return model


needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("g++", "clang++"))), reason="needs a C++ compiler"
)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is worth it."""
    for name in ("_COST", "_TRACING", "_COMPILING"):
        monkeypatch.setattr(auto, name, 0.0)


def _watch(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell `ends` of the compiled step, once it is made."""
    made = auto.CompiledStep

    def make(run: Any, source: Any) -> Any:
        ends.stepper = made(run, source)
        return ends.stepper

    monkeypatch.setattr(auto, "CompiledStep", make)


@needs_compiler
@pytest.mark.usefixtures("at_once")
def test_a_real_run_is_taken_over_in_mid_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_TRIAL", 1e9)
    ends = Ends()
    _watch(ends, monkeypatch)
    one = _fitted(ends, "auto")
    assert ends.stepper.taken == 121, "each step after the first by a graph is by one"
    assert ends.stepper._source._working is None

    by_hand = Ends(ends.at)
    other = _fitted(by_hand, False)
    assert ends.steps == by_hand.steps == ends.first + 120
    assert ends.losses == pytest.approx(by_hand.losses, rel=1e-5)
    for row, again in zip(one.history.rows, other.history.rows, strict=True):
        assert row == pytest.approx(again, rel=1e-5)
    for name, weight in one.state_dict().items():
        torch.testing.assert_close(weight, other.state_dict()[name], rtol=1e-4, atol=1e-5)


class Leaves(Ends):
    """As soon as another process compiles."""

    process: Any = None

    def __call__(self, event: lampas.Event) -> lampas.Stop | None:
        working = None if self.stepper is None else self.stepper._source._working
        if working is None:
            return None
        self.process = working.compiler._process
        assert self.process.poll() is None
        return lampas.Stop("enough")


@needs_compiler
@pytest.mark.usefixtures("at_once")
def test_a_run_that_ends_before_its_graph_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaves = Leaves()
    _watch(leaves, monkeypatch)
    _fitted(leaves, "auto")
    assert leaves.process.returncode is not None, "ended, and waited for"
