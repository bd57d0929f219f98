"""`Model.save` and `lampas.load`: a model to one file, and back."""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from lampas.artifact import Artifact, read
from lampas.callbacks.say import say
from lampas.errors import ArtifactError
from lampas.history import History
from lampas.model import Model
from lampas.past import Past, give_past
from lampas.torchfile import is_torch_file, read_weights
from lampas.weights import loaded_into

if TYPE_CHECKING:
    from lampas.fitted import Fitted

FITTED = {
    "image": "lampas.vision.image_model:ImageModel",
    "tabular": "lampas.tables.tabular_model:TabularModel",
    "text": "lampas.text.text_model:TextModel",
    "timeseries": "lampas.series.series_model:SeriesModel",
}
"""Kind of a saved run: the class that reads it. Imported when needed: pandas and more with it."""


_MODEL = "model.lampas"  # of `lampas train`


def load(
    path: str | os.PathLike[str],
    net: Any = None,
    device: str | torch.device | None = None,
) -> "Model | Fitted":
    """The model that was saved at `path`; no code is taken from the file.

    path: a file of `save`; the folder of a run of `lampas train`; a folder of
        `fit(checkpoint=...)`, of which the newest whole checkpoint is taken, or one in it.

    net: an object of the class whose weights these are: the module that was wrapped, or the
        `lampas.Model` subclass. Not needed for models that Lampas makes itself, such as those of
        `lampas.tabular`, unless they were given a net of the user's.
    device: where the model shall be; None leaves `net` where it is.

    The history comes back with the model, and the first `compile` goes on with the optimiser
    state that was saved. A state dict that `torch.save` wrote (.pt, .pth) has weights alone; it is
    looked through and then read with `weights_only=True`, and never otherwise.

    Raises `ArtifactError` where the file is missing, damaged or foreign, or its weights do not
    fit `net`; then `net` is unchanged. `InputError` where `net` is a class.

    >>> import lampas, tempfile, torch
    >>> model = lampas.Model(torch.nn.Linear(2, 1))
    >>> with tempfile.TemporaryDirectory() as run:
    ...     model.save(f"{run}/model.lampas")
    ...     again = lampas.load(f"{run}/model.lampas", net=torch.nn.Linear(2, 1))
    >>> x = torch.rand(4, 2)
    >>> bool((again.predict(x) == model.predict(x)).all())
    True
    """
    if os.path.isdir(path) and os.path.isfile(os.path.join(path, _MODEL)):
        path = os.path.join(path, _MODEL)
    if os.path.isdir(path):
        artifact = _of_checkpoint(Path(path))
    else:
        artifact = read_weights(path, net) if is_torch_file(path) else read(path)
    if artifact.kind in FITTED:
        fitted = load_fitted(artifact, path, net)
        if device is not None:
            fitted.to(device)
        return fitted
    saved = artifact.content.get("optimizers", {})
    if not isinstance(saved, dict):
        raise ArtifactError(f"{path} holds optimizers in no dict: it was edited or is damaged")
    history = History.from_rows(artifact.history)
    # A model around the user's net has the weights under the net's own names.
    inside = net.net if type(net) is Model else net
    target = loaded_into(inside, artifact, os.fspath(path), device)
    model = net if isinstance(net, Model) else Model(target)
    give_past(model, Past(history, dict(artifact.origin), optimizers=dict(saved)))
    return model


def _of_checkpoint(path: Path) -> Artifact:
    """What a checkpoint knows of the model alone."""
    from lampas.state.folder import Folder, number_of

    number = number_of(path)
    if number is not None:
        state = Folder(path.parent).read(number)
    else:
        found = Folder(path).newest(say)
        if found is None:
            raise ArtifactError(f"{path} is a folder without a checkpoint: name the .lampas file")
        _, state = found
    content = {"weights": state.weights, "optimizers": state.optimizers}
    return Artifact(
        "model", str(state.about["net"]), content, history=state.history, origin=state.about
    )


def load_fitted(artifact: Artifact, path: str | os.PathLike[str], net: Any = None) -> "Fitted":
    """The run in `artifact`, read from `path`, by the class that its kind has in `FITTED`."""
    if artifact.kind not in FITTED:
        known = ", ".join(sorted(FITTED))
        raise ArtifactError(f"{path} holds a run of kind {artifact.kind!r}; known are: {known}")
    module, _, name = FITTED[artifact.kind].partition(":")
    return getattr(importlib.import_module(module), name).from_artifact(artifact, path, net)
