"""`lampas.images`: from image files or arrays to a fitted model."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from lampas import optim
from lampas.callbacks import CallbackLike
from lampas.callbacks.listening import as_list
from lampas.callbacks.say import say, say_all
from lampas.data.feed import check_count
from lampas.errors import InputError, unknown_name
from lampas.fitted import best_kept, seeded
from lampas.optim.asked import OptimizerLike, asked
from lampas.optim.schedules import ScheduleFunction, one_cycle
from lampas.own_net import NetLike, wants_output_per_class
from lampas.state.checkpoints import CheckpointLike
from lampas.tables.balance import ClassWeight, class_weights, row_weights
from lampas.tables.tabular_model import METRICS
from lampas.tables.targets import TargetCoder
from lampas.vision import fine_tune as tuning
from lampas.vision.album import Album, loader
from lampas.vision.augment import Augment, RandomFlip, checked, suited
from lampas.vision.colours import Colours
from lampas.vision.image_model import Form, ImageModel
from lampas.vision.own_net import build, head_of, wanted_normalisation
from lampas.vision.read import DataLike, Gathered, Size, gather

__all__ = ["ImageModel", "images"]

Verbose = Literal["auto", 0, 1, 2]
AugmentLike = Literal["auto"] | Augment | None
Normalisation = tuple[Sequence[float], Sequence[float]]

EPOCHS, _MOST_EPOCHS, _STEPS = 15, 60, 600
_RATE, _OWN_RATE = 3e-3, 1e-3  # of the built-in net, and of others, which may be deep
_DECAY = 0.05
_BATCH = 64


def images(
    data: DataLike | Gathered,
    targets: str | Sequence[str] | None = None,
    *,
    image_column: str | None = None,
    validation: float | DataLike | None = 0.2,
    size: Size | None = None,
    channels: int | None = None,
    net: NetLike | None = None,
    augment: AugmentLike = "auto",
    normalise: Normalisation | None = None,
    fine_tune: int | None = None,
    seed: int = 0,
    epochs: int | None = None,
    patience: int | None = None,
    batch_size: int | None = None,
    optimizer: OptimizerLike | None = None,
    class_weight: ClassWeight = "auto",
    metrics: Any = None,
    callbacks: Sequence[CallbackLike] | CallbackLike | None = None,
    checkpoint: CheckpointLike = None,
    verbose: Verbose = "auto",
    device: str | torch.device | None = None,
    workers: int | None = None,
) -> ImageModel:
    """Fit a net to images.

    data: a folder with a folder of images for each class, perhaps below "train" and "test"; a
        .tar or .zip of such; a table (.csv, .tsv, .parquet, DataFrame) of paths and labels; or
        (x, y) in memory, x uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), y (N,) or (N, T). Or
        what `lampas.vision.read.gather` made of these, which has decided all up to `channels`.
    targets: of a table, the columns to predict; of folders and arrays, what to call them. Text
        and at most 20 different whole numbers are classes, other numbers amounts (regression);
        several columns are all yes/no or all amounts.
    validation: the share of images to hold out (each class gives its share), data of its own,
        or None. Where folders say what is held out, the number is not used.
    size: pixels, or (height, width), that files are scaled to. None: theirs (the median) up to
        64; of larger ones a square, up to 128. channels: 1 or 3; None: 1 where all are grey.
    net: an `nn.Module` (a backbone of torchvision or timm: see `lampas.vision.own_net.build`),
        its class, or a function that makes one, in the place of
        `lampas.vision.net.ResidualNet`.
    augment: random changes of a float batch (B, C, H, W) in [0, 1] in training: a module (those
        of kornia, torchvision's v2 transforms) or function; "auto": moved by up to an eighth,
        and, where there are colours, mirrored (see `lampas.vision.augment.suited`); None.
    normalise: (means, deviations) of the channels of images in [0, 1]. None: those that a net
        of timm's asks for, else the training images' own. It is saved with the net.
    fine_tune: so many epochs train the last layer alone, the rest frozen; then all of the net
        trains, what it had learnt at a tenth of the rate (see `lampas.vision.fine_tune`).
    seed: of the split, the initial weights, the order of images and their changes. torch's own
        random state on the CPU is afterwards what it was.
    epochs: of one cycle of the learning rate (two with `fine_tune`): its last epochs are its
        best, so the run goes to its end, and the weights of the epoch with the lowest loss on
        held-out images are kept. None: 15, and up to 60 where these are fewer than 600 steps.
        patience: end sooner, after so many epochs without a lower loss.
    batch_size: None takes 64, and less for under 2 560 images. optimizer: a name, or a function
        of the parameters, as `lambda p: torch.optim.SGD(p, lr=0.1)`; its rate is the cycle's
        highest. None: AdamW, weight decay 0.05, with 0.003 for the built-in net, else 0.001.
    class_weight, metrics, callbacks, checkpoint, verbose, device: as for `lampas.tabular`.
    workers: processes that decode files; None finds out, 0 decodes in this one. Pixels are
        kept in a cache file: see `lampas.vision.pixels.load_pixels`.

    Files that cannot be decoded are left out and told, or refused where they are over a tenth.
    Raises `DataError`, `InputError`, one line with what, where and the fix.

    >>> x = np.random.default_rng(0).integers(0, 99, (40, 8, 8), dtype=np.uint8)
    >>> y = np.array(["day", "night"] * 20)
    >>> x[y == "day"] += 100
    >>> model = images((x, y), epochs=2, verbose=0)
    >>> model.predict(x[:2])["target"].tolist()
    ['day', 'night']
    """
    counts = {"epochs": epochs, "patience": patience, "batch_size": batch_size}
    for name, number in counts.items():
        if number is not None:
            check_count(name, number)
    if fine_tune is not None:
        tuning.check(fine_tune, epochs or EPOCHS, net)
    if not isinstance(data, Gathered):
        data = gather(
            data, targets, image_column=image_column, validation=validation, size=size,
            channels=channels, seed=seed, workers=workers, progress=verbose != 0,
        )  # fmt: skip
    train, held_out = data.train, data.held_out
    if verbose in (1, 2) or (verbose == "auto" and sys.stderr.isatty()):
        say(str(data))
    elif verbose != 0:
        say_all(data.remarks)
    coder = TargetCoder.fit(data.schema, train.frame, _has_output_per_class(net))
    y = coder.encode(train.frame)
    batch_size = _batch_size(len(train)) if batch_size is None else batch_size
    epochs = _epochs(len(train), batch_size) if epochs is None else epochs
    settings: dict[str, Any] = {
        "target": list(coder.names),
        "image_column": image_column,
        "own_net": net is not None,
        "seed": seed,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "fine_tune": fine_tune,
        "rows": len(train),
        "validation_rows": 0 if held_out is None else len(held_out),
        "skipped": len(data.skipped),
    }
    weights, line = class_weights(class_weight, coder, y)
    if weights is not None:
        names = coder.classes[0]
        settings["class_weight"] = {str(names[code]): one for code, one in weights.items()}
    lines = [line] if line else []
    with seeded(seed):
        colours = Colours.of(train)
        changed = _augment(augment, colours, coder, train)
        form = _form(data, colours, mirrored=_mirrors(changed))
        built, head_line = build(net, form.sizes(coder))
        form = _normalised(form, normalise, built)
        fitted = ImageModel(built, form, data.schema, coder, settings, changed)
        say_all([*lines, *([head_line] if head_line else [])] if verbose != 0 else [])
        fitted.model.compile(
            _optimizer(optimizer, fitted, fine_tune, _OWN_RATE if net is not None else _RATE),
            fitted.loss(),
            list(METRICS[coder.task]) if metrics is None else metrics,
            device=device,
            scheduler=_schedule(fine_tune, epochs),
        )
        if isinstance(changed, nn.Module):
            changed.to(fitted.model.plan.device)
        thawing = [] if fine_tune is None else [tuning.Thaw(fitted.pipeline, fine_tune)]
        fitted.model.fit(
            loader(train, y, batch_size=batch_size, shuffle=True),
            epochs=epochs,
            verbose=verbose,
            checkpoint=checkpoint,
            callbacks=best_kept(
                [*thawing, *as_list(callbacks)],
                watched=held_out is not None,
                patience=patience or epochs,  # with all epochs for it, none is left out
            ),
            validation_data=_validation(coder, held_out, weights, batch_size),
            class_weight=weights,
        )
    fitted.model.eval()
    fitted.held_out = held_out
    fitted.metrics = fitted.score(train if held_out is None else held_out)
    return fitted


def _has_output_per_class(net: NetLike | None) -> bool:
    """Whether two classes get two outputs: asked for by a constructor, or made already."""
    if not isinstance(net, nn.Module):
        return wants_output_per_class(net)
    head = head_of(net)
    return head is not None and head[1].out_features == 2


def _augment(
    given: AugmentLike, colours: Colours, coder: TargetCoder, train: Album
) -> Augment | None:
    if given is None:
        return None
    some = train[np.arange(min(2, len(train)))].float() / 255
    if not isinstance(given, str):
        return checked(given, some)
    if given != "auto":
        raise unknown_name("augment", given, ("auto",))
    size = (some.shape[2], some.shape[3])
    return suited(size, coloured=colours.coloured, positions=coder.task == "regression")


def _mirrors(augment: Augment | None) -> bool:
    """Whether the net learns mirrored images, and so may be asked about both sides."""
    parts = augment.modules() if isinstance(augment, nn.Module) else ()
    return any(isinstance(part, RandomFlip) for part in parts)


def _form(data: Gathered, colours: Colours, *, mirrored: bool) -> Form:
    channels = data.train.pixels.shape[1]
    return Form(data.size, channels, colours.mean, colours.deviation, mirrored)


def _normalised(form: Form, given: Normalisation | None, net: nn.Module) -> Form:
    wanted = wanted_normalisation(net) if given is None else given
    if wanted is None or (given is None and len(wanted[0]) != form.channels):
        return form
    try:
        mean, deviation = (tuple(map(float, one)) for one in wanted)
    except (TypeError, ValueError):  # a number where several belong, or no pair
        mean, deviation = (), ()
    if not len(mean) == len(deviation) == form.channels or min(deviation) <= 0:
        raise InputError(
            f"normalise is {given!r}: pass (means, deviations), each with {form.channels} numbers "
            "for the channels, deviations above 0"
        )
    return Form(form.size, form.channels, mean, deviation, form.mirrored)


def _optimizer(
    spec: OptimizerLike | None, fitted: ImageModel, fine_tune: int | None, rate: float
) -> Any:
    if spec is None:
        slow = None if fine_tune is None else tuning.slow_parts(fitted.pipeline, fitted.model)
        groups = optim.groups(fitted.model, weight_decay=_DECAY, lr=rate, lr_scale=slow)
        return torch.optim.AdamW(groups, lr=rate)
    return asked(spec, fitted.model.parameters())


def _schedule(fine_tune: int | None, epochs: int) -> ScheduleFunction:
    return one_cycle() if fine_tune is None else tuning.two_cycles(fine_tune, epochs)


def _validation(
    coder: TargetCoder,
    held_out: Album | None,
    weights: Mapping[int, float] | None,
    batch_size: int,
) -> Any:
    """With the training's class weights where it has some: what is watched is what is minimised."""
    if held_out is None:
        return None
    y = coder.encode(held_out.frame)
    columns = [y]
    if weights is not None:
        columns.append(row_weights(weights, y))
    return loader(held_out, *columns, batch_size=4 * batch_size)


def _batch_size(rows: int) -> int:
    """64; below 2 560 images the power of two next below rows / 40, but at least 16."""
    return min(_BATCH, max(16, 2 ** ((rows // 40).bit_length() - 1) if rows >= 80 else 16))


def _epochs(rows: int, batch_size: int) -> int:
    """15; of small data as many as make 600 steps, up to 60."""
    steps = -(-rows // batch_size)
    return min(_MOST_EPOCHS, max(EPOCHS, -(-_STEPS // steps)))
