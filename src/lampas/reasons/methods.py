"""Four ways to ask an image model which pixels its answer hangs on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Protocol

import torch

from lampas.data.feed import check_count
from lampas.errors import InputError, unknown_name
from lampas.reasons.integral import between, path_points
from lampas.reasons.untouched import gradient

Score = Callable[[torch.Tensor], torch.Tensor]
"""Float images (N, C, H, W) from 0 to 1, to what is explained of each, (N,)."""

_AT_ONCE = 64  # images that go through the net together while places are covered


class Method(Protocol):
    """From a score and images (N, C, H, W) from 0 to 1, all of it on one device, to a value for
    each pixel, float (N, H, W). baseline: (1, C, 1, 1), the colour that says nothing."""

    name: ClassVar[str]

    def __call__(
        self, score: Score, images: torch.Tensor, baseline: torch.Tensor, /
    ) -> torch.Tensor: ...


@dataclass(frozen=True, slots=True)
class Gradient:
    """max over channels of |∂ score / ∂ pixel| (Simonyan et al., "Deep Inside Convolutional
    Networks", 2013): how steeply the answer moves with a pixel. One pass forward and back."""

    name: ClassVar[str] = "gradient"

    def __call__(self, score: Score, images: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """(N, H, W), 0 or more, in units of the score for a channel's whole range."""
        return gradient(score, images).abs().amax(1)


@dataclass(frozen=True, slots=True)
class SmoothGradient:
    """max over channels of |mean over noisy copies of ∂ score / ∂ pixel| (Smilkov et al.,
    "SmoothGrad", 2017). noise: deviation as a share of an image's range. seed: of the noise,
    which torch's own random state does not feel. As many passes as `copies`."""

    copies: int = 25
    noise: float = 0.15
    seed: int = 0
    name: ClassVar[str] = "smooth"

    def __call__(self, score: Score, images: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """(N, H, W), 0 or more, in units of the score for a channel's whole range."""
        check_count("copies", self.copies)
        draw = torch.Generator().manual_seed(self.seed)  # on the CPU: alike on every device
        deviation = self.noise * (images.amax((1, 2, 3)) - images.amin((1, 2, 3)))
        total = torch.zeros_like(images)
        for _ in range(self.copies):
            noise = torch.randn(images.shape[1:], generator=draw).to(images)
            total += gradient(score, images + deviation[:, None, None, None] * noise)
        return (total / self.copies).abs().amax(1)


@dataclass(frozen=True, slots=True)
class Integrated:
    """Σ over channels of (pixel − baseline) · mean of ∂ score / ∂ pixel on the way from one to the
    other (Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017).

    Complete: an image's values sum to score(image) − score(baseline), the better the more
    `steps`, each a pass. The baseline is the mean colour of the training images, where the
    paper has black: of that, nothing dark could ever speak."""

    steps: int = 32
    name: ClassVar[str] = "integrated"

    def __call__(self, score: Score, images: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """(N, H, W), in units of the score; above 0 speaks for it, below against it."""
        total = torch.zeros_like(images)
        for place, weight in path_points(self.steps):
            total += weight * gradient(score, between(baseline, images, place))
        return ((images - baseline) * total).sum(1)


@dataclass(frozen=True, slots=True)
class Occlusion:
    """score(image) − score(image with a patch covered by the baseline), the mean over the patches
    that cover a pixel (Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks",
    2014). It needs no gradient, and as many passes as there are places.

    patch: side of the square in pixels; None is a quarter of the shorter side. stride: from one
    place to the next; None is half a patch. The last place ends at the edge."""

    patch: int | None = None
    stride: int | None = None
    name: ClassVar[str] = "occlusion"

    def __call__(self, score: Score, images: torch.Tensor, baseline: torch.Tensor) -> torch.Tensor:
        """(N, H, W), in units of the score; above 0 where covering lowers it."""
        height, width = images.shape[2:]
        side = self._side(min(height, width))
        stride = max(1, side // 2) if self.stride is None else self.stride
        check_count("stride", stride)
        places = list(product(_starts(height, side, stride), _starts(width, side, stride)))
        lost = images.new_zeros(len(images), height, width)
        covers = images.new_zeros(height, width)
        at_once = max(1, _AT_ONCE // len(images))
        with torch.no_grad():
            whole = score(images)
            for first in range(0, len(places), at_once):
                some = places[first : first + at_once]
                scores = score(_covered(images, some, side, baseline)).view(len(some), -1)
                for (top, left), found in zip(some, scores, strict=True):
                    square = slice(top, top + side), slice(left, left + side)
                    lost[:, *square] += (whole - found)[:, None, None]
                    covers[square] += 1
        return lost / covers

    def _side(self, shorter: int) -> int:
        side = max(1, shorter // 4) if self.patch is None else self.patch
        check_count("patch", side)
        if side > shorter:
            raise InputError(f"patch is {side}: the images are {shorter} pixels on a side")
        return side


def _starts(length: int, side: int, stride: int) -> list[int]:
    """Where patches begin: at every stride, and where the last one ends at the edge.

    >>> _starts(10, 4, 4)
    [0, 4, 6]
    """
    return sorted({*range(0, length - side, stride), length - side})


def _covered(
    images: torch.Tensor, places: list[tuple[int, int]], side: int, baseline: torch.Tensor
) -> torch.Tensor:
    """All images with the first place covered, then all with the second, and so on."""
    found = images.repeat(len(places), 1, 1, 1)
    for copy, (top, left) in zip(found.chunk(len(places)), places, strict=True):
        copy[:, :, top : top + side, left : left + side] = baseline
    return found


METHODS: Mapping[str, Method] = {
    one.name: one for one in (Gradient(), SmoothGradient(), Integrated(), Occlusion())
}
"""The methods by name, as they are by default."""


def method_of(method: str | Method) -> Method:
    """A method as it is; by its name from `METHODS`. Raises `UnknownNameError` for another.

    >>> method_of("occlusion")
    Occlusion(patch=None, stride=None)
    """
    if not isinstance(method, str):
        return method
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    return METHODS[method]
