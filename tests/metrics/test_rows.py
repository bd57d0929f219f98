import warnings

import pytest
import torch

from lampas.errors import ShapeError
from lampas.metrics.rows import Rows


def test_nests_are_joined_in_their_structure():
    rows = Rows("m", "")
    rows.add({"a": torch.ones(2), "b": (torch.zeros(2, 3),)}, torch.arange(2))
    rows.add({"b": (torch.ones(1, 3),), "a": torch.zeros(1)}, torch.arange(2, 3))
    for _ in range(2):
        joined = rows.joined()
        assert joined is not None
        outputs, targets = joined
        assert outputs["a"].tolist() == [1, 1, 0]
        assert outputs["b"][0].sum(dim=1).tolist() == [0, 0, 3]
        assert targets.tolist() == [0, 1, 2]
    rows.clear()
    assert rows.joined() is None


def test_no_graph_and_no_first_batch_is_kept_alive():
    rows = Rows("m", "")
    rows.add(torch.ones(2, requires_grad=True) * 2, torch.zeros(2))
    joined = rows.joined()
    assert joined is not None
    assert not joined[0].requires_grad


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (torch.zeros(2, 4), "cannot join rows of output of shapes (3,) and (4,), from two batches"),
        (
            (torch.zeros(2, 3), torch.zeros(2)),
            "got output, target from one batch and output[0], output[1], target from another",
        ),
        (torch.tensor(0.0), "cannot keep rows of output, which is a 0-d tensor"),
        ({"a": None}, "cannot keep rows of output['a'], which is a NoneType"),
    ],
)
def test_what_cannot_be_joined_is_told(second, said):
    rows = Rows("m", ": do this")
    rows.add(torch.zeros(2, 3), torch.zeros(2))
    with pytest.raises(ShapeError) as told:
        rows.add(second, torch.zeros(2))
    assert str(told.value) == f"metric 'm' {said}: do this"


def test_a_gigabyte_is_warned_of_once():
    rows = Rows("m", ": do this")
    large = torch.zeros(1).expand(300_000_000)  # counts as 1.2 GB and takes four bytes
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        rows.add(large, torch.zeros(1))
        rows.add(large, torch.zeros(1))
    assert [(w.category, str(w.message)) for w in told] == [
        (UserWarning, "metric 'm' keeps every row of the epoch, 1.2 GB so far: do this")
    ]
