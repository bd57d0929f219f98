"""The four methods on functions whose answer is known."""

import pytest
import torch

from lampas.errors import InputError, UnknownNameError
from lampas.reasons.methods import (
    METHODS,
    Gradient,
    Integrated,
    Occlusion,
    SmoothGradient,
    method_of,
)

X = torch.rand(3, 2, 5, 6, generator=torch.Generator().manual_seed(0))
GREY = torch.full((1, 2, 1, 1), 0.5)
WEIGHT = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(1))


def linear(x):
    return (x * WEIGHT).sum((1, 2, 3))


def bent(x):
    return (x**2 * WEIGHT).sum((1, 2, 3))


def test_gradients_of_a_linear_score_are_its_weights():
    expected = WEIGHT.abs().amax(0).expand(3, -1, -1)
    for method in (Gradient(), SmoothGradient(copies=2)):
        torch.testing.assert_close(method(linear, X, GREY), expected)


def test_integrated_gradients_are_complete():
    found = Integrated(steps=2)(bent, X, GREY)
    torch.testing.assert_close(found, ((X**2 - GREY**2) * WEIGHT).sum(1))


@pytest.mark.parametrize(("patch", "stride"), [(1, 1), (2, 2), (3, 1), (5, 4), (None, None)])
def test_occlusion_is_the_mean_over_the_patches_on_a_pixel(patch, stride):
    found = Occlusion(patch, stride)(linear, X, GREY)
    side, step = patch or 1, stride or 1
    effect = ((X - GREY) * WEIGHT).sum(1)
    tops = sorted({*range(0, 5 - side, step), 5 - side})
    lefts = sorted({*range(0, 6 - side, step), 6 - side})
    total, count = torch.zeros(3, 5, 6), torch.zeros(5, 6)
    for top in tops:
        for left in lefts:
            square = (slice(None), slice(top, top + side), slice(left, left + side))
            total[square] += effect[square].sum((1, 2))[:, None, None]
            count[square[1:]] += 1
    torch.testing.assert_close(found, total / count, atol=1e-5, rtol=1e-4)


def test_occlusion_fills_the_device_with_few_images():
    seen = []

    def score(x):
        seen.append(len(x))
        return linear(x)

    one = Occlusion(patch=1)(score, X[:1], GREY)
    assert seen == [1, 30]
    torch.testing.assert_close(one, Occlusion(patch=1)(linear, X, GREY)[:1])


def test_names_and_objects():
    assert method_of("smooth") == SmoothGradient()
    assert method_of(Occlusion(patch=3)) == Occlusion(patch=3)
    assert list(METHODS) == ["gradient", "smooth", "integrated", "occlusion"]
    with pytest.raises(UnknownNameError, match=r"Valid: gradient, integrated, occlusion, smooth"):
        method_of("lime")
    with pytest.raises(InputError, match=r"^stride is 0"):
        Occlusion(stride=0)(linear, X, GREY)
    with pytest.raises(InputError, match=r"^copies is 0"):
        SmoothGradient(copies=0)(linear, X, GREY)
