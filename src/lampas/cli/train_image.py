"""`lampas train` on images: what was found is shown, then a net is fitted."""

from pathlib import Path

from lampas.cli.data import shell_spoken
from lampas.cli.request import Request
from lampas.cli.usage import UsageError
from lampas.fitted import Fitted
from lampas.printing import visible
from lampas.vision.cache_folder import cache_folder
from lampas.vision.read import Gathered, gather
from lampas.vision.task import EPOCHS, images


def check(request: Request) -> None:
    """One folder, archive or table; and to tune a net in two phases, a net, and epochs for both."""
    _ = _one(request)
    fine_tune = request.image.fine_tune
    if fine_tune is None:
        return
    if request.own_net is None:
        raise UsageError(
            "--fine-tune needs a net that has learnt already: add --model FILE.py:CLASS"
        )
    epochs = request.epochs or EPOCHS
    if fine_tune >= epochs:
        raise UsageError(
            f"--fine-tune {fine_tune} of {epochs} epochs leaves none for the whole net: add "
            f"--epochs {2 * fine_tune}"
        )


def train(request: Request) -> Fitted:
    """Find and decode the images, show them, fit the net."""
    found = _gathered(request)
    if not request.quiet:
        print(visible(f"{request.data[0]}\n{found}\n{_kept()}\n"), file=request.people, flush=True)
    return images(
        found,
        image_column=request.image.image,
        net=request.own_net,
        fine_tune=request.image.fine_tune,
        seed=request.seed,
        epochs=request.epochs,
        patience=request.patience,
        batch_size=request.batch_size,
        callbacks=request.callbacks,
        checkpoint=request.checkpoint,
        verbose=0,
        device=request.device,
    )


def _one(request: Request) -> str:
    first, *more = request.data
    if more:
        raise UsageError(f"{more[0]}: one folder, archive or table of images is trained on")
    return first


def _gathered(request: Request) -> Gathered:
    held_out, options = request.validation, request.image
    with shell_spoken():
        return gather(
            _one(request),
            request.targets or None,
            image_column=options.image,
            validation=str(held_out) if isinstance(held_out, Path) else held_out,
            size=options.size,
            channels=options.channels,
            seed=request.seed,
            progress=not request.quiet,
        )


def _kept() -> str:
    return f"decoded pixels are kept in {cache_folder()}"
