"""The built-in net takes images of any size."""

import pytest
import torch

from lampas.vision.net import ResidualNet


@pytest.mark.parametrize(
    ("channels", "height", "width"),
    [(1, 1, 1), (1, 2, 9), (1, 8, 8), (3, 28, 30), (3, 32, 32), (3, 65, 70), (1, 160, 128)],
)
def test_any_size(channels, height, width):
    net = ResidualNet(channels, height, width, outputs=5)
    images = torch.rand(2, channels, height, width)
    assert net(images).shape == (2, 5)
    assert net.eval()(images[:1]).shape == (1, 5)


@pytest.mark.parametrize(("side", "inside"), [(32, 32), (63, 63), (64, 32), (128, 32), (224, 56)])
def test_large_images_are_halved_at_the_entrance(side, inside):
    net = ResidualNet(1, side, side, outputs=1).eval()
    assert net.entrance(torch.zeros(1, 1, side, side)).shape[2:] == (inside, inside)


def test_it_is_small():
    net = ResidualNet(3, 32, 32, outputs=2)
    assert 400_000 < sum(one.numel() for one in net.parameters()) < 450_000
