"""Saliency of a real training: it lies where the class is decided, and leaves no trace."""

import numpy as np
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, ShapeError, UnknownNameError
from lampas.reasons import Gradient, Integrated, Occlusion, SmoothGradient

from .squares import with_squares

METHODS = ["gradient", "smooth", "integrated", "occlusion"]


@pytest.fixture(scope="module")
def fitted():
    x, y, _ = with_squares(240)
    model = lampas.images((x, y), epochs=8, verbose=0)
    assert model.metrics["accuracy"] > 0.9
    return model


@pytest.fixture(scope="module")
def squares():
    """20 images with a square, and where it lies."""
    x, y, inside = with_squares(40, seed=1)
    return x[y == "square"], inside[y == "square"]


@pytest.mark.parametrize("method", METHODS)
def test_it_lies_on_the_square_that_decides(fitted, squares, method):
    x, inside = squares
    found = fitted.saliency(x, "square", method)
    assert found.heat.shape == x.shape
    assert found.heat.dtype == found.values.dtype == np.float32
    assert found.heat.min() >= 0
    assert found.heat.max() == 1
    assert found.targets == ("square",) * len(x)
    assert found.method == method
    on, off = found.heat[inside].mean(), found.heat[~inside].mean()
    assert on > 3 * off
    if method in ("integrated", "occlusion"):
        assert found.values[inside].mean() > 0
        against = fitted.saliency(x, "plain", method)
        np.testing.assert_allclose(against.values, -found.values, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_model_changes(fitted, squares, unchanged, method):
    x, _ = squares
    fitted.model.train()
    before = x.copy()
    with unchanged(fitted.model), torch.inference_mode():
        first = fitted.saliency(x, None, method)
    fitted.model.eval()
    with unchanged(fitted.model), torch.no_grad():
        again = fitted.saliency(x, None, method, batch_size=7)
    np.testing.assert_allclose(first.values, again.values, atol=1e-4)
    assert (x == before).all()


def test_integrated_values_sum_to_what_the_image_adds(fitted, squares):
    x, _ = squares
    grey = fitted.form.mean[0]
    found = fitted.saliency(x, "square", Integrated(steps=200))
    pixels = torch.from_numpy(x)[:, None].float()
    with torch.no_grad():
        sign = 1 if fitted.targets.classes[0][1] == "square" else -1
        added = sign * (fitted.model(pixels) - fitted.model(torch.full_like(pixels, 255 * grey)))
    expected = added[:, 0].numpy()
    np.testing.assert_allclose(found.values.sum((1, 2)), expected, atol=0.03 * abs(expected).max())


def test_the_predicted_class_is_explained_where_none_is_named(fitted):
    x, _, _ = with_squares(20, seed=2)
    found = fitted.saliency(x, method="gradient")
    assert list(found.targets) == found.predictions["target"].tolist()
    assert found.predictions.equals(fitted.predict(x))
    assert (found.images[:, 0] == x).all()
    assert len(found) == 20


class Weighed(nn.Module):
    """Known weights: amounts that two pixels make, or logits of three classes."""

    def __init__(self, outputs):
        super().__init__()
        self.last = nn.Linear(3 * 4, outputs)
        with torch.no_grad():
            self.last.weight.zero_()
            self.last.bias.zero_()
            self.last.weight[:, 5] = torch.arange(1.0, outputs + 1)

    def forward(self, x):
        return self.last(x.flatten(1))


def a_linear_model(y):
    x = np.random.default_rng(0).integers(0, 255, (len(y), 2, 2, 3), dtype=np.uint8)
    return x, lampas.images((x, y), net=Weighed, epochs=1, verbose=0, augment=None)


def test_a_linear_net_is_explained_exactly():
    """Pixel 1 of channel 1 has weight w: gradient w / deviation, value w · (pixel − mean) / dev."""
    x, model = a_linear_model(np.arange(30.0))
    net = model.pipeline.net.last
    weight = net.weight.detach()[0, 5] * model.model.net.scale[0] / model.form.deviation[1]
    with torch.no_grad():
        net.weight[:, :5] = 0
        net.weight[:, 6:] = 0
    gradient = model.saliency(x, method=Gradient()).values
    np.testing.assert_allclose(gradient[:, 0, 1], abs(float(weight)), rtol=1e-4)
    assert not gradient[:, 1].any()
    expected = float(weight) * (x[:, 0, 1, 1] / 255 - model.form.mean[1])
    for method in (Integrated(steps=1), Occlusion(patch=1, stride=1)):
        found = model.saliency(x, method=method)
        np.testing.assert_allclose(found.values[:, 0, 1], expected, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.values.sum((1, 2)), expected, rtol=1e-3, atol=1e-4)
    assert found.targets[0] == "target"


def test_noise_is_drawn_from_its_own_seed(fitted, squares):
    x, _ = squares
    first = fitted.saliency(x, method=SmoothGradient(copies=3, seed=1)).values
    assert (first == fitted.saliency(x, method=SmoothGradient(copies=3, seed=1)).values).all()
    assert (first != fitted.saliency(x, method=SmoothGradient(copies=3, seed=2)).values).any()


def test_several_targets_want_a_name():
    x, model = a_linear_model(np.random.default_rng(0).integers(0, 2, (30, 2)))
    with pytest.raises(InputError, match=r"^target=None, but there are several: pass one of t"):
        model.saliency(x)
    assert model.saliency(x, "target 2", "gradient").targets == ("target 2",) * 30
    assert model.saliency(x, "target 2").plot() is not None


class Blind(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.last = nn.Linear(channels, outputs)

    def forward(self, x):
        return self.last(x.mean((2, 3)).detach().round())


def test_what_cannot_be_is_one_line(fitted, squares):
    x, _ = squares
    with pytest.raises(UnknownNameError, match=r"^unknown class 'circle'. Valid: plain, square$"):
        fitted.saliency(x, "circle")
    with pytest.raises(UnknownNameError, match=r"^unknown method 'smoth': did you mean 'smooth'"):
        fitted.saliency(x, method="smoth")
    with pytest.raises(InputError, match=r"^patch is 17: the images are 16 pixels on a side$"):
        fitted.saliency(x, method=Occlusion(patch=17))
    with pytest.raises(InputError, match=r"^steps is 0: it must be a whole number, 1 or more$"):
        fitted.saliency(x, method=Integrated(steps=0))
    with pytest.raises(ShapeError, match=r"make them so"):
        fitted.saliency(x[:, :8])
    x, y, _ = with_squares(40)
    blind = lampas.images((x, y), net=Blind, epochs=1, verbose=0)
    with pytest.raises(InputError, match=r"^the net's output has no gradient of its input"):
        blind.saliency(x, method="gradient")
    assert blind.saliency(x, method="occlusion").heat.max() <= 1


def test_a_frozen_net_has_its_gradients(fitted, squares, unchanged):
    x, _ = squares
    expected = fitted.saliency(x, method="gradient").values
    for parameter in fitted.model.parameters():
        parameter.requires_grad_(False)
    with unchanged(fitted.model):
        assert (fitted.saliency(x, method="gradient").values == expected).all()
    for parameter in fitted.model.parameters():
        parameter.requires_grad_(True)


def test_captum_takes_the_model_as_it_is(fitted, squares):
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    x, _ = squares
    pixels = torch.from_numpy(x)[:, None].float()
    grey = torch.full_like(pixels, 255 * fitted.form.mean[0])
    fitted.model.eval()
    theirs = captum.IntegratedGradients(fitted.model).attribute(pixels, grey, n_steps=32)
    ours = fitted.saliency(x, fitted.targets.classes[0][1], Integrated(steps=32)).values
    np.testing.assert_allclose(theirs.detach().sum(1).numpy(), ours, atol=1e-3)
