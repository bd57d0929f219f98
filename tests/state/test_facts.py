from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.data.feed import make_source
from lampas.state import facts
from lampas.state.facts import data_facts, fingerprint, fingerprints_of

CPU = torch.device("cpu")


def _source(x: object, y: object = None) -> facts.Source:
    return make_source(x, y, None, CPU, torch.float32)


def _values(x: object) -> object:
    return fingerprints_of(lampas.Model(torch.nn.Linear(2, 1)), _source(x))["values"]


def test_data_in_memory_are_known_by_their_values() -> None:
    x = torch.rand(10, 2)
    assert data_facts(_source(x), 4) == {"samples": 10, "batch_size": 4}
    assert _values(x) == _values(x.clone())
    assert _values(x) != _values(x + 1)


def test_a_loader_tells_its_lengths() -> None:
    loader = DataLoader(TensorDataset(torch.rand(9, 1)), 3)
    assert data_facts(_source(loader), 32) == {
        "of": "TensorDataset", "samples": 9, "batch_size": 3, "workers": False,
    }  # fmt: skip
    endless = data_facts(_source(iter([])), 32)
    assert endless["samples"] is None


def test_large_data_are_read_in_pieces(monkeypatch) -> None:
    x = torch.arange(100_000.0).reshape(-1, 1)
    whole = fingerprint([x])
    monkeypatch.setattr(facts, "_WHOLE", 40_000)
    pieces = facts._pieces(x)
    assert sum(len(one) for one in pieces) <= 2 * 10_000
    before = fingerprint([x])
    assert before != whole
    x[-1] += 1
    assert fingerprint([x]) != before


def test_tensors_behind_a_loader_are_known_too() -> None:
    x = torch.rand(9, 1)
    loader, other = (DataLoader(TensorDataset(one), 3, num_workers=0) for one in (x, x + 1))
    assert _values(loader) == _values(DataLoader(TensorDataset(x.clone()), 3))
    assert _values(loader) != _values(other)


def test_arrays_on_disk_are_not_read_whole(tmp_path: Path) -> None:
    array = np.memmap(tmp_path / "x.bin", "float32", "w+", shape=(1000, 3))
    assert data_facts(_source(array), 10)["samples"] == 1000
