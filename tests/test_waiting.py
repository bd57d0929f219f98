"""The line about waiting: when, and what it advises."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

import lampas
from lampas import waiting
from lampas.data import feed


class Rows(Dataset[Any]):
    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        return torch.ones(3), torch.ones(1)


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter([Rows()[0]] * 12)


def _fit(monkeypatch: pytest.MonkeyPatch, data: Any, waited: float, used: float, **options: Any):
    class Slow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                clock.now += used
            return self.linear(x)

    class Late:
        def __init__(self) -> None:
            self.now = 0.0

        def perf_counter(self) -> float:
            return self.now

    clock = Late()
    monkeypatch.setattr("lampas.run.time", clock)

    def late(batches: Any) -> Any:
        for batch in batches:
            clock.now += waited
            yield batch

    read = feed.Source.feed
    monkeypatch.setattr(
        feed.Source, "feed", lambda self, *args, **given: _Late(read(self, *args, **given), late)
    )
    model = lampas.Model(Slow())
    model.compile("sgd", "mse")
    return model.fit(*data, batch_size=4, epochs=2, verbose=0, **options)


class _Late:
    def __init__(self, feed: Any, late: Any) -> None:
        self.feed, self.late = feed, late

    @property
    def batches(self) -> Any:
        return self.feed.batches

    def __iter__(self) -> Any:
        return self.late(self.feed)


TIMES = "the model waited for its batches 75 % of the time (18 of 24 s)"
X, Y = torch.ones(12, 3), torch.ones(12, 1)


@pytest.mark.parametrize(
    ("data", "options", "advice"),
    [
        ((X, Y), {}, "rows are gathered where the arrays lie, and memory or the disk is slow"),
        (
            (DataLoader(Rows(), 4),),
            {},
            "pass num_workers= to its DataLoader, or the Dataset itself, for which fit chooses",
        ),
        (
            (DataLoader(Rows(), 4, num_workers=1),),
            {},
            "more than num_workers=1 may help: there are 2 cores",
        ),
        (
            (DataLoader(Rows(), 4, num_workers=2),),
            {},
            "num_workers=2 keep 2 cores busy: less work a sample would help",
        ),
        ((Stream(),), {}, "pass a DataLoader of it with num_workers="),
        (
            (((X[:4], Y[:4]) for _ in range(100)),),
            {"steps_per_epoch": 3},
            "a generator is read in this process; a Dataset is read ahead by others",
        ),
        (([(X[:4], Y[:4])] * 3,), {}, "a list is read in this process"),
        (
            (Rows(),),
            {},
            "workers would not have made the run shorter; less work a sample would",
        ),
    ],
)
def test_what_it_advises(
    data: Any, options: dict[str, Any], advice: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(waiting, "usable_cores", lambda: 2)
    _fit(monkeypatch, data, 3.0, 1.0, **options)
    assert capsys.readouterr().err == f"data: {TIMES}: {advice}\n"


@pytest.mark.parametrize(
    ("waited", "used", "told"),
    [(0.3, 0.1, False), (1.0, 10.0, False), (1.0, 8.0, True), (0.4, 0.0, True)],
)
def test_when_it_is_worth_a_line(
    waited: float, used: float, told: bool, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _fit(monkeypatch, (DataLoader(Rows(), 4),), waited, used)
    assert capsys.readouterr().err.startswith("data: ") == told


@pytest.mark.parametrize(
    ("count", "why", "advice"),
    [
        (2, None, "less work a sample would help; 2 read ahead on 2 cores"),
        (0, "the dataset holds a net", "it is read in this process: the dataset holds a net"),
    ],
)
def test_of_a_dataset_it_tells_who_reads(
    count: int, why: str | None, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "usable_cores", lambda: 2)
    source = feed.make_source(Rows(), None, None, torch.device("cpu"), torch.float32)
    source.feed(4, shuffle=True, steps=None, epochs=3)
    source.opened[0].chooser.count, source.opened[0].chooser.why = count, why
    assert waiting._advice(source) == advice


def test_of_an_accelerator_it_claims_no_more_than_it_knows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Run:
        waited_in_all, looped = 3.0, 4.0

    there: Any = torch.device("cuda", 0)
    source = feed.Source(DataLoader(Rows(), 4), None, there, torch.float32)
    monkeypatch.setattr(waiting, "usable_cores", lambda: 8)
    run: Any = Run()
    waiting.tell_of_waiting(run, source)
    assert capsys.readouterr().err.startswith(
        "data: reading batches took 75 % of the time (3 of 4 s), beside what cuda computed "
        "meanwhile: "
    )
