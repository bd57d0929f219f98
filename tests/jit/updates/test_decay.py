import pytest
import torch

from lampas.jit.updates.decay import decayed, is_decoupled

P, G = torch.tensor([2.0]), torch.tensor([3.0])
LR, DECAY = torch.tensor(0.5), torch.tensor(0.2)


@pytest.mark.parametrize(
    ("decoupled", "uphill", "expected"),
    [
        (False, False, (2.0, 3.4)),
        (False, True, (2.0, -2.6)),
        (True, False, (1.8, 3.0)),
        (True, True, (1.8, -3.0)),
    ],
)
def test_decay_goes_to_the_gradient_or_to_the_parameter(
    decoupled: bool, uphill: bool, expected: tuple[float, float]
) -> None:
    group = {"weight_decay": 0.2, "maximize": uphill}
    p, g = decayed(group, P, G, LR, DECAY, decoupled=decoupled)
    assert (p.item(), g.item()) == pytest.approx(expected)


def test_without_decay_both_stay() -> None:
    for decoupled in (False, True):
        assert decayed({"weight_decay": 0}, P, G, LR, DECAY, decoupled=decoupled) == (P, G)


def test_the_group_decides_where_it_says() -> None:
    assert not is_decoupled({})
    assert is_decoupled({}, default=True)
    assert not is_decoupled({"decoupled_weight_decay": False}, default=True)
