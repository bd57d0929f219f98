"""Random changes of batches: what they may do, and that a seed decides it."""

import kornia.augmentation as kornia
import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.vision.augment import RandomCrop, RandomFlip, checked, suited


def test_a_flip_mirrors_about_half_and_changes_nothing_else():
    torch.manual_seed(0)
    images = torch.rand(400, 3, 4, 6)
    found = RandomFlip()(images)
    mirrored = (found == images.flip(3)).flatten(1).all(1)
    assert bool(((found == images).flatten(1).all(1) | mirrored).all())
    assert 150 < int(mirrored.sum()) < 250


def test_a_crop_is_a_window_of_the_mirrored_image():
    torch.manual_seed(0)
    images = torch.rand(64, 2, 7, 9)
    padded = nn.functional.pad(images, (3, 3, 2, 2), mode="reflect")
    windows = {(y, x): padded[:, :, y : y + 7, x : x + 9] for y in range(5) for x in range(7)}
    found = RandomCrop((2, 3))(images)
    places = set()
    for n in range(64):
        (place,) = [at for at, one in windows.items() if torch.equal(one[n], found[n])]
        places.add(place)
    assert {y for y, _ in places} == set(range(5))
    assert {x for _, x in places} == set(range(7))


@pytest.mark.parametrize("side", [1, 2, 3])
def test_a_crop_of_tiny_images_stays_inside(side):
    images = torch.rand(8, 1, side, side)
    found = RandomCrop((2, 2))(images)
    assert found.shape == images.shape
    assert bool(torch.isin(found, images).all())


def test_the_seed_decides():
    images = torch.rand(8, 3, 16, 16)
    change = suited((16, 16), coloured=True, positions=False)
    torch.manual_seed(1)
    first = change(images)
    torch.manual_seed(1)
    assert torch.equal(change(images), first)
    assert not torch.equal(change(images), first)


def test_what_suits_grey_images_and_amounts():
    assert [type(one) for one in suited((28, 28), coloured=False, positions=False)] == [RandomCrop]
    assert len(suited((28, 28), coloured=True, positions=True)) == 0
    assert suited((28, 8), coloured=False, positions=False)[0].distance == (3, 1)


def test_kornia_is_taken_as_it_is():
    change = kornia.AugmentationSequential(
        kornia.RandomHorizontalFlip(p=0.5), kornia.RandomBrightness((0.8, 1.2))
    )
    assert checked(change, torch.rand(2, 3, 8, 8)) is change


def fails(images):
    raise RuntimeError("no such luck\nindeed")


@pytest.mark.parametrize(
    ("augment", "line"),
    [
        (3, "augment is 3: pass 'auto', None, a module, or a function of a batch"),
        (fails, "augment: fails failed on float images (2, 3, 8, 8): no such luck"),
        (
            nn.MaxPool2d(2),
            "augment: MaxPool2d returned (2, 3, 4, 4) for images (2, 3, 8, 8): keep their shape",
        ),
        (len, "augment: len returned int for images (2, 3, 8, 8): keep their shape"),
    ],
)
def test_what_cannot_change_images(augment, line):
    with pytest.raises(InputError) as caught:
        checked(augment, torch.rand(2, 3, 8, 8))
    assert str(caught.value) == line


def test_a_negative_distance_is_refused():
    with pytest.raises(InputError) as caught:
        RandomCrop((1, -1))
    assert str(caught.value) == "RandomCrop: distance is (1, -1); it must not be negative"
