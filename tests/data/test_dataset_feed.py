"""Whoever reads a dataset, and whenever that changes: the same batches, draws and weights."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from forced import Drawn, Forced
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader

import lampas
from lampas.data import dataset_feed, leaving, reading
from lampas.data import feed as feed_module
from lampas.data.dataset_feed import DatasetFeed
from lampas.errors import DataError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")

CPU, F32 = torch.device("cpu"), torch.float32
SWITCHES = st.dictionaries(st.integers(0, 30), st.integers(0, 2), max_size=4)


def _feed(
    data: Any, counts: Mapping[int, int], batch: int = 3, shuffle: bool = True
) -> DatasetFeed:
    loader: Any = DataLoader(data, batch, shuffle=shuffle)
    return DatasetFeed(loader, CPU, F32, Forced(counts))


def _read(feed: DatasetFeed, passes: int = 1) -> list[Any]:
    """All batches, with a draw after each, as dropout makes one."""
    return [
        (batch.x.tolist(), batch.y.tolist(), torch.rand(1).item())
        for _ in range(passes)
        for batch in feed
    ]


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others read from the second batch on, where the chooser says so."""
    monkeypatch.setattr(reading, "_LOOKS", 1)
    monkeypatch.setattr(leaving, "_KEPT", 0.0)  # the first batch of all takes longer


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    assert not _children()
    yield
    assert not _children()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(SWITCHES, st.booleans())
@example({0: 1, 2: 0}, False)
def test_switched_anywhere_it_reads_the_same(counts: dict[int, int], shuffle: bool) -> None:
    lampas.seed(1)
    wanted = _read(_feed(Drawn(), {}, shuffle=shuffle), 3)
    lampas.seed(1)
    feed = _feed(Drawn(), counts, shuffle=shuffle)
    assert _read(feed, 3) == wanted
    chooser: Any = feed.chooser
    assert chooser.why is None
    # Who is asked for after one batch, and no more after the next, never begins; and after the
    # first of all batches, which shows what the data are, one later.
    lasting = [
        counts.get(n) and counts.get(max(n, 1) + 1, 1) and (n or counts.get(1, 1))
        for n in range(14)
    ]
    assert chooser.starts >= any(lasting)


class NowAndThen(Drawn):
    """Draws for some of its rows alone."""

    def __init__(self, drawing: set[int]) -> None:
        super().__init__()
        self.drawing = drawing

    def __getitem__(self, index: int) -> Any:
        if index in self.drawing:
            return super().__getitem__(index)
        return torch.full((4,), float(index)), torch.ones(1)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(SWITCHES, st.sets(st.integers(0, 19), max_size=2), st.integers(1, 4))
def test_also_where_few_samples_draw(
    monkeypatch: pytest.MonkeyPatch, counts: dict[int, int], drawing: set[int], looks: int
) -> None:
    monkeypatch.setattr(reading, "_LOOKS", looks)
    lampas.seed(1)
    wanted = _read(_feed(NowAndThen(drawing), {}), 3)
    lampas.seed(1)
    feed = _feed(NowAndThen(drawing), counts)
    assert _read(feed, 3) == wanted
    late = "the dataset draws random numbers now and then"
    assert feed.chooser.why in (None, late)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_order_and_the_draws_are_those_of_a_loader(count: int) -> None:
    data = Drawn(which="")
    lampas.seed(2)
    wanted = [(x.tolist(), y.tolist(), torch.rand(1).item()) for x, y in DataLoader(data, 3, True)]
    lampas.seed(2)
    assert _read(_feed(data, {0: count})) == wanted


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("skip", [0, 1, 4, 6, 7])
def test_a_pass_begins_at_any_batch(count: int, skip: int) -> None:
    lampas.seed(3)
    wanted = [batch.x.tolist() for batch in _feed(Drawn(), {})]
    lampas.seed(3)
    feed = _feed(Drawn(), {0: count})
    assert feed.batches == 7
    assert [batch.x.tolist() for batch in feed.begin(skip)] == wanted[skip:]


def _fitted(monkeypatch: pytest.MonkeyPatch, counts: Mapping[int, int], **options: Any) -> Any:
    """Weights, history, and who reads."""
    made: list[Forced] = []

    def choice(*_: Any, **__: Any) -> Forced:
        made.append(Forced(counts))
        return made[-1]

    monkeypatch.setattr(feed_module, "Choice", choice)
    lampas.seed(0)
    net = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 1)
    )
    model = lampas.Model(net)
    model.compile("adam", "mse", ["mae"], accumulate=options.pop("accumulate", 1))
    history = model.fit(
        Drawn(), batch_size=3, epochs=3, validation_data=Drawn(9), verbose=0, **options
    )
    weights = [one.clone() for one in model.state_dict().values()]
    scores = model.evaluate(Drawn(13), batch_size=4), model.predict(Drawn(13), batch_size=4)
    return weights, history.rows, scores[0], scores[1].tolist(), made


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(SWITCHES, st.sampled_from([{}, {"accumulate": 2}, {"steps_per_epoch": 5}]))
def test_a_model_becomes_the_same(
    monkeypatch: pytest.MonkeyPatch, counts: dict[int, int], options: dict[str, Any]
) -> None:
    wanted = _fitted(monkeypatch, {}, **options)
    later = {1 + batch: count for batch, count in counts.items()}  # one is read here, to look
    found = _fitted(monkeypatch, {**later, 2: 2, 3: 2}, **options)  # for two batches or more
    for first, second in zip(found[0], wanted[0], strict=True):
        assert torch.equal(first, second)
    assert found[1:4] == wanted[1:4]
    assert [one.why for one in found[4]] == [None] * 4
    assert all(one.starts for one in found[4][:2])


