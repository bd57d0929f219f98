"""`lampas.report`: the page of a run's folder, of a fitted net, or of a model of one's own."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lampas.errors import InputError
from lampas.model import Model
from lampas.page.build import write_page
from lampas.record.files import REPORT
from lampas.tables.schema import Scalar

if TYPE_CHECKING:
    from lampas.fitted import Fitted


def report(
    of: "str | os.PathLike[str] | Fitted | Model",
    out: str | os.PathLike[str] | None = None,
    *,
    held_out: Any = None,
    classes: Sequence[Scalar] | None = None,
) -> Path:
    """Write one self-contained HTML page that shows what a training was; where it is.

    of: the folder of a run, as `lampas train` and `lampas.callbacks.Record` leave it; what
        `lampas.tabular`, `images`, `texts` or `timeseries` returned; or a compiled and fitted
        `lampas.Model`.
    out: the file; by default `report.html`, in the run's folder if it is one.
    held_out: of a `Model`, data as `validation_data` of `fit`: scores with intervals, the charts
        that suit the loss, and the worst mistakes. classes: names of the classes in the order
        of their numbers, or of several targets.

    Time and memory by part, learning rate and gradient norm are kept by a `Record` alone. Raises
    `ArtifactError` for a folder that holds no run, `InputError` for a model that was not fitted,
    and where `held_out` cannot be judged.

    >>> import lampas, torch
    >>> x = torch.randn(100, 2)
    >>> y = (x[:, 0] > 0).long()
    >>> model = lampas.Model(torch.nn.Linear(2, 2))
    >>> model.compile("adam", "cross_entropy", ["accuracy"])
    >>> history = model.fit(x, y, epochs=3, verbose=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report(model, f"{folder}/mine.html", held_out=(x, y), classes=["left", "right"])
    ...     "mine" in page.read_text()
    True
    """
    if isinstance(of, str | os.PathLike):
        _no_held_out(held_out, "a run's folder")
        return write_page(Path(of), None if out is None else Path(out))
    place = Path(REPORT if out is None else out)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / place.stem  # the title of the page
        folder.mkdir()
        if isinstance(of, Model):
            _keep_model(folder, of, held_out, classes)
        else:
            _no_held_out(held_out, "a fitted net, which keeps its own")
            _keep_fitted(folder, of)
        return write_page(folder, place)


def _no_held_out(held_out: Any, what: str) -> None:
    if held_out is not None:
        raise InputError(f"held_out is for a lampas.Model, and this is {what}: leave it out")


def _keep_fitted(folder: Path, given: Any) -> None:
    from lampas.record.fitted import keep_fitted

    if not hasattr(given, "evidence"):
        raise InputError(
            f"a {type(given).__name__} cannot be reported: pass the folder of a run, a "
            "lampas.Model that was fitted, or what lampas.tabular and its like returned"
        )
    keep_fitted(folder, cast("Fitted", given), {})


def _keep_model(
    folder: Path, model: Model, held_out: Any, classes: Sequence[Scalar] | None
) -> None:
    from lampas.record.about import described, ended, scores_of
    from lampas.record.evidence import write_evidence
    from lampas.record.files import HISTORY, RUN, write_json
    from lampas.record.judged import judged
    from lampas.settings import settings_of

    if not model.history.rows:
        raise InputError("the model was not fitted: there is nothing to report")
    if held_out is not None:
        write_evidence(folder, judged(model, held_out, classes), "sample")
    model.history.to_csv(folder / HISTORY)
    described(folder, model.summary(), None)
    about = ended(model.history, settings_of(model), scores_of(model.history))
    write_json(folder / RUN, about)
