"""The built-in net for images: a short residual net that fits their size."""

import torch
from torch import nn

_WORKING = 32  # pixels: larger images are halved at the entrance until they are below twice this
_STAGES = 3  # times that the body halves them


class ResidualNet(nn.Module):
    """Nine layers of convolutions, two of its stages residual.

    The blocks are those of He et al., "Deep Residual Learning for Image Recognition" (2015):
    x + relu(norm(conv(relu(norm(conv(x)))))), with batch norm (Ioffe and Szegedy 2015). Their
    order, few and wide with max-pooling between, is that of Page's ResNet-9, "How to Train Your
    ResNet" (2018), at a quarter of its width: what a processor trains in minutes. Differences:
    pooling comes before the norm, which then has a quarter of the numbers to read; the last
    maximum is over all places, so any size goes in; images of 64 pixels and more are first
    halved by convolutions with a stride of 2, as often as it takes; small ones are pooled as
    often as they can be.

    channels: of the images. height, width: their size, which decides the halvings alone.
    outputs: columns of the output. base: channels of the first layer; the last has 8 times that.

    >>> net = ResidualNet(channels=3, height=32, width=32, outputs=2)
    >>> net(torch.zeros(4, 3, 32, 32)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self, channels: int, height: int, width: int, outputs: int, base: int = 16
    ) -> None:
        super().__init__()
        side = min(height, width)
        self.entrance = nn.Sequential(*_entrance(channels, base, side))
        pools = [side >> stage >= 2 for stage in range(1, _STAGES + 1)]
        self.body = nn.Sequential(
            convolution(base, 2 * base, pool=pools[0]),
            Residual(2 * base),
            convolution(2 * base, 4 * base, pool=pools[1]),
            convolution(4 * base, 8 * base, pool=pools[2]),
            Residual(8 * base),
        )
        self.head = nn.Linear(8 * base, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Float (N, C, H, W) to (N, outputs)."""
        return self.head(self.body(self.entrance(images)).amax((2, 3)))


class Residual(nn.Module):
    """x + relu(norm(conv(relu(norm(conv(x)))))): (N, C, H, W) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same."""
        return x + self.second(self.first(x))


def convolution(inputs: int, outputs: int, *, stride: int = 1, pool: bool = False) -> nn.Sequential:
    """3×3 convolution, maximum over 2×2 where `pool`, batch norm, relu."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)]
    if pool:
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _entrance(channels: int, base: int, side: int) -> list[nn.Module]:
    """The first layer, and the halvings that bring `side` below twice the working size."""
    halvings = max(0, (side // _WORKING).bit_length() - 1)
    strides = [2] * halvings or [1]
    sizes = [channels, *[base] * len(strides)]
    return [
        convolution(sizes[place], sizes[place + 1], stride=stride)
        for place, stride in enumerate(strides)
    ]
