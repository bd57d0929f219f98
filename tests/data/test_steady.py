"""A loader that begins anywhere, and whose workers draw what belongs to the batch."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from lampas import seed
from lampas.data.steady import SteadyLoader, is_steady


class Drawn(Dataset[Any]):
    """Its samples are what is drawn in reading them."""

    def __init__(self) -> None:
        self.own = np.random.default_rng(0)
        self.others = [random.Random(1), torch.Generator()]

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Tensor:
        (python, torchs) = self.others
        drawn = [
            torch.rand(()).item(),
            random.random(),
            np.random.rand(),
            self.own.random(),
            python.random(),
            torch.rand((), generator=torchs).item(),
        ]  # pyright: ignore
        return torch.tensor([float(index), *drawn], dtype=torch.float64)


def _pass(loader: SteadyLoader, skip: int = 0) -> list[Any]:
    return [batch.tolist() for batch in loader.begin(skip)]


def _steady(workers: int, **options: Any) -> SteadyLoader:
    return SteadyLoader(DataLoader(Drawn(), 3, shuffle=True, num_workers=workers, **options))


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_draw_what_belongs_to_the_batch(persistent: bool) -> None:
    found = []
    for workers in (1, 2):
        seed(5)
        loader = _steady(workers, persistent_workers=persistent)
        found.append([_pass(loader), _pass(loader)])
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]
    seed(5)
    loader = _steady(2)
    _pass(loader)
    assert _pass(loader, skip=4) == found[0][1][4:]


def test_the_order_is_the_loaders_own_whatever_reads_it() -> None:
    plain = DataLoader(Drawn(), 3, shuffle=True)
    seed(6)
    wanted = [batch[:, 0].tolist() for batch in plain]
    after = torch.rand(1)
    for workers in (0, 2):
        seed(6)
        found = [[row[0] for row in batch] for batch in _pass(_steady(workers))]
        assert found == wanted
        if workers:
            continue
        assert torch.equal(torch.rand(1), after)


def test_the_checksum_is_of_what_was_yielded() -> None:
    seed(7)
    loader = _steady(2)
    seen = [loader.seen for _ in loader.begin(0)]
    seed(7)
    again = _steady(0)
    again.begin(4)
    assert again.seen == seen[3]
    assert len(set(seen)) == 7


def test_which_loaders_are_steady() -> None:
    class Own(DataLoader[Any]):
        def __iter__(self) -> Any:
            return iter([torch.zeros(1)])

    class Endless(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(())

    data = TensorDataset(torch.zeros(3))
    assert is_steady(DataLoader(data))
    assert not is_steady(Own(data))
    assert not is_steady(DataLoader(Endless()))
    assert not is_steady([data])