class Fails(Drawn):
    """Fails at one of its rows, everywhere or among others alone."""

    def __init__(self, row: int, how: Any, *, everywhere: bool = True) -> None:
        super().__init__(which="")
        self.row, self.how = row, how
        self.home = None if everywhere else os.getpid()

    def __getitem__(self, index: int) -> Any:
        if index == self.row and os.getpid() != self.home:
            self.how()
        return super().__getitem__(index)


def _raises() -> None:
    raise KeyError("row 11 has no label")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_error_in_the_dataset_is_the_same(
    count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    batches = iter(_feed(Fails(11, _raises), {0: count}, shuffle=False))
    read = [next(batches).size for _ in range(3)]
    with pytest.raises(KeyError) as caught:
        next(batches)
    assert str(caught.value) == "'row 11 has no label'"
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert read == [3, 3, 3]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("count", [0, 2])
def test_samples_of_several_shapes(count: int) -> None:
    class Rows(Drawn):
        def __getitem__(self, index: int) -> Any:
            return torch.zeros(3 if index < 10 else index)

    with pytest.raises(DataError, match=r"the samples of a batch have the shapes"):
        list(_feed(Rows(), {0: count}, shuffle=False))


def _exits() -> None:
    os._exit(3)


def _hangs() -> None:
    time.sleep(60)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (_raises, "KeyError: 'row 11 has no label'"),
        (_exits, "it ended with code 3"),
        (_hangs, "it did not answer for 1 s"),
    ],
)
def test_where_others_fail_this_process_goes_on(
    how: Any, why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_feed, "_LONGEST", 1.0)
    lampas.seed(4)
    wanted = _read(_feed(Fails(99, how), {}), 2)
    lampas.seed(4)
    feed = _feed(Fails(11, how, everywhere=False), {0: 2})
    assert _read(feed, 2) == wanted
    assert feed.chooser.count == 0
    assert capsys.readouterr().err == (
        f"data: {why}: batches are read in this process from here on\n"
    )


def test_others_that_read_something_else_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    class Odd(Drawn):
        def __init__(self) -> None:
            super().__init__(which="")
            self.home = os.getpid()

        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return x + (os.getpid() != self.home), y

    lampas.seed(5)
    wanted = _read(_feed(Drawn(which=""), {}))
    lampas.seed(5)
    assert _read(_feed(Odd(), {3: 1})) == wanted
    assert capsys.readouterr().err.startswith(
        "data: a worker reads another batch than this process"
    )


@pytest.mark.parametrize("when", ["between two passes", "in the middle"])
def test_what_is_changed_in_the_dataset_is_read(
    when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Scaled(Drawn):
        factor = 1.0

        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return self.factor * x, y

    def read(count: int) -> list[Any]:
        lampas.seed(6)
        data = Scaled()
        feed = _feed(data, {0: count})
        found = []
        for number in range(2):
            for batch in feed:
                found.append(batch.x.tolist())
                if when == "in the middle" and len(found) == 9:
                    data.factor = 3.0
            if number == 0 and when == "between two passes":
                data.factor = 2.0
        return found

    assert read(2) == read(0)
    said = capsys.readouterr().err
    if when == "in the middle":
        assert said.startswith("data: the dataset was changed in the middle of an epoch: batches")
    else:
        assert said == ""


def test_a_pass_that_is_left_ends_its_processes() -> None:
    feed = _feed(Drawn(60), {0: 2})
    batches = iter(feed)
    for _ in range(3):
        next(batches)
    assert len(_children()) == 2
    feed.close()
    assert not _children()
    assert len(list(feed)) == 20
    del batches
    begun = iter(feed)
    next(begun)
    again = iter(feed)  # as an epoch that is begun anew
    next(again)
    del begun
    assert len(list(again)) == 19


def test_no_more_processes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(dataset_feed, "ReadAhead", none)
    assert len(_read(_feed(Drawn(), {3: 2}))) == 7
    assert capsys.readouterr().err.startswith(
        "data: workers cannot be started: Resource temporarily unavailable: batches"
    )


def test_a_dataset_that_others_must_not_read_stays(capsys: pytest.CaptureFixture[str]) -> None:
    data: Any = Drawn()
    data.own = np.random.default_rng(0)
    feed = _feed(data, {3: 2})
    assert len(_read(feed)) == 7
    assert feed.chooser.why == "the dataset draws from a generator of its own"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("ends", ["a stop", "an error", "a net that fails"])
def test_nobody_outlives_a_fit(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "Choice", lambda *_, **__: Forced({1: 2}))

    class Ends(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> Any:
            if event.step == 4:
                assert len(_children()) == 2
                if ends == "a stop":
                    return lampas.Stop("enough")
                if ends == "an error":
                    raise ValueError("by the callback")
            return None

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.calls = nn.Linear(4, 1), 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            if self.calls == 5 and ends == "a net that fails":
                raise ValueError("by the net")
            return self.linear(x)

    model = lampas.Model(Net())
    model.compile("sgd", "mse", accumulate=2)
    try:
        model.fit(Drawn(60), batch_size=2, epochs=2, verbose=0, callbacks=Ends())
    except ValueError as error:
        kept = error  # and with it all frames
        assert not _children()
        del kept
    assert not _children()
    outputs = model.predict_batches(Drawn(60), batch_size=2)
    for _ in range(4):
        next(outputs)
    assert len(_children()) == 2
    outputs.close()
    assert not _children()
