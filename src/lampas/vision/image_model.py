"""A fitted model for images: files or arrays in, classes or values out, all of it in one file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import pandas as pd
import torch
from torch import nn

from lampas import artifact
from lampas.callbacks.say import say_all
from lampas.cards import fitted_card
from lampas.evidence import Evidence, png_of
from lampas.fitted import filled, restore, shown, store
from lampas.history import History
from lampas.model import Model
from lampas.own_net import NetLike
from lampas.tables.schema import Schema
from lampas.tables.tabular_model import METRICS
from lampas.tables.targets import TargetCoder
from lampas.vision.album import Album, loader
from lampas.vision.augment import Augment
from lampas.vision.decode import MOST_PIXELS
from lampas.vision.own_net import Sizes, build
from lampas.vision.pipeline import FromBytes
from lampas.vision.read import Reader

if TYPE_CHECKING:
    from lampas.export.exported import Exported
    from lampas.reasons.images import Saliency
    from lampas.reasons.methods import Method

KIND = "image"
_ROWS = 256  # images at a time outside of training
_EXPLAINED = 64  # images at a time where activations are kept for gradients


@dataclass(frozen=True, slots=True)
class Form:
    """How images reach the net: their size (H, W) in pixels, their channels, mean and deviation
    of these in images scaled to [0, 1], and whether the mirror image is asked too."""

    size: tuple[int, int]
    channels: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    mirrored: bool

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Form":
        """The form that `dataclasses.asdict` wrote. Raises `ValueError` for sizes that none has."""
        height, width = plain["size"]
        mean, deviation = tuple(plain["mean"]), tuple(plain["deviation"])
        channels = plain["channels"]
        if not (type(height) is type(width) is int and min(height, width) > 0):
            raise ValueError(f"images of {height!r:.20} × {width!r:.20} pixels")
        if channels not in (1, 3) or height * width > MOST_PIXELS:
            raise ValueError(f"images of {height:,} × {width:,} pixels, {channels!r:.20} channels")
        if not len(mean) == len(deviation) == channels:
            raise ValueError(f"{len(mean)} means and {len(deviation)} deviations of channels")
        return cls((height, width), channels, mean, deviation, plain["mirrored"])

    def sizes(self, targets: TargetCoder) -> Sizes:
        """What the constructor of a net may ask for."""
        return Sizes(self.channels, *self.size, targets.outputs, targets.task)


@final
class ImageModel:
    """What `lampas.images` returns: a net, and all that stands between it and image files.

    `model`: the `lampas.Model`, compiled; it takes uint8 (N, C, H, W). `form`: how images reach
    it. `schema`: what is predicted. `targets`: how that is written for the loss. `metrics`: the
    scores on the held-out images (on the training images where none were held out).

    >>> import lampas, numpy as np, tempfile
    >>> y = np.array(["dark", "light"] * 20)
    >>> x = np.where(y == "light", 200, 50)[:, None, None] + np.zeros((40, 8, 8))
    >>> model = lampas.images((x.astype("uint8"), y), epochs=2, verbose=0)
    >>> model.predict(x[:2].astype("uint8")).columns.tolist()
    ['target', 'probability of dark', 'probability of light']
    >>> with tempfile.TemporaryDirectory() as run:
    ...     model.save(f"{run}/model.lampas")
    ...     again = ImageModel.load(f"{run}/model.lampas")
    >>> again.predict(x.astype("uint8")).equals(model.predict(x.astype("uint8")))
    True
    """

    def __init__(
        self,
        net: nn.Module,
        form: Form,
        schema: Schema,
        targets: TargetCoder,
        settings: Mapping[str, Any],
        augment: Augment | None = None,
    ) -> None:
        self._net = type(net).__name__
        self.pipeline = FromBytes(net, form.mean, form.deviation, augment, mirrored=form.mirrored)
        self.model = Model(targets.rescaled(self.pipeline))
        self.form = form
        self.schema = schema
        self.targets = targets
        self.settings = dict(settings)
        self.metrics: dict[str, float] = {}
        self.held_out: Album | None = None

    noun = "image"

    @property
    def history(self) -> History:
        """Loss and metrics, a row an epoch; `val_` is for the held-out images."""
        return self.model.history

    def loss(self) -> nn.Module:
        """The loss of this model's task, over outputs and targets as the net has them."""
        return self.targets.loss()

    def to(self, device: str | torch.device) -> "ImageModel":
        """Move net and loss to `device` ("auto": the accelerator where there is one).

        The model is then compiled for evaluating and predicting, without an optimiser.
        """
        self.model.compile(None, self.loss(), list(METRICS[self.targets.task]), device=device)
        return self

    def evaluate(
        self,
        data: Any,
        *,
        image_column: str | None = None,
        batch_size: int = _ROWS,
        workers: int | None = None,
    ) -> dict[str, float]:
        """The loss and metrics over all images of `data`, which have their targets.

        data: what `lampas.images` takes; of a folder with splits the held-out one counts. Images
        that cannot be decoded are left out, and told on stderr. A score that the images do not
        define, such as roc_auc of one class alone, is nan.

        Raises `DataError` where the data do not fit the run, naming the first that does not.
        """
        reader = Reader(self.form.size, self.form.channels, workers)
        album = reader.labelled(data, self.schema, self._column(image_column))
        say_all(reader.remarks)
        return self.score(album, batch_size)

    def _column(self, named: str | None) -> str | None:
        """A table's column of paths: as named now, or as it was in training."""
        return self.settings.get("image_column") if named is None else named

    def score(self, album: Album, batch_size: int = _ROWS) -> dict[str, float]:
        """The loss and metrics over images that were read already."""
        truth = self.targets.encode(album.frame)
        return self.model.evaluate(loader(album, truth, batch_size=batch_size))

    def predict(
        self,
        data: Any,
        *,
        image_column: str | None = None,
        batch_size: int = _ROWS,
        workers: int | None = None,
    ) -> pd.DataFrame:
        """A prediction for each image, with the images' names as its index.

        data: the path of one image, of a folder, an archive or a CSV; a list of paths; or uint8
        arrays (N, H, W), (N, H, W, C) or (N, C, H, W). Columns: see `TargetCoder.decode`. Images
        that cannot be decoded are left out, and told on stderr.

        Raises `DataError` where there is no image that can be read.
        """
        reader = Reader(self.form.size, self.form.channels, workers)
        album = reader.unlabelled(data, self.schema, self._column(image_column))
        say_all(reader.remarks)
        outputs = self.model.predict(loader(album, batch_size=batch_size))
        return self.targets.decode(outputs, album.names)

    def saliency(
        self,
        data: Any,
        target: Any = None,
        method: "str | Method" = "occlusion",
        *,
        image_column: str | None = None,
        batch_size: int = _EXPLAINED,
        workers: int | None = None,
    ) -> "Saliency":
        """Which pixels the answer hangs on: `heat`, float32 (N, H, W) from 0 to 1, with the signed
        `values` behind it, what they explain, a prediction each, and a `plot`.

        data, image_column, workers: as `predict` takes them. target: the class that is explained,
        or the column where there are several targets; None is each image's predicted class.
        What is explained is the log odds of the class, log(p / (1 − p)); the logit of one of
        several yes/no targets; or the amount.

        method: "occlusion" (Zeiler & Fergus 2014), "gradient" (Simonyan et al. 2013), "smooth"
        (Smilkov et al. 2017), "integrated" (Sundararajan et al. 2017), or one of
        `lampas.reasons` with settings of your own, as `Occlusion(patch=8)`; a formula stands
        with each. Pixels are those that the net reads, from 0 to 1 before they are normalised;
        the mirror image is part of the answer where `predict` asks for it too.

        Nothing of the model changes: weights, gradients, modes, random states. Raises
        `DataError` as `predict`, `UnknownNameError` for a class or method that is none,
        `InputError` where one of several targets has to be named, or the net has no gradient.

        >>> import lampas, numpy as np
        >>> y = np.array(["dark", "light"] * 20)
        >>> x = np.where(y == "light", 200, 50)[:, None, None] + np.zeros((40, 8, 8))
        >>> model = lampas.images((x.astype("uint8"), y), epochs=2, verbose=0)
        >>> found = model.saliency(x[:3].astype("uint8"), target="light")
        >>> found.heat.shape, found.targets
        ((3, 8, 8), ('light', 'light', 'light'))
        """
        from lampas.reasons.images import saliency

        reader = Reader(self.form.size, self.form.channels, workers)
        album = reader.unlabelled(data, self.schema, self._column(image_column))
        say_all(reader.remarks)
        return saliency(self.model, self.targets, album, self.form.mean, target, method, batch_size)

    def export(self, path: str | PathLike[str], *, tolerance: float | None = None) -> "Exported":
        """Write the model for other programs: as `lampas.Model.export`, with scaling,
        normalisation and the mirror image in the graph, and what `predict` says as its output.

        Input: "images", uint8 (batch, C, H, W), of the model's size, RGB or grey. Output:
        "probabilities" (batch, classes), of several yes/no targets those of the second class; or
        "values" (batch, targets). Classes and size stand as JSON in the file, as
        `lampas.TabularModel.export` says. Decoding and resizing of files come before it.
        """
        from lampas.export.write import export
        from lampas.vision.portable import portable

        return export(portable(self), path, tolerance)

    def save(self, path: str | PathLike[str]) -> None:
        """Write net, normalisation, schema, scores and history into one file, whole or not at
        all. What changed the images in training is not saved: it is for training alone."""
        content = {
            "form": asdict(self.form),
            "schema": self.schema.to_json(),
            "targets": self.targets.to_json(),
        }
        store(self, KIND, self._net, content, path)

    @classmethod
    def load(cls, path: str | PathLike[str], net: NetLike | None = None) -> "ImageModel":
        """The model that `save` wrote. net: as it was passed to `lampas.images`.

        Raises `ArtifactError` for a damaged or foreign file, for a run with a net of the
        user's when `net` is not passed, and where the weights do not fit it.
        """
        return cls.from_artifact(artifact.read(path), path, net)

    @classmethod
    def from_artifact(
        cls, saved: artifact.Artifact, path: str | PathLike[str], net: NetLike | None = None
    ) -> "ImageModel":
        """The model in an artifact that was read from `path`."""
        return restore(saved, path, KIND, net, _restored)

    def evidence(self) -> Evidence | None:
        """What is said of the held-out images, beside what is true; None where there are none."""
        album = self.held_out
        if album is None:
            return None
        outputs = self.model.predict(loader(album, batch_size=_ROWS))
        predicted = self.targets.decode(outputs, album.names)
        return Evidence.of(
            self.targets,
            album.frame,
            predicted,
            lambda places: [{"image": png_of(one.numpy())} for one in album[places]],
        )

    def example(self) -> torch.Tensor:
        """Two black images, uint8 (2, C, H, W)."""
        return torch.zeros((), dtype=torch.uint8).expand(2, self.form.channels, *self.form.size)

    def describe(self) -> dict[str, Any]:
        """The form of the images and the schema, as plain values."""
        return {"images": asdict(self.form), "schema": self.schema.to_json()}

    @property
    def _about(self) -> str:
        return f"{self.schema.task} of {', '.join(self.targets.names)}, {self._net}"

    def __repr__(self) -> str:
        return shown("ImageModel", self._about, self.metrics)

    def _repr_html_(self) -> str:
        return fitted_card("ImageModel", self._about, self)


def _restored(saved: artifact.Artifact, net: NetLike | None) -> ImageModel:
    content = saved.content
    form = Form.from_json(content["form"])
    targets = TargetCoder.from_json(content["targets"])
    built, _ = build(net, form.sizes(targets))
    restored = ImageModel(built, form, Schema.from_json(content["schema"]), targets, saved.settings)
    return filled(restored, saved)
