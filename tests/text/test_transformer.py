import pytest
import torch

from lampas.text.transformer import TransformerNet, angles, turned, waves


def test_turning_keeps_lengths_and_tells_distances():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 12, 8).double()
    dots = (turned(q) @ turned(k).transpose(2, 3))[0, 0]
    torch.testing.assert_close(turned(q).norm(dim=3), q.norm(dim=3))
    for distance in range(-5, 6):
        line = dots.diagonal(distance)
        torch.testing.assert_close(line, line[0].expand_as(line), rtol=1e-5, atol=1e-6)
    assert dots[0, 1] != dots[0, 2]


def test_waves_are_those_of_the_paper():
    found = waves(5, 6, torch.zeros(1)) / 0.1
    for place in range(5):
        for number in range(3):
            angle = torch.tensor(place / 10_000 ** (2 * number / 6))
            assert found[place, number] == pytest.approx(angle.sin().item(), abs=1e-6)
            assert found[place, 3 + number] == pytest.approx(angle.cos().item(), abs=1e-6)
    assert angles(3, 2, torch.zeros(1)).tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize("positions", ["rope", "sinusoidal"])
def test_there_is_no_longest_text(positions):
    net = TransformerNet(10, 2, positions=positions).eval()
    ids = torch.full((1, 700), 3)
    assert net(ids, ids != 0).isfinite().all()


def test_every_weight_learns():
    torch.manual_seed(0)
    net = TransformerNet(10, 1, word_dropout=0.0, dropout=0.0)
    ids = torch.tensor([[4, 5, 6], [7, 8, 0]])
    net(ids, ids != 0).square().sum().backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []
