"""A sample of `campaigns/malformed.py`, always the same."""

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "campaigns"))

from malformed_cases import fits, fitted, readers


@pytest.mark.parametrize(
    ("trials", "count"), [(fits.trials, 120), (readers.trials, 69), (fitted.trials, 24)]
)
def test_malformed_inputs_are_one_line(trials, count: int) -> None:
    found = list(trials(Random(11), count))
    wrong = [f"{one.what}: {one.why}" for one in found if one.kind == "wrong"]
    assert not wrong, "\n".join(wrong)
    assert sum(one.kind == "refused" for one in found) > count / 3
