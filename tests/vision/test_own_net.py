"""A net of the user's is made for the images, or its head is replaced, or one line says why not."""

import pytest
import torch
from torch import nn

from lampas.errors import InputError, ShapeError
from lampas.vision.net import ResidualNet
from lampas.vision.own_net import Sizes, build, head_of, wanted_normalisation

SIZES = Sizes(channels=3, height=8, width=8, outputs=5, task="multiclass")


class Backbone(nn.Module):
    """With the shape of torchvision's resnets: the head is `fc`."""

    def __init__(self, outputs=1000):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, outputs, bias=outputs != 7)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


class Timm(Backbone):
    """With the shape of timm's models: they know their classes, and what images they want."""

    def __init__(self):
        super().__init__()
        self.num_classes = 1000
        self.pretrained_cfg = {"mean": (0.5, 0.4, 0.3), "std": [0.2, 0.2, 0.2]}


class Mobile(nn.Module):
    """With the shape of torchvision's mobilenets: the head is the last of `classifier`."""

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 4, 8)
        self.classifier = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.1), nn.Linear(6, 1000))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


@pytest.mark.parametrize("channels", ["channels", "in_channels", "in_chans"])
@pytest.mark.parametrize("side", ["size", "image_size", "img_size", "height", "width"])
def test_sizes_by_name(channels, side):
    scope = {"nn": nn}
    exec(
        f"def make({channels}, {side}, num_classes):\n"
        f"  return nn.Sequential(nn.Flatten(), nn.Linear({channels} * {side} ** 2, num_classes))",
        scope,
    )
    net, line = build(scope["make"], SIZES)
    assert (net[1].in_features, net[1].out_features, line) == (192, 5, None)


def test_one_side_is_none_of_images_that_are_not_square():
    wide = Sizes(channels=3, height=8, width=9, outputs=5, task="multiclass")
    with pytest.raises(InputError) as caught:
        build(lambda image_size: nn.Flatten(), wide)
    assert str(caught.value) == (
        "<lambda> needs 'image_size', which is no shape of images: give it a default, or ask for "
        "one of channels, in_channels, in_chans, height, width, outputs, out_features, "
        "n_outputs, classes, n_classes, num_classes"
    )


def test_none_is_the_built_in():
    assert isinstance(build(None, SIZES)[0], ResidualNet)


@pytest.mark.parametrize(
    ("net", "head"), [(Backbone(), "fc"), (Timm(), "fc"), (Mobile(), "classifier.2")]
)
def test_a_head_of_another_width_is_replaced(net, head):
    built, line = build(net, SIZES)
    assert built is net
    assert line == (
        f"the net's last layer, {head}, gave 1000 outputs: a fresh one of 5 is in its place"
    )
    assert net(torch.rand(2, 3, 8, 8)).shape == (2, 5)
    assert build(net, SIZES)[1] is None
    assert getattr(net, "num_classes", 5) == 5


def test_a_head_keeps_what_it_lacks():
    net = Backbone(7)
    build(net, SIZES)
    assert net.fc.bias is None


def test_the_mode_and_the_weights_of_the_rest_stay():
    net = Backbone().train()
    before = net.conv.weight.clone()
    build(net, SIZES)
    assert net.training
    assert torch.equal(net.conv.weight, before)


def test_the_head_is_the_last_linear():
    assert head_of(Mobile())[0] == "classifier.2"
    assert head_of(nn.Conv2d(3, 4, 3)) is None


class Pair(Backbone):
    def forward(self, x):
        return super().forward(x), x


def test_what_does_not_fit():
    with pytest.raises(ShapeError) as caught:
        build(nn.Conv2d(3, 5, 8), SIZES)
    assert str(caught.value) == (
        "Conv2d returned (2, 5, 1, 1) for 2 images, and these targets need (2, 5): give its last "
        "layer so many, or let its constructor ask for outputs, or for classes"
    )
    with pytest.raises(ShapeError) as caught:
        build(Pair(), SIZES)
    assert str(caught.value) == (
        "Pair returned a tuple for 2 images, and these targets need (2, 5): give its last layer "
        "so many, or let its constructor ask for outputs, or for classes"
    )
    with pytest.raises(ShapeError) as caught:
        build(nn.Sequential(nn.Flatten(), nn.Linear(192, 6), nn.Linear(6, 4), nn.GLU()), SIZES)
    assert str(caught.value) == (
        "Sequential returned (2, 2) for 2 images, and these targets need (2, 5): give its last "
        "layer so many, or let its constructor ask for outputs, or for classes"
    )


def test_a_net_that_cannot_read_the_images():
    with pytest.raises(InputError) as caught:
        build(nn.Sequential(nn.Flatten(), nn.Linear(100, 5)), SIZES)
    assert str(caught.value) == (
        "Sequential.forward failed on images (2, 3, 8, 8): mat1 and mat2 shapes cannot be "
        "multiplied (2x192 and 100x5): take channels, height and width in its constructor, or "
        "choose size and channels"
    )


def test_a_bare_linear_has_no_head_to_replace():
    class Flat(nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1))

    with pytest.raises(ShapeError) as caught:
        build(Flat(192, 9), SIZES)
    assert str(caught.value) == (
        "the net is one Linear with 9 outputs, and these targets need 5: pass nn.Linear(..., 5)"
    )


def test_what_timm_says_of_its_images():
    assert wanted_normalisation(Timm()) == ([0.5, 0.4, 0.3], [0.2, 0.2, 0.2])
    assert wanted_normalisation(Backbone()) is None
