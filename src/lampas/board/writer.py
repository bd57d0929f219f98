"""Every kind that TensorBoard shows, as a plain call."""

import contextlib
import io
import time
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast, final

import torch.nn.functional as F
from torch import nn

from lampas.board import checks
from lampas.board.device_bins import of_tensor
from lampas.board.event_file import EventFile, histograms_event
from lampas.board.graph import as_arguments, traced
from lampas.board.needs import require_tensorboard
from lampas.board.pen import Pen, torch_writer
from lampas.board.place import claim
from lampas.errors import InputError, ShapeError
from lampas.place import Place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Plain = bool | int | float | str | None


@final
class Board:
    """Writes what TensorBoard shows into `folder`; `lampas board FOLDER` opens it.

    Each call takes a name, under which it is shown (a "/" groups), and the `step` it belongs to.
    Tensors may require gradients and be on any device: they are detached and copied, which
    waits for the device. Where another writer is at work in `folder`, a warning says so, and this
    one writes into a numbered sub-folder; `folder` is then that.

    Raises `MissingExtraError` where tensorboard is not installed, `OSError` where the disk
    cannot be written. To be closed, or used in a `with` block.

    >>> import tempfile, torch
    >>> with Board(tempfile.mkdtemp()) as board:
    ...     for step in range(3):
    ...         board.scalar("loss", 1 / (step + 1), step)
    ...     board.image("noise", torch.rand(3, 8, 8))
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        require_tensorboard("Board")
        self._place: Place | None = claim(Path(folder))
        if self._place.note is not None:
            warnings.warn(f"Board: {self._place.note}", stacklevel=2)
        self.folder = self._place.folder
        self._pen: Pen = EventFile(self.folder)
        self.torch_writer: Any = torch_writer(self._pen)

    @classmethod
    def through(cls, pen: Pen) -> Self:
        """A board whose events go to `pen`, which somebody else opened and will close."""
        board = cls.__new__(cls)
        board._place, board._pen = None, pen
        board.folder = Path(pen.get_logdir())
        board.torch_writer = torch_writer(pen)
        return board

    def scalar(self, name: str, value: Any, step: int = 0) -> None:
        """A number, or a tensor of one element. Raises `ShapeError` for more.

        >>> import tempfile
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.scalar("loss/train", 0.5, step=10)
        """
        self.torch_writer.add_scalar(name, checks.as_number(value, f"scalar {name!r}"), step)

    def scalars(self, values: Mapping[str, Any], step: int = 0) -> None:
        """Several numbers of one step, each under its own name.

        >>> import tempfile
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.scalars({"loss": 0.5, "lr": 0.01}, step=10)
        """
        for name, value in values.items():
            self.scalar(name, value, step)

    def histogram(self, name: str, values: Any, step: int = 0) -> None:
        """Real numbers of any shape, in up to 30 equal bins; nan and infinity are not counted.

        Raises `InputError` where no finite number is left.

        >>> import tempfile, torch
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.histogram("weights", torch.randn(100, 10))
        """
        what = f"histogram {name!r}"
        bins = of_tensor(checks.as_real(values, what))
        if bins is None:
            raise InputError(f"{what} has no finite number to count")
        self._pen.add_event(histograms_event(step, time.time(), {name: bins}))

    def image(self, name: str, image: Any, step: int = 0) -> None:
        """One image (C, H, W), C 1 or 3: uint8, or floats in [0, 1].

        Raises `ShapeError` or `InputError` for anything else.

        >>> import tempfile, torch
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.image("noise", torch.rand(3, 8, 8))
        ...     board.image("hwc", torch.rand(8, 8, 3))
        Traceback (most recent call last):
        lampas.errors.ShapeError: image 'hwc' has shape (8, 8, 3): pass (C, H, W) with C 1 or 3
        """
        found = checks.as_images(image, f"image {name!r}", 3)
        self.torch_writer.add_image(name, found, step)

    def images(self, name: str, images: Any, step: int = 0) -> None:
        """A grid of images (N, C, H, W), eight in a row: as `image` takes them.

        >>> import tempfile, torch
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.images("digits", torch.rand(12, 1, 28, 28))
        """
        found = checks.as_images(images, f"images {name!r}", 4)
        grey = 0.5 if found.is_floating_point() else 128
        self.torch_writer.add_images(name, F.pad(found, (1, 1, 1, 1), value=grey), step)

    def figure(self, name: str, figure: "Figure", step: int = 0) -> None:
        """A matplotlib figure, as an image. The figure stays open and as it is.

        >>> import tempfile
        >>> from matplotlib.figure import Figure
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.figure("curves", Figure())
        """
        import numpy as np
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        before = figure.canvas
        canvas = FigureCanvasAgg(figure)  # and not pyplot's: no window, no global state
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
        figure.set_canvas(before)
        self.torch_writer.add_image(name, pixels, step, dataformats="HWC")

    def text(self, name: str, text: str, step: int = 0) -> None:
        """A text, read as Markdown; four spaces before a line keep it as it is.

        >>> import tempfile
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.text("notes", "a *first* try")
        """
        self.torch_writer.add_text(name, text, step)

    def pr_curve(self, name: str, targets: Any, probabilities: Any, step: int = 0) -> None:
        """Precision over recall: `targets` of 0 and 1, and as many `probabilities`.

        127 thresholds. Raises `ShapeError` or `InputError` for anything else.

        >>> import tempfile
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.pr_curve("cats", [0, 1, 1], [0.2, 0.6, 0.9])
        """
        y_true, y_prob = checks.as_curve(targets, probabilities, f"pr_curve {name!r}")
        self.torch_writer.add_pr_curve(name, y_true, y_prob, step)

    def graph(self, model: nn.Module, inputs: Any) -> None:
        """The operations of `model` on `inputs`: a tensor, a tuple of arguments, a dict by name.

        The model is run, in evaluation mode; its modes, buffers and the random state are then
        what they were. One graph a folder is shown. Raises `InputError` for a model that cannot
        be traced.

        >>> import tempfile, torch
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.graph(nn.Linear(2, 1), torch.zeros(1, 2))
        """
        args, kwargs = as_arguments(inputs)
        self.torch_writer.file_writer.add_graph(traced(model, args, kwargs))

    def hparams(self, settings: Mapping[str, Plain], results: Mapping[str, float]) -> None:
        """What a run was told and what came of it: a line of the table of runs.

        `results` are also scalars, called "result/…". One call a folder.

        >>> import tempfile
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.hparams({"optimizer": "Adam", "lr": 0.01}, {"val_loss": 0.3})
        """
        from torch.utils.tensorboard.summary import hparams

        told = {name: str(v) if isinstance(v, bool) else v for name, v in settings.items()}
        named = {f"result/{name}": float(value) for name, value in results.items()}
        for summary in hparams(told, named):
            self.torch_writer.file_writer.add_summary(summary)
        self.scalars(named)

    def embedding(
        self,
        name: str,
        vectors: Any,
        labels: Sequence[Any] | None = None,
        images: Any = None,
        step: int = 0,
    ) -> None:
        """Vectors (N, D) for the projector, with a label and an image (N, C, H, W) for each.

        Raises `ShapeError` where these are not as many, `InputError` for nan.

        >>> import tempfile, torch
        >>> with Board(tempfile.mkdtemp()) as board:
        ...     board.embedding("words", torch.randn(3, 5), ["a", "b", "c"])
        """
        what = f"embedding {name!r}"
        found = checks.as_vectors(vectors, what)
        pictures = None if images is None else checks.as_images(images, what, 4)
        for kind, given in (("labels", labels), ("images", pictures)):
            if given is not None and len(given) != len(found):
                raise ShapeError(
                    f"{what}: {len(found)} vectors and {len(given)} {kind}: give one each"
                )
        words = None if labels is None else [_one_cell(label) for label in labels]
        if pictures is not None and not pictures.is_floating_point():
            pictures = pictures.float() / 255
        with contextlib.redirect_stdout(io.StringIO()):  # it prints where a folder is there
            self.torch_writer.add_embedding(found, words, cast(Any, pictures), step, name)

    def flush(self) -> None:
        """Have all on disk by now."""
        self._pen.flush()

    def close(self) -> None:
        """Write what is left. Nothing can be written after."""
        if self._place is not None:
            place, self._place = self._place, None
            try:
                self._pen.close()
            finally:
                place.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _one_cell(label: Any) -> str:
    """A label's text without what divides cells and rows of the projector's table."""
    return " ".join(str(label.item() if hasattr(label, "item") else label).split()) or "(empty)"
