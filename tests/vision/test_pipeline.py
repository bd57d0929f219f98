"""Bytes in, outputs out: scaling, changes in training alone, mirror images, parts at rest."""

import torch
from torch import nn

from lampas.vision.pipeline import FromBytes


def images(count=4):
    return torch.randint(256, (count, 3, 6, 6), dtype=torch.uint8)


def pipeline(net=None, **options):
    return FromBytes(net or nn.Flatten(), [0.1, 0.2, 0.3], [0.5, 1.0, 2.0], **options)


def test_images_are_scaled_and_normalised():
    x = images()
    mean = torch.tensor([0.1, 0.2, 0.3]).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.5, 1.0, 2.0]).reshape(1, 3, 1, 1)
    torch.testing.assert_close(pipeline()(x), ((x / 255 - mean) / deviation).flatten(1))


def test_changes_are_made_in_training_alone_on_scaled_images():
    seen = []
    whole = pipeline(augment=lambda batch: seen.append(batch) or batch * 0)
    x = images()
    whole.eval()
    before = whole(x)
    assert not seen
    whole.train()
    assert not torch.equal(whole(x), before)
    torch.testing.assert_close(seen[0], x / 255)


def test_what_changes_images_is_neither_saved_nor_trained():
    whole = pipeline(nn.Sequential(nn.Flatten(), nn.Linear(108, 2)), augment=nn.Conv2d(3, 3, 1))
    assert sorted(whole.state_dict()) == ["deviation", "mean", "net.1.bias", "net.1.weight"]
    assert len(list(whole.parameters())) == 2


def test_a_mirrored_pipeline_answers_alike_for_mirror_images():
    net = nn.Sequential(nn.Flatten(), nn.Linear(108, 2))
    whole, plain = pipeline(net, mirrored=True).eval(), pipeline(net).eval()
    x = images()
    torch.testing.assert_close(whole(x), whole(x.flip(3)))
    torch.testing.assert_close(whole(x), (plain(x) + plain(x.flip(3))) / 2)
    whole.train()
    torch.testing.assert_close(whole(x), plain(x))


def test_parts_at_rest_keep_their_statistics():
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.BatchNorm1d(108))
    whole = pipeline(net)
    whole.train_only(net[2])
    whole.train()
    whole(images())
    assert net[0].num_batches_tracked == 0
    assert net[2].num_batches_tracked == 1
    whole.train_only(None)
    whole(images())
    assert net[0].num_batches_tracked == 1
