import random
from typing import Any

import numpy as np
import pytest
import torch

from lampas.errors import InputError
from lampas.seeding import seed


def drawn() -> tuple[Any, ...]:
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_every_state_starts_again() -> None:
    seed(3)
    first = drawn()
    other = drawn()
    assert all(a != b for a, b in zip(first, other, strict=True))
    assert seed(np.int64(3)) == 3
    assert drawn() == first


def test_another_seed_is_another_run() -> None:
    seed(3)
    first = drawn()
    seed(4)
    assert all(a != b for a, b in zip(first, drawn(), strict=True))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (-1, "seed is -1: it must be from 0 to 4294967295"),
        (2**32, "seed is 4294967296: it must be from 0 to 4294967295"),
        (1.5, "seed is 1.5, a float: pass an integer, as seed(0)"),
        (None, "seed is None, a NoneType: pass an integer, as seed(0)"),
    ],
)
def test_what_is_no_seed(number: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        seed(number)
    assert str(caught.value) == message
