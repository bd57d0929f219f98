"""Where graphs come from, with a compiler that the test drives."""

from typing import Any

import pytest

from lampas.jit import sources
from lampas.jit.reasons import NotCompilableError
from lampas.jit.sources import Later, at_once


class Wanted:
    """As a graph that is asked for; its name is all that matters here."""

    def __init__(self, name: str) -> None:
        self.name, self.compiler = name, None
        self.traced, self.tensors = self, []
        self.graph = f"graph of {name}"


class Process:
    """A compiler that is done when the test says so."""

    made: list["Process"]
    cache: dict[str, Any]
    keeps = True

    def __init__(self, graph: str, tensors: Any, place: str) -> None:
        self.place, self.polls = place, 0
        self.done, self.why, self.closed = False, "", False
        self.made.append(self)

    def is_done(self) -> bool:
        assert not self.closed
        self.polls += 1
        if self.why:
            raise NotCompilableError(self.why)
        if self.done and self.keeps:
            self.cache[self.place] = f"compiled {self.place}"
        return self.done

    def close(self) -> None:
        self.closed = True


class Clock:
    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    Process.made, Process.cache, Process.keeps = [], {}, True
    monkeypatch.setattr(sources, "time", clock)
    monkeypatch.setattr(sources, "Compiler", Process)
    monkeypatch.setattr(sources, "from_cache", Process.cache.get)
    monkeypatch.setattr(sources, "place_of", str)
    return clock


def _asked(later: Later, wanted: Wanted, clock: Clock) -> Any:
    clock.now += 0.06
    return later(wanted)  # type: ignore


def test_at_once_compiles_under_the_name_of_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "compiled", lambda graph, tensors, name: (graph, tensors, name))
    assert at_once(Wanted("a")) == ("graph of a", [], "a")  # type: ignore


def test_what_is_in_the_cache_needs_no_process(clock: Clock) -> None:
    Process.cache["a"] = "compiled a"
    assert _asked(Later(), Wanted("a"), clock) == "compiled a"
    assert not Process.made


def test_it_comes_when_the_process_is_done(clock: Clock) -> None:
    later, a = Later(), Wanted("a")
    assert _asked(later, a, clock) is None
    assert _asked(later, a, clock) is None
    (process,) = Process.made
    process.done = True
    assert _asked(later, a, clock) == "compiled a"
    assert process.closed


def test_the_process_is_looked_at_each_50_ms_and_no_more(clock: Clock) -> None:
    later, a = Later(), Wanted("a")
    assert _asked(later, a, clock) is None
    (process,) = Process.made
    for _ in range(1000):
        clock.now += 0.001
        later(a)  # type: ignore
    assert 15 <= process.polls <= 20


def test_one_graph_at_a_time_and_each_is_fetched(clock: Clock) -> None:
    later, a, b = Later(), Wanted("a"), Wanted("b")
    assert _asked(later, a, clock) is None
    assert _asked(later, b, clock) is None
    assert len(Process.made) == 1
    Process.made[0].done = True
    assert _asked(later, b, clock) is None
    assert [one.place for one in Process.made] == ["a", "b"], "the first is done: the next begins"
    assert _asked(later, a, clock) == "compiled a", "while the other compiles"
    Process.made[1].done = True
    assert _asked(later, b, clock) == "compiled b"
    assert all(one.closed for one in Process.made)


def test_a_graph_that_nobody_asks_for_any_more_does_not_hold_up_the_next(clock: Clock) -> None:
    later = Later()
    assert _asked(later, Wanted("left"), clock) is None
    assert _asked(later, Wanted("next"), clock) is None
    Process.made[0].done = True
    assert _asked(later, Wanted("next"), clock) is None
    assert Process.made[0].closed
    assert Process.made[1].place == "next"


def test_a_failure_is_raised_and_its_process_closed(clock: Clock) -> None:
    later, a = Later(), Wanted("a")
    assert _asked(later, a, clock) is None
    Process.made[0].why = "torch cannot compile it"
    with pytest.raises(NotCompilableError, match="torch cannot compile it"):
        _asked(later, a, clock)
    assert Process.made[0].closed


def test_what_cannot_be_read_back_is_not_compiled_again_and_again(clock: Clock) -> None:
    Process.keeps = False
    later, a = Later(), Wanted("a")
    assert _asked(later, a, clock) is None
    Process.made[0].done = True
    with pytest.raises(NotCompilableError, match="what was compiled cannot be read: a"):
        _asked(later, a, clock)
    assert len(Process.made) == 1


def test_close_ends_the_process_and_may_be_called_again(clock: Clock) -> None:
    later, a = Later(), Wanted("a")
    later.close()
    assert _asked(later, a, clock) is None
    later.close()
    later.close()
    assert Process.made[0].closed
    assert _asked(later, a, clock) is None, "who asks again has it compiled again"
    assert len(Process.made) == 2


@pytest.mark.parametrize(
    ("seconds", "line"), [(4.0, ""), (26.4, "jit: compiled a form of batch in 26 s")]
)
def test_a_line_tells_what_a_run_waited_for(
    seconds: float, line: str, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def compiled(graph: str, tensors: Any, name: str) -> str:
        clock.now += seconds
        return graph

    monkeypatch.setattr(sources, "compiled", compiled)
    assert at_once(Wanted("a")) == "graph of a"
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert bool(said) == bool(line)
