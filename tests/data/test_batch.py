from typing import Any

import pytest
import torch

from lampas.data.batch import Batch, rows_of

A, B = torch.zeros(4, 2), torch.zeros(4)


@pytest.mark.parametrize(
    ("x", "args", "kwargs"),
    [(A, (A,), {}), ((A, B), (A, B), {}), ({"a": A}, (), {"a": A})],
)
def test_how_the_net_is_called(x: Any, args: Any, kwargs: Any) -> None:
    batch = Batch(x, None, None, 4)
    assert len(batch.args) == len(args)
    assert all(ours is theirs for ours, theirs in zip(batch.args, args, strict=True))
    assert batch.kwargs == kwargs


def test_a_batch_alone_is_the_whole_group() -> None:
    batch = Batch(A, B, None, 4)
    assert (batch.opens, batch.closes, batch.shares) == (True, True, None)


@pytest.mark.parametrize(
    ("nest", "rows"),
    [(A, 4), ({"k": (B, A)}, 4), (torch.tensor(1.0), 1), ((), 0), ("text", 0), (A[:0], 0)],
)
def test_rows(nest: Any, rows: int) -> None:
    assert rows_of(nest) == rows
