import pytest
import torch

from lampas.errors import DataError
from lampas.metrics.counts import check_classes, count_classes


def test_counts_are_bincounts_with_a_place_for_the_rest():
    torch.manual_seed(0)
    indices, counts = torch.randint(-2, 7, (200,)), torch.rand(200) > 0.3
    inside = (indices >= 0) & (indices < 5) & counts
    found = count_classes(indices, 5, counts)
    assert found[:5].tolist() == torch.bincount(indices[inside], minlength=5).tolist()
    assert found.sum() == counts.sum()


def test_nothing_outside_is_fine():
    check_classes("m", 3, 0)
    with pytest.raises(DataError, match=r"metric 'm' met 4 class indices outside 0\.\.2"):
        check_classes("m", 3, 4)
