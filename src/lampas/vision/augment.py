"""Random changes of whole batches of images, on their device, in training alone.

Each module draws one number a sample from torch's random state on the CPU, whatever the images'
device: the same seed then changes them alike everywhere. They are chained by `nn.Sequential`.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from lampas.errors import InputError

Augment = Callable[[torch.Tensor], torch.Tensor]

_SHARE = 8  # a crop moves by up to an eighth of the side: 4 of 32, as He et al. pad CIFAR


class RandomFlip(nn.Module):
    """Mirrors each image left to right, with a chance of one half.

    >>> _ = torch.manual_seed(1)
    >>> RandomFlip()(torch.arange(4.0).reshape(2, 1, 1, 2)).flatten().tolist()
    [0.0, 1.0, 3.0, 2.0]
    """

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same."""
        chosen = (torch.rand(len(images)) < 0.5).to(images.device)
        return torch.where(chosen[:, None, None, None], images.flip(3), images)


class RandomCrop(nn.Module):
    """Moves each image by up to `distance` (rows, columns); what comes in at the edge mirrors it.

    The padded crop of He et al., "Deep Residual Learning" (2015, section 4.2), who pad with
    zeros: a mirrored edge has no border to learn. One gather makes the whole batch.

    Raises `InputError` for a distance below 0.

    >>> _ = torch.manual_seed(3)
    >>> RandomCrop((0, 1))(torch.arange(4.0).reshape(1, 1, 1, 4)).flatten().tolist()
    [1.0, 2.0, 3.0, 2.0]
    """

    def __init__(self, distance: tuple[int, int]) -> None:
        super().__init__()
        if min(distance) < 0:
            raise InputError(f"RandomCrop: distance is {distance}; it must not be negative")
        self.distance = distance

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same."""
        count, _, height, width = images.shape
        rows = _moved(count, height, self.distance[0]).to(images.device)
        columns = _moved(count, width, self.distance[1]).to(images.device)
        samples = torch.arange(count, device=images.device)[:, None, None]
        last = images.permute(0, 2, 3, 1)  # how channels_last lies in memory: a pixel is one run
        return last[samples, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _moved(count: int, side: int, distance: int) -> torch.Tensor:
    """(count, side): where each place of a moved image is read, mirrored at both edges."""
    offsets = torch.randint(-distance, distance + 1, (count, 1))
    places = (offsets + torch.arange(side)).abs()
    return (side - 1 - (side - 1 - places).abs()).clamp(min=0)


def checked(augment: Any, images: torch.Tensor) -> Augment:
    """`augment`, tried on some `images`, float (B, C, H, W) in [0, 1].

    Raises `InputError` where it cannot be called, fails, or returns another shape.
    """
    if isinstance(augment, type) or not callable(augment):
        raise InputError(
            f"augment is {augment!r}: pass 'auto', None, a module, or a function of a batch"
        )
    name = getattr(augment, "__name__", type(augment).__name__)
    try:
        found: Any = augment(images)
    except Exception as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"augment: {name} failed on float images {tuple(images.shape)}: {line}"
        ) from error
    shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
    if shape != tuple(images.shape):
        raise InputError(
            f"augment: {name} returned {shape} for images {tuple(images.shape)}: keep their shape"
        )
    return cast(Augment, augment)


def suited(size: tuple[int, int], *, coloured: bool, positions: bool) -> nn.Sequential:
    """What augment="auto" means for images of `size` (H, W).

    Coloured ones are taken for photographs: moved by up to an eighth of the side, and mirrored.
    Grey ones, such as digits and scans, are moved alone: a mirrored 2 is no 2. Where the targets
    are numbers, which may be `positions` in the image, nothing is changed.

    >>> suited((32, 32), coloured=True, positions=False)
    Sequential(
      (0): RandomCrop()
      (1): RandomFlip()
    )
    """
    if positions:
        return nn.Sequential()
    crop = RandomCrop((size[0] // _SHARE, size[1] // _SHARE))
    return nn.Sequential(crop, RandomFlip()) if coloured else nn.Sequential(crop)
