"""From the bytes of images to a net's outputs: scaling and normalisation are part of the net."""

from collections.abc import Sequence

import torch
from torch import nn

from lampas.vision.augment import Augment


class FromBytes(nn.Module):
    """net((augment(images / 255) − mean) / deviation): uint8 images go in, outputs come out.

    net: takes float images (B, C, H, W). mean, deviation: one number a channel, of images scaled
    to [0, 1]; they are saved with the weights. augment: changes scaled batches in training mode
    alone; it is not saved, and none of its parameters is trained. mirrored: outside of training
    the output is the mean of those for the image and for its mirror image (as in Krizhevsky et
    al. 2012): twice the time for a net that has learnt both alike.

    Memory is laid out channels_last, in which convolutions take a quarter less time on a CPU.

    >>> net = FromBytes(nn.Flatten(), mean=[0.5], deviation=[0.5])
    >>> net(torch.tensor([[[[0, 255]]]], dtype=torch.uint8))
    tensor([[-1.,  1.]])
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(
        self,
        net: nn.Module,
        mean: Sequence[float],
        deviation: Sequence[float],
        augment: Augment | None = None,
        *,
        mirrored: bool = False,
    ) -> None:
        super().__init__()
        self.net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.mirrored = mirrored
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).reshape(1, -1, 1, 1))
        # In a tuple, out of torch's sight: a module's weights would be trained and saved.
        self._augment = (augment,)
        self._awake: tuple[nn.Module | None] = (None,)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (B, C, H, W) to the outputs of the net."""
        scaled = images.to(self.mean.dtype) / 255
        (augment,) = self._augment
        if self.training and augment is not None:
            scaled = augment(scaled)
        ready = (scaled - self.mean) / self.deviation
        ready = ready.contiguous(memory_format=torch.channels_last)
        if self.training or not self.mirrored:
            return self.net(ready)
        return (self.net(ready) + self.net(ready.flip(3))) / 2

    def train_only(self, part: nn.Module | None) -> None:
        """Only `part` of the net goes into training mode: the rest keeps its running statistics
        and drops nothing. None: all of it does again."""
        self._awake = (part,)
        self.train(self.training)

    def train(self, mode: bool = True) -> "FromBytes":
        """As `nn.Module.train`, but for what `train_only` left out."""
        super().train(mode)
        (part,) = self._awake
        if part is not None:
            self.net.eval()
            part.train(mode)
        return self
