"""What `lampas.tabular`, `images`, `texts` and `timeseries` give back: one face for all of them."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from os import PathLike
from typing import Any, Protocol, TypeVar, cast

import pandas as pd
import torch

from lampas import artifact
from lampas.artifact import Artifact
from lampas.blank import blank
from lampas.callbacks import CallbackLike, EarlyStopping
from lampas.callbacks.listening import as_list
from lampas.errors import ArtifactError
from lampas.evidence import Evidence
from lampas.export.exported import Exported
from lampas.history import History
from lampas.model import Model
from lampas.past import Past, give_past
from lampas.summary import Summary
from lampas.weights import misfit


class Fitted(Protocol):
    """A net, and all that stands between it and raw data.

    `model`: the `lampas.Model`, compiled. `metrics`: the scores on what was held out of the
    training (on the training data where nothing was). `settings`: what was chosen for the run,
    plain values; among them "rows" and "validation_rows", how many samples either side had.
    """

    model: Model
    metrics: dict[str, float]
    settings: dict[str, Any]

    @property
    def history(self) -> History:
        """Loss and metrics, a row an epoch."""
        ...

    @property
    def noun(self) -> str:
        """What one sample is called: "row", "image", "text", "window"."""
        ...

    def to(self, device: str | torch.device) -> "Fitted":
        """Move net and loss to `device`."""
        ...

    def evaluate(self, data: Any) -> dict[str, float]:
        """The loss and metrics over data that have their targets."""
        ...

    def predict(self, data: Any) -> pd.DataFrame:
        """A prediction for each sample."""
        ...

    def evidence(self) -> Evidence | None:
        """What is said of the held-out samples, beside what is true; None where none were held
        out, and of a run that was loaded: it keeps no data."""
        ...

    def export(self, path: str | PathLike[str], *, tolerance: float | None = None) -> Exported:
        """Write net and preparation for other programs; see `lampas.Model.export`."""
        ...

    def example(self) -> Any:
        """Inputs of the net for two samples, as zeros or gaps: what a summary needs."""
        ...

    def describe(self) -> dict[str, Any]:
        """What the data are, as plain values for a run's description."""
        ...

    def save(self, path: str | PathLike[str]) -> None:
        """Write all of it into one file, whole or not at all."""
        ...


M = TypeVar("M")
F = TypeVar("F", bound=Fitted)


def store(fitted: Fitted, kind: str, net: str, content: Any, path: str | PathLike[str]) -> None:
    """Write an artifact of `kind`: weights, scores, history and settings of `fitted`, the class of
    its net, and `content`, what else its kind needs to predict; whole or not at all."""
    content = {"weights": fitted.model.state_dict(), **content}
    saved = Artifact(kind, net, content, metrics=fitted.metrics, history=fitted.history.rows,
                     settings=fitted.settings, origin=fitted.model.origin)  # fmt: skip
    artifact.save(saved, path)


def restore(
    saved: Artifact,
    path: str | PathLike[str],
    kind: str,
    net: Any,
    build: Callable[[Artifact, Any], M],
) -> M:
    """What `build(saved, net)` makes of an artifact of `kind` that was read from `path`.

    A net of ours is built without memory: what sizes the file claims costs nothing before its
    weights were found to have them, and then they are the net's, without a copy.

    net: the user's own, where the run was trained with one. Raises `ArtifactError` for another
    kind of run, for a net that is missing, and where the artifact does not fit what is built.
    """
    if saved.kind != kind:
        raise ArtifactError(f"{path} holds a run of kind {saved.kind!r}, not {kind!r}")
    if net is None and saved.settings.get("own_net"):
        raise ArtifactError(
            f"{path} was trained with your net {saved.class_name}: pass it, "
            f"lampas.load({str(path)!r}, net={saved.class_name})"
        )
    try:
        with _unfilled(net):
            return build(saved, net)
    except ArtifactError:
        raise
    except _MISFITS as error:
        reason = str(error).splitlines()[-1].strip() if str(error) else type(error).__name__
        raise ArtifactError(f"{path} does not fit {net or 'this Lampas'}: {reason}") from error


_MISFITS = (
    LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RuntimeError
)  # fmt: skip
"""What values of another form than ours raise where they are read."""


def _unfilled(net: Any) -> AbstractContextManager[Any]:
    """A block in which nets of ours take no memory; the weights that a user's draws are thrown
    away."""
    return blank() if net is None else torch.random.fork_rng(devices=[])


def filled(fitted: F, saved: Artifact) -> F:
    """`fitted` with the weights, scores and history of `saved`, ready to predict on the CPU."""
    _fill(fitted.model, saved.content["weights"])
    fitted.model.eval()
    with torch.device("cpu"):  # the loss is made now, and filled with numbers
        fitted.to("cpu")
    fitted.metrics = dict(saved.metrics)
    give_past(fitted.model, Past(History.from_rows(saved.history), dict(saved.origin)))
    return fitted


def _fill(model: Model, weights: Mapping[str, torch.Tensor]) -> None:
    wanted = model.state_dict()
    complaint = misfit(weights, wanted)
    if complaint is not None:
        raise ValueError(complaint)
    laid_out = {name: _like(weights[name], own) for name, own in wanted.items()}
    model.load_state_dict(laid_out, assign=any(own.is_meta for own in wanted.values()))


def _like(value: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """`value` in the dtype and the layout of `own`: in another layout of memory other kernels
    compute, which round otherwise."""
    value = value.to(own.dtype)
    if value.stride() == own.stride():
        return value
    place = torch.empty_strided(own.shape, own.stride(), dtype=own.dtype, device=value.device)
    return place.copy_(value)


def best_kept(
    given: Sequence[CallbackLike] | CallbackLike | None, *, watched: bool, patience: int
) -> list[CallbackLike]:
    """The `given` callbacks; where held-out data are `watched`, after one that ends the run
    `patience` epochs after the lowest loss on them, and keeps the weights of that epoch."""
    found = as_list(given)
    return [EarlyStopping("val_loss", patience=patience, verbose=0), *found] if watched else found


@contextmanager
def seeded(seed: int) -> Generator[None]:
    """A block that draws from `seed`; torch's random state on the CPU is then what it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def summarized(fitted: Fitted, depth: int | None = None) -> Summary:
    """The summary of a fitted net, for inputs that tell nothing but their shapes."""
    inputs: Any = fitted.example()
    if not isinstance(inputs, dict):
        return fitted.model.summary(tuple(inputs.shape[1:]), inputs.dtype, depth=depth)
    parts = cast("dict[str, torch.Tensor]", inputs)
    shapes = {name: tuple(part.shape[1:]) for name, part in parts.items()}
    kinds = {name: part.dtype for name, part in parts.items()}
    return fitted.model.summary(shapes, kinds, depth=depth)


def shown(name: str, about: str, metrics: Mapping[str, float]) -> str:
    """The `repr` of a fitted model: its class, what it was fitted to, its scores."""
    scores = ", ".join(f"{metric} {value:.4f}" for metric, value in metrics.items())
    return f"{name}({about}; held out: {scores})"
