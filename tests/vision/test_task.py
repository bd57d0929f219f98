"""`lampas.images` as a whole: every form of data and every task, at small size."""

import io
import tarfile

import kornia.augmentation as kornia
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, UnknownNameError
from lampas.vision.task import _epochs


def fit(data, *targets, **options):
    return lampas.images(data, *targets, **{"epochs": 3, "verbose": 0, **options})


def refused(data, **options):
    with pytest.raises(InputError) as caught:
        fit(data, **options)
    return str(caught.value)


class Small(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3)
        self.fc = nn.Linear(4, outputs)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))


@pytest.fixture(scope="module")
def from_folder(pictures, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMPAS_CACHE", str(tmp_path_factory.mktemp("cache")))
        return fit(pictures, epochs=6)


def test_a_folder(from_folder):
    assert from_folder.metrics["accuracy"] > 0.9
    assert list(from_folder.metrics) == ["loss", "accuracy", "roc_auc", "average_precision", "f1"]
    assert from_folder.settings["rows"] == 48
    assert from_folder.settings["validation_rows"] == 12
    assert from_folder.settings["target"] == ["class"]
    assert len(from_folder.history) == 6
    assert from_folder.form.mirrored
    best = min(row["val_loss"] for row in from_folder.history.rows)
    assert from_folder.metrics["loss"] == pytest.approx(best, abs=1e-5)


def test_an_archive_gives_what_the_folder_gave(pictures, from_folder):
    target = pictures.parent / "pictures.tar"
    with tarfile.open(target, "w") as archive:
        for path in sorted(pictures.rglob("*.png")):
            archive.add(path, str(path.relative_to(pictures)))
    assert fit(target, epochs=6).metrics == from_folder.metrics


def test_a_table_of_paths_with_several_targets(pictures, tmp_path):
    paths = sorted(pictures.rglob("*.png"))
    frame = pd.DataFrame({
        "file": [str(path) for path in paths],
        "warm": [int(path.parent.name == "warm") for path in paths],
        "late": [int(path.stem > "030") for path in paths],
    })  # fmt: skip
    frame.to_csv(tmp_path / "pictures.csv", index=False)
    found = fit(tmp_path / "pictures.csv", ["warm", "late"])
    assert list(found.metrics) == ["loss", "accuracy", "roc_auc"]
    said = found.predict([str(paths[0])])
    assert said.columns.tolist() == [
        "warm", "late", "probability of warm=1", "probability of late=1",
    ]  # fmt: skip
    assert said.index.tolist() == [str(paths[0])]


def test_amounts_are_in_their_units():
    rng = np.random.default_rng(0)
    amounts = rng.uniform(1000, 2000, 80)
    x = (amounts[:, None, None] / 10 + rng.normal(0, 3, (80, 8, 8))).astype(np.uint8)
    found = fit((x, amounts), "weight", epochs=15)
    assert list(found.metrics) == ["loss", "mae", "rmse", "r2"]
    assert found.metrics["r2"] > 0.8
    said = found.predict(x[:5])
    assert said.columns.tolist() == ["weight"]
    np.testing.assert_allclose(said["weight"], amounts[:5], atol=300)
    assert not found.form.mirrored


def test_several_classes(colours):
    x, _ = colours
    bands = np.repeat(np.array(["low", "mid", "high"]), 20)
    levels = {"low": 0, "mid": 100, "high": 200}
    grey = (x[..., 0] // 8 + np.array([levels[one] for one in bands])[:, None, None]).astype("u1")
    found = fit((grey, bands), epochs=30)
    assert found.targets.task == "multiclass"
    assert found.metrics["accuracy"] > 0.9
    assert not found.form.mirrored
    assert found.predict(grey[:1]).columns.tolist() == [
        "target", "probability of high", "probability of low", "probability of mid",
    ]  # fmt: skip


def test_the_seed_decides_and_the_random_state_stays(colours):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, two, other = (fit(colours, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert one.history.rows == two.history.rows
    assert one.history.rows != other.history.rows


def test_shuffled_labels_are_not_learnt():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (400, 8, 8), dtype=np.uint8)
    found = fit((x, rng.permutation(np.arange(400) % 2)), validation=0.5, epochs=4)
    assert 0.35 < found.metrics["accuracy"] < 0.65


def test_nothing_held_out_trains_every_epoch(colours):
    found = fit(colours, validation=None, epochs=2)
    assert found.settings["validation_rows"] == 0
    assert found.metrics == found.evaluate(colours)
    assert "val_loss" not in found.history.columns


def test_small_data_get_more_epochs():
    assert [_epochs(rows, 16) for rows in (48, 320, 1000)] == [60, 30, 15]


def test_patience_ends_the_cycle_sooner():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    found = fit((x, np.arange(40) % 2), epochs=40, patience=2)
    assert len(found.history) < 40


def test_the_rate_makes_one_cycle(colours):
    rates = [row["lr"] for row in fit(colours, epochs=5, validation=None).history.rows]
    assert max(rates) == pytest.approx(3e-3, rel=0.3)
    assert rates[-1] < 1e-4
    given = fit(colours, epochs=2, validation=None, optimizer=lambda p: torch.optim.SGD(p, lr=0.5))
    assert given.history.rows[-1]["lr"] < 0.1
    assert isinstance(given.model.optimizer, torch.optim.SGD)


def test_changes_of_the_users_are_made_in_training_alone(colours):
    seen = []

    def change(batch):
        seen.append(batch.shape)
        return batch

    found = fit(colours, augment=change, epochs=2, batch_size=16)
    assert len(seen) == 1 + 2 * 3  # tried once; three batches an epoch
    assert not found.form.mirrored
    before = len(seen)
    found.evaluate(colours)
    found.predict(colours[0])
    assert len(seen) == before


def test_kornia_changes_images_reproducibly(colours):
    def change():
        return kornia.AugmentationSequential(
            kornia.RandomHorizontalFlip(p=0.5), kornia.RandomAffine(10.0, p=1.0)
        )

    one, two = (fit(colours, augment=change(), epochs=2) for _ in range(2))
    assert one.history.rows == two.history.rows
    assert one.history.rows != fit(colours, augment=None, epochs=2).history.rows
    assert not any("RandomAffine" in name for name in one.model.state_dict())


def test_evaluation_and_prediction_do_not_draw(from_folder, colours):
    assert from_folder.evaluate(colours) == from_folder.evaluate(colours)
    first = from_folder.predict(colours[0])
    pd.testing.assert_frame_equal(from_folder.predict(colours[0]), first, check_exact=True)


def test_a_net_of_the_users_by_its_class(colours):
    found = fit(colours, net=Small, epochs=12)
    assert found.settings["own_net"]
    assert found.targets.outputs == 1
    assert repr(found).startswith("ImageModel(binary of target, Small; held out: loss ")


def test_a_backbone_with_another_head(colours, capsys):
    found = fit(colours, net=Small(3, 1000), epochs=1, verbose="auto")
    assert capsys.readouterr().err == (
        "the net's last layer, fc, gave 1000 outputs: a fresh one of 1 is in its place\n"
    )
    assert found.targets.task == "binary"


def test_a_net_with_two_outputs_for_two_classes(colours):
    net = Small(3, 2)
    found = fit(colours, net=net, epochs=1)
    assert found.targets.task == "multiclass"
    assert net.fc.out_features == 2


def test_fine_tuning_is_one_run_of_two_phases(colours):
    net = Small(3, 2)
    before = net.conv.weight.detach().clone()
    changed = []
    found = fit(
        colours, net=net, fine_tune=2, epochs=4,
        callbacks=lambda event: changed.append(not torch.equal(net.conv.weight, before)),
    )  # fmt: skip
    assert changed == [False, False, True, True]
    assert found.history.frame["epoch"].tolist() == [1, 2, 3, 4]
    assert all(one.requires_grad for one in net.parameters())


def test_normalisation_as_asked_or_as_the_net_wants(colours):
    asked = ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    found = fit(colours, normalise=asked, epochs=1)
    assert (found.form.mean, found.form.deviation) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    torch.testing.assert_close(found.pipeline.mean.flatten(), torch.tensor(asked[0]))
    net = Small(3, 1)
    net.default_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
    assert fit(colours, net=net, epochs=1).form.deviation == (0.25, 0.25, 0.25)
    for wrong in (([0.1], [0.2]), (0.5, 0.5), ([0.5] * 3,), ("abc", "def")):
        assert refused(colours, normalise=wrong) == (
            f"normalise is {wrong!r}: pass (means, deviations), each with 3 numbers for the "
            "channels, deviations above 0"
        )


def test_rare_classes_are_weighted(colours, capsys):
    x, _ = colours
    found = fit((x, ["rare"] * 4 + ["often"] * 56), epochs=1, verbose="auto")
    assert found.settings["class_weight"] == {"often": 0.5333, "rare": 8.0}
    assert capsys.readouterr().err.startswith("classes differ 15-fold in size and are weighted (")


def test_bad_arguments(colours):
    assert refused(colours, fine_tune=1) == (
        "fine_tune needs a net that has learnt already: bring yours"
    )
    assert refused(colours, optimizer=torch.optim.SGD([torch.zeros(1)], 0.1)) == (
        "optimizer was made before the net: pass its name, or a function of the parameters, "
        "as lambda p: torch.optim.SGD(p, lr=0.1)"
    )
    for name in ("epochs", "patience", "batch_size"):
        assert refused(colours, **{name: 0}) == (
            f"{name} is 0: it must be a whole number, 1 or more"
        )
    with pytest.raises(UnknownNameError) as caught:
        fit(colours, augment="flips")
    assert str(caught.value) == "unknown augment 'flips'. Valid: auto"


def test_the_headline_of_a_run(colours, capsys):
    fit(colours, epochs=1, verbose=2)
    assert capsys.readouterr().err.startswith(
        "images: 48 to learn from, 12 held out; 12 × 12 pixels, RGB\ntarget: cold 24, warm 24\n"
    )


def test_other_files_than_images_in_an_archive_do_no_harm(pictures, tmp_path):
    target = tmp_path / "mixed.tar"
    with tarfile.open(target, "w") as archive:
        archive.add(pictures, "top")
        note = tarfile.TarInfo("top/warm/notes.txt")
        note.size = 2
        archive.addfile(note, io.BytesIO(b"hi"))
    assert fit(target, epochs=1).settings["rows"] == 48
