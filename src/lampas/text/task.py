"""`lampas.texts`: from texts and their labels to a fitted model."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from lampas import optim
from lampas.callbacks import CallbackLike
from lampas.callbacks.say import say, say_all
from lampas.fitted import best_kept, seeded
from lampas.optim.asked import OptimizerLike, asked
from lampas.own_net import NetLike, wants_output_per_class
from lampas.state.checkpoints import CheckpointLike
from lampas.tables.balance import ClassWeight, class_weights, row_weights
from lampas.tables.schema import Kind
from lampas.tables.tabular_model import METRICS
from lampas.tables.targets import TargetCoder
from lampas.text.batches import sorted_loader, training_loader
from lampas.text.corpus import TextsLike
from lampas.text.own_net import TextNet, build, check_output
from lampas.text.prepare import LENGTH, Prepared, prepare
from lampas.text.ratios import frequent_pairs, teach
from lampas.text.text_model import TextModel
from lampas.text.tokens import TokenKind
from lampas.text.transformer import Positions
from lampas.text.words import WordPath

__all__ = ["TextModel", "fit", "texts"]

Verbose = Literal["auto", 0, 1, 2]

_RATE, _DECAY = 1e-3, 1e-2
_WORDS, _EMBEDDING = 20.0, 2.0  # how much faster the linear path and the embeddings learn
_STEPS = 1600  # of training, where the texts are few; then a number of epochs
_FEWEST, _MOST = 5, 40  # epochs
_VALIDATED = 256  # texts at a time in validation


def texts(
    data: TextsLike,
    targets: str | Sequence[str] | None = None,
    *,
    text: str | None = None,
    kinds: Mapping[str, Kind] | None = None,
    validation: float | TextsLike | None = 0.2,
    net: TextNet = "conv",
    positions: Positions | None = None,
    tokenizer: TokenKind | None = None,
    vocabulary: int | None = None,
    length: int = LENGTH,
    encoding: str = "utf-8",
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
) -> TextModel:
    """Fit a net to texts: classes, several yes/no targets, or numbers.

    data: a table (.csv, .tsv, .parquet, .jsonl, a DataFrame or a dict of columns); a folder with
        a folder a class of .txt files, perhaps in train/ and valid/; a folder or list of files
        with a class each, one text a line, or {class: path}; (texts, labels); or token ids that
        you have, (ids, labels), ids (N, L) with 0 as padding, or a list of ids for each text.
    targets: the column to predict, or several; None is the only one beside the texts. text: the
        column of texts; None finds it. kinds: {target: "number" or "category"} where what is
        inferred is not what you mean.
    validation: the share of texts to hold out (each class gives its share), data of their own,
        or None. With held-out texts the run ends `patience` epochs after the lowest loss on
        them, and the weights of that epoch are kept.
    net: "conv" (`lampas.text.conv.ConvNet`), "transformer"
        (`lampas.text.transformer.TransformerNet`), or your `nn.Module`, its class, or a function
        that makes one; see `lampas.text.own_net.build` for what its constructor gets. `forward`
        takes ids int64 (N, L) and, if it has a second parameter for it, a mask bool (N, L).
    positions: of the transformer, "rope" (None is that) or "sinusoidal".
    tokenizer: "word" (None is that), "bpe" or "character", learnt on the training texts alone.
        vocabulary: at most so many tokens; None is 30 000 words, 8 000 byte pairs.
    length: tokens of a text that are read; what is cut is told.
    encoding: of text files; a byte-order mark is accepted.
    seed: of the split, the initial weights, the batches and dropout. torch's own random state on
        the CPU is afterwards what it was.
    epochs, patience: None takes what makes 1600 steps, from 5 epochs to 40, and a quarter of it.
    batch_size: None takes 32, and more for over 32 000 texts. optimizer: a name, or a function
        of the parameters; None is AdamW at 0.001, falling along a cosine, the linear path of the
        built-in nets at twenty times that and the embeddings at twice.
    class_weight, metrics, callbacks, checkpoint, verbose, device: as for `lampas.tabular`.

    Raises `DataError`, `InputError`, one line with what, where and the fix.

    >>> some = ["a fine film", "a dull film", "fine and clever", "dull and silly"] * 10
    >>> model = texts((some, ["good", "bad"] * 20), epochs=4, verbose=0)
    >>> model.predict(["clever and fine"])["label"].tolist()
    ['good']
    """
    prepared = prepare(
        data,
        targets,
        text=text,
        kinds=kinds,
        validation=validation,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        length=length,
        encoding=encoding,
        seed=seed,
    )
    if verbose in (1, 2) or (verbose == "auto" and sys.stderr.isatty()):
        say(str(prepared))
    elif verbose != 0:
        say_all(prepared.notes)
    return fit(
        prepared,
        net=net,
        positions=positions,
        seed=seed,
        epochs=epochs,
        patience=patience,
        batch_size=batch_size,
        optimizer=optimizer,
        class_weight=class_weight,
        metrics=metrics,
        callbacks=callbacks,
        checkpoint=checkpoint,
        verbose=verbose,
        device=device,
    )


def fit(
    prepared: Prepared,
    *,
    net: TextNet = "conv",
    positions: Positions | None = None,
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
) -> TextModel:
    """Fit a net to texts that are prepared already; the arguments are those of `texts`."""
    own: NetLike | None = None if isinstance(net, str) else net
    train, held_out = prepared.train, prepared.held_out
    targets = TargetCoder.fit(prepared.schema, train.targets, wants_output_per_class(own))
    y = targets.encode(train.targets)
    batch_size = _batch_size(len(y)) if batch_size is None else batch_size
    epochs = _epochs(len(y), batch_size) if epochs is None else epochs
    patience = max(2, epochs // 4) if patience is None else patience
    keys = frequent_pairs(train.ids, prepared.tokens.size) if own is None else torch.zeros(0)
    settings: dict[str, Any] = {
        "target": list(targets.names),
        "net": net if isinstance(net, str) else None,
        "own_net": own is not None,
        "positions": positions,
        "tokenizer": prepared.tokens.kind,
        "vocabulary": prepared.tokens.size,
        "length": prepared.length,
        "pairs": len(keys),
        "seed": seed,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "rows": len(y),
        "validation_rows": 0 if held_out is None else len(held_out.ids),
        "cut": train.cut,
    }
    weights, line = class_weights(class_weight, targets, y)
    if weights is not None:
        names = targets.classes[0]
        settings["class_weight"] = {str(names[code]): one for code, one in weights.items()}
    if line and verbose != 0:
        say(line)
    with seeded(seed):
        built = build(net, prepared.tokens, targets, prepared.length, len(keys), positions)
        check_output(built, train.ids.padded(torch.arange(2)), targets.outputs)
        if own is None:
            _teach(built, keys, prepared, targets, y)
        fitted = TextModel(
            built, prepared.reading, prepared.schema, prepared.tokens, targets, settings
        )
        fitted.model.compile(
            _optimizer(optimizer, fitted.model),
            fitted.loss(),
            list(METRICS[targets.task]) if metrics is None else metrics,
            scheduler=None if optimizer is not None else optim.schedules.cosine(),
            device=device,
        )
        fitted.model.fit(
            training_loader(fitted.dataset(train, y), batch_size),
            epochs=epochs,
            verbose=verbose,
            checkpoint=checkpoint,
            callbacks=best_kept(callbacks, watched=held_out is not None, patience=patience),
            validation_data=_validation(fitted, prepared, weights),
            class_weight=weights,
        )
    fitted.model.eval()
    fitted.held_out = held_out
    fitted.metrics = fitted.score(train if held_out is None else held_out)
    return fitted


def _teach(
    net: torch.nn.Module,
    keys: torch.Tensor,
    prepared: Prepared,
    targets: TargetCoder,
    y: torch.Tensor,
) -> None:
    """What words say of the targets, counted on the training texts, for the linear path."""
    match targets.task:
        case "regression":  # above the mean is for, below it against, by how much
            votes = ((y - torch.tensor(targets.centre)) / torch.tensor(targets.scale)).sigmoid()
        case "multiclass":
            votes = torch.nn.functional.one_hot(y, targets.outputs).float()
        case _:
            votes = y
    for module in net.modules():
        if isinstance(module, WordPath):
            teach(module, keys, prepared.train.ids, votes)


def _validation(fitted: TextModel, prepared: Prepared, weights: Mapping[int, float] | None) -> Any:
    """The held-out texts, with the training's class weights where it has some: what is watched
    is what is minimised."""
    if prepared.held_out is None:
        return None
    y = fitted.targets.encode(prepared.held_out.targets)
    more = []
    if weights is not None:
        more = [row_weights(weights, y)]
    return sorted_loader(fitted.dataset(prepared.held_out, y, *more), _VALIDATED)[0]


def _optimizer(spec: OptimizerLike | None, model: torch.nn.Module) -> Any:
    if spec is None:
        scale: dict[str, float] = {}
        for path, module in model.named_modules():
            if isinstance(module, WordPath):
                scale |= {f"{path}.weight.weight": _WORDS, f"{path}.bias": _WORDS}
            elif isinstance(module, torch.nn.Embedding):
                scale.setdefault(f"{path}.weight", _EMBEDDING)
        groups = optim.groups(model, weight_decay=_DECAY, lr=_RATE, lr_scale=scale or None)
        return torch.optim.AdamW(groups, lr=_RATE)
    return asked(spec, model.parameters())


def _batch_size(rows: int) -> int:
    """32 up to 32 000 texts, then the power of two next below rows / 500, at most 256."""
    return min(256, max(32, 2 ** ((rows // 500).bit_length() - 1) if rows >= 500 else 32))


def _epochs(rows: int, batch_size: int) -> int:
    """What makes 1600 steps, from 5 epochs to 40."""
    return min(_MOST, max(_FEWEST, round(_STEPS / -(-rows // batch_size))))
