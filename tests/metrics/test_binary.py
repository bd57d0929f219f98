import pytest
import torch

from lampas.errors import InputError
from lampas.metrics.binary import cut, positive


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_a_threshold_is_a_probability(threshold: float):
    with pytest.raises(InputError) as told:
        cut(threshold, from_logits=False)
    assert str(told.value) == f"threshold is a probability between 0 and 1, got {threshold}"


def test_the_cut_on_logits_is_the_logit():
    assert torch.tensor(cut(0.9, from_logits=True)).sigmoid().item() == pytest.approx(0.9)


def test_positive_is_above_a_half():
    assert positive(torch.tensor([0.5, 0.51, -1.0])).tolist() == [False, True, False]
