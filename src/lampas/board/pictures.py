"""What a run may show beside its numbers: images, PR curves, embeddings."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast, final

import torch
from torch import Tensor, nn

from lampas.board.checks import as_vectors
from lampas.errors import InputError
from lampas.losses import task_of
from lampas.modes import evaluating

if TYPE_CHECKING:
    from lampas.board.writer import Board

Images = Tensor | Callable[[Any], Any]
Vectors = str | Callable[[Any], Any]


@final
class Pictures:
    """The three switches, and when each is shown. One that fails later is shown no more.

    `begin` raises `InputError` for what cannot be shown, before there is anything to lose.
    """

    def __init__(
        self, images: Images | None, curves: tuple[Any, Any] | None, vectors: Vectors | None
    ) -> None:
        self._images = images
        self._curves = curves
        self._vectors = vectors
        self.note: str | None = None

    def begin(self, board: "Board", model: Any, epoch: int) -> None:
        """What the untrained model shows; fixed images are shown now alone."""
        if self._vectors is not None:
            vectors_of(self._vectors, model)
        if self._images is not None:
            show_images(board, self._images, model, epoch)
        if self._curves is not None:
            show_curves(board, self._curves, model, epoch)

    def after_epoch(self, board: "Board", model: Any, epoch: int) -> None:
        """Images that a function makes, and PR curves."""
        try:
            if callable(self._images):
                show_images(board, self._images, model, epoch)
            if self._curves is not None:
                show_curves(board, self._curves, model, epoch)
        except InputError as error:
            self._images, self._curves = None, None
            self.note = f"{error}; the run goes on without images and PR curves"

    def end(self, board: "Board", model: Any, epoch: int) -> None:
        """Embeddings: their files are large, so once."""
        if self._vectors is not None:
            try:
                name, vectors, labels = vectors_of(self._vectors, model)
                board.embedding(name, vectors, labels, step=epoch)
            except InputError as error:
                self.note = f"{error}; there are no embeddings"


def show_images(board: "Board", given: Images, model: Any, step: int) -> None:
    """A grid of the images given, or of those that a function makes with the model as it is."""
    images = given if isinstance(given, Tensor) else _quietly(given, model)
    board.images("images", images, step)


def show_curves(board: "Board", given: tuple[Any, Any], model: Any, step: int) -> None:
    """The PR curve of the model on (x, y); for several classes or columns one for each.

    Raises `InputError` where outputs and targets make no such curve.
    """
    x, y = given
    probabilities = _probabilities(model, model.predict(x))
    targets = torch.as_tensor(y).cpu()
    for name, column, wanted in _columns(probabilities, targets):
        board.pr_curve(f"pr_curves/{name}" if name else "pr_curve", wanted, column, step)


def vectors_of(given: Vectors, model: nn.Module) -> tuple[str, Tensor, Any]:
    """(name, vectors (N, D), labels): the rows of a layer's weight, or what a function returns.

    Raises `InputError` for a layer that is not there, or has no weight (N, D).
    """
    if isinstance(given, str):
        weight = getattr(_layer(model, given), "weight", None)
        if not isinstance(weight, Tensor) or weight.ndim != 2:
            raise InputError(f"embeddings: the layer {given!r} has no weight (N, D)")
        return given, weight, None
    found = _quietly(given, model)
    vectors, labels = cast("tuple[Any, Any]", found) if isinstance(found, tuple) else (found, None)
    return "embedding", as_vectors(vectors, "what the function of embeddings returns"), labels


def _layer(model: nn.Module, name: str) -> nn.Module:
    named = dict(model.named_modules())
    found = named.get(name, named.get(f"net.{name}"))
    if found is None:
        some = ", ".join(one for one in named if one)
        raise InputError(f"embeddings: there is no layer {name!r}; there are {some}")
    return found


def _quietly(function: Callable[[Any], Any], model: nn.Module) -> Any:
    """What `function` makes of the model in evaluation mode, without gradients, modes put back."""
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        return function(model)


def _probabilities(model: Any, output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise InputError("pr_curves: the model has several outputs; draw them with lampas.Board")
    output = output.float()
    task = task_of(model.plan.criterion.loss_of(None))
    if task is None or task.kind == "regression":
        return output
    if task.scale == "logits":
        return output.sigmoid() if task.kind == "binary" else output.softmax(1)
    return output.exp() if task.scale == "log_probabilities" else output


def _columns(found: Tensor, targets: Tensor) -> list[tuple[str, Tensor, Tensor]]:
    """(name, probabilities, targets of 0 and 1) of each curve."""
    if found.numel() == targets.numel() and (found.ndim < 2 or found[0].numel() == 1):
        return [("", found, targets)]
    if found.ndim == 2 and found.shape == targets.shape:
        return [(str(c), found[:, c], targets[:, c]) for c in range(found.shape[1])]
    if found.ndim == 2 and targets.numel() == len(found):
        wanted = targets.reshape(-1)
        return [(str(c), found[:, c], wanted == c) for c in range(found.shape[1])]
    raise InputError(
        f"pr_curves: outputs have shape {tuple(found.shape)}, targets {tuple(targets.shape)}: "
        "pass (x, y) with a target for each row"
    )
