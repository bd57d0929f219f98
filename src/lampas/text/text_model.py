"""A fitted model for texts: texts in, classes or values out, all of it in one file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import torch
from torch import nn

from lampas import artifact
from lampas.callbacks.say import say, say_all
from lampas.cards import fitted_card
from lampas.data.nest import concatenate
from lampas.evidence import Evidence
from lampas.fitted import filled, restore, shown, store
from lampas.history import History
from lampas.model import Model
from lampas.tables.schema import Schema
from lampas.tables.tabular_model import METRICS
from lampas.tables.targets import TargetCoder
from lampas.text.batches import TextDataset, sorted_loader
from lampas.text.corpus import Corpus, Reading, TextsLike, labelled, unlabelled
from lampas.text.given import GivenIds
from lampas.text.own_net import TextNet, build, input_names, inputs_of
from lampas.text.prepare import Part, blank_remark, check_targets, encoded
from lampas.text.tokens import Tokens

if TYPE_CHECKING:
    from lampas.export.exported import Exported
    from lampas.reasons.attributions import Attributions
    from lampas.reasons.texts import TextMethod

_ROWS = 256  # texts at a time outside of training
_EXPLAINED = 64  # texts at a time where activations are kept for gradients


@final
class TextModel:
    """What `lampas.texts` returns: a net, and all that stands between it and texts.

    `model`: the `lampas.Model`, compiled. `tokens`: the vocabulary. `targets`: how the targets
    are written. `reading`: where texts and targets stand in a table. `metrics`: the scores on
    the held-out texts (on the training texts where none were held out).

    >>> import lampas, tempfile
    >>> texts = ["what a fine film", "a dull and silly film", "fine, very fine", "so dull"] * 10
    >>> model = lampas.texts((texts, ["good", "bad"] * 20), epochs=4, verbose=0)
    >>> model.predict(["a fine thing", ""]).columns.tolist()
    ['label', 'probability of bad', 'probability of good']
    >>> with tempfile.TemporaryDirectory() as run:
    ...     model.save(f"{run}/model.lampas")
    ...     again = TextModel.load(f"{run}/model.lampas")
    >>> again.predict(texts).equals(model.predict(texts))
    True
    """

    noun = "text"

    def __init__(
        self,
        net: nn.Module,
        reading: Reading,
        schema: Schema,
        tokens: Tokens | GivenIds,
        targets: TargetCoder,
        settings: Mapping[str, Any],
    ) -> None:
        self.names = input_names(net)
        self._net = type(net).__name__
        self.model = Model(targets.rescaled(net))
        self.reading = reading
        self.schema = schema
        self.tokens = tokens
        self.targets = targets
        self.settings = dict(settings)
        self.metrics: dict[str, float] = {}
        self.held_out: Part | None = None

    @property
    def history(self) -> History:
        """Loss and metrics, a row an epoch; `val_` is for the held-out texts."""
        return self.model.history

    def loss(self) -> nn.Module:
        """The loss of this model's task, over outputs and targets as the net has them."""
        return self.targets.loss()

    def to(self, device: str | torch.device) -> "TextModel":
        """Move net and loss to `device` ("auto": the accelerator where there is one).

        The model is then compiled for evaluating and predicting, without an optimiser.
        """
        self.model.compile(None, self.loss(), list(METRICS[self.targets.task]), device=device)
        return self

    def dataset(self, part: Part, *targets: torch.Tensor) -> TextDataset:
        """The texts of `part` as batches for this model's net."""
        return TextDataset(part.ids, self.names, *targets)

    def evaluate(
        self, data: TextsLike, *, encoding: str | None = None, batch_size: int = _ROWS
    ) -> dict[str, float]:
        """The loss and metrics over all texts of `data`, which has the targets.

        data: what `lampas.texts` takes. encoding: of its files; None is that of the training. A
        score that the texts do not define, such as roc_auc of
        one class alone, is nan. Raises `DataError` where texts or targets do not fit the training.
        """
        corpus = self._remarked(labelled(data, self._reading(encoding)))
        check_targets(self.schema, corpus)
        part = self._told(encoded(corpus, self.tokens, self.settings["length"]))
        return self.score(part, batch_size)

    def score(self, part: Part, batch_size: int = _ROWS) -> dict[str, float]:
        """The loss and metrics over texts that are ids already."""
        dataset = self.dataset(part, self.targets.encode(part.targets))
        loader, _ = sorted_loader(dataset, batch_size)
        return self.model.evaluate(loader)

    def predict(
        self, data: TextsLike, *, encoding: str | None = None, batch_size: int = _ROWS
    ) -> pd.DataFrame:
        """A prediction for each text, blank ones too; see `TargetCoder.decode`.

        data: a list of texts, a table with the column of texts, a .txt file with one text a
        line; or whatever `lampas.texts` takes. The index is that of the frame, the line from 0,
        or the file's name where each text is a file. encoding: of the files; None is that of the
        training. Raises `DataError`.
        """
        corpus = self._remarked(unlabelled(data, self._reading(encoding)))
        part = self._told(encoded(corpus, self.tokens, self.settings["length"]))
        return self.targets.decode(self._outputs(part, batch_size), corpus.frame.index)

    def _outputs(self, part: Part, batch_size: int) -> torch.Tensor:
        """The net's outputs, in the order of the texts."""
        loader, rows = sorted_loader(self.dataset(part), batch_size)
        found = concatenate(list(self.model.predict_batches(loader)))
        outputs = torch.empty_like(found)
        outputs[rows] = found
        return outputs

    def attributions(
        self,
        data: TextsLike,
        target: Any = None,
        method: "TextMethod | None" = None,
        *,
        encoding: str | None = None,
        batch_size: int = _EXPLAINED,
    ) -> "Attributions":
        """Each text's tokens with their shares of the answer: to print, to show in a notebook, and
        as a `frame`.

        data, encoding: as `predict` takes them. target: the class that is explained, or the column
        where there are several targets; None is each text's predicted class. What is explained
        is the log odds of the class, log(p / (1 − p)); the logit of one of several yes/no
        targets; or the amount.

        method: "integrated" takes the mean gradient while all tokens come from absent to there
        (Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017), through every
        embedding of the net: shares sum to the text's score less that of a text of as many
        absent tokens. "leave_one_out" is the score less that without the token (Li et al.
        2016). None takes the first wherever all that the net reads goes through `nn.Embedding`,
        which is tried; else the second. The answer's `method` says which.

        An absent token is an unknown one for the built-in nets, which have met it in training,
        and padding for yours. Nothing of the model changes: weights, gradients, modes, random
        states. Raises `DataError` as `predict`, `UnknownNameError` for a class or method that
        is none, `InputError` where one of several targets has to be named, or the net has no
        embedding for the method that was asked for.

        >>> import lampas
        >>> texts = ["what a fine film", "a dull and silly film", "fine, so fine", "so dull"] * 10
        >>> model = lampas.texts((texts, ["good", "bad"] * 20), epochs=8, verbose=0)
        >>> found = model.attributions(["a fine thing"], "good")
        >>> found[0].tokens[found[0].shares.argmax()], found.method
        ('fine', 'integrated')
        """
        from lampas.reasons.asked import Asked
        from lampas.reasons.attributions import Attribution, Attributions
        from lampas.reasons.texts import Reader, explained
        from lampas.reasons.wording import predicted

        corpus = self._remarked(unlabelled(data, self._reading(encoding)))
        part = self._told(encoded(corpus, self.tokens, self.settings["length"]))
        reader = Reader(self.model, self.names, self.tokens.unknown, Asked.of(self.targets, target))
        found = explained(reader, part.ids, method, batch_size)
        frame = self.targets.decode(found.outputs, corpus.frame.index)
        pieces = self._pieces(corpus, part)
        columns = zip(pieces, found.shares, found.targets, found.scores.tolist(),
                      found.starts.tolist(), strict=True)  # fmt: skip
        texts = [
            Attribution(tuple(letters), shares.numpy(), about, score, start,
                        predicted(frame, row, about))
            for row, (letters, shares, about, score, start) in enumerate(columns)
        ]  # fmt: skip
        return Attributions(tuple(texts), found.method, frame)

    def _pieces(self, corpus: Corpus, part: Part) -> list[list[str]]:
        """The letters behind each token of each text; of ids the ids themselves."""
        length = self.settings["length"]
        if isinstance(self.tokens, Tokens) and isinstance(corpus.texts, list):
            return [self.tokens.pieces(text, length) for text in corpus.texts]
        texts = part.ids.flat.tensor_split(part.ids.ends[1:-1])
        unknown = self.tokens.unknown
        return [
            [" [UNK]" if one == unknown else f" {one}" for one in text.tolist()] for text in texts
        ]

    def _reading(self, encoding: str | None) -> Reading:
        return self.reading if encoding is None else replace(self.reading, encoding=encoding)

    def _remarked(self, corpus: Corpus) -> Corpus:
        """The same, after a word of blank texts, and of the column that was taken for the texts
        where the run itself had none."""
        others = set(corpus.frame.columns) - set(self.targets.names)
        if self.reading.text is None and corpus.column is not None and others:
            say(f"reading the texts in column {corpus.column!r}")
        say_all(blank_remark(corpus))
        return corpus

    def _told(self, part: Part) -> Part:
        """The same, after a word of texts that are not read to their end."""
        if part.cut:
            what = "1 text has" if part.cut == 1 else f"{part.cut:,} texts have"
            say(f"{what} more than {self.settings['length']} tokens: the rest is not read")
        return part

    def export(self, path: str | PathLike[str], *, tolerance: float | None = None) -> "Exported":
        """Write the model for other programs: as `lampas.Model.export`, from token ids to what
        `predict` says.

        Input: "ids", int64 (batch, length), of any length, 0 behind the end of a text. Output:
        "probabilities" (batch, classes), of several yes/no targets those of the second class; or
        "values" (batch, targets). A graph reads no text: the vocabulary stands as JSON in the
        file, as `lampas.TabularModel.export` says, under "tokens", whose "tokenizer" is what
        `tokenizers.Tokenizer.from_str` reads. Ids are those of
        `encode(text.split(), is_pretokenized=True)`, the first "length" of them, and the unknown
        token for a text that has none.
        """
        from lampas.export.write import export
        from lampas.text.portable import portable

        return export(portable(self), path, tolerance)

    def save(self, path: str | PathLike[str]) -> None:
        """Write net, vocabulary, schema, scores and history into one file, whole or not at all."""
        content = {
            "schema": self.schema.to_json(),
            "tokens": self.tokens.to_json(),
            "targets": self.targets.to_json(),
            "reading": asdict(self.reading),
        }
        store(self, "text", self._net, content, path)

    @classmethod
    def load(cls, path: str | PathLike[str], net: TextNet | None = None) -> "TextModel":
        """The model that `save` wrote. net: as it was passed to `lampas.texts`, if it was yours.

        Raises `ArtifactError` for a damaged or foreign file, for a run with a net of the
        user's when `net` is not passed, and where the weights do not fit it.
        """
        return cls.from_artifact(artifact.read(path), path, net)

    @classmethod
    def from_artifact(
        cls, saved: artifact.Artifact, path: str | PathLike[str], net: TextNet | None = None
    ) -> "TextModel":
        """The model in an artifact that was read from `path`."""
        return restore(saved, path, "text", net, _restored)

    def evidence(self) -> Evidence | None:
        """What is said of the held-out texts, beside what is true; None where there are none."""
        part = self.held_out
        if part is None:
            return None
        predicted = self.targets.decode(self._outputs(part, _ROWS), part.targets.index)
        texts = part.texts
        return Evidence.of(
            self.targets,
            part.targets,
            predicted,
            lambda places: self._weighed(texts, places),
        )

    def _weighed(self, texts: Sequence[str] | None, places: np.ndarray) -> list[dict[str, Any]]:
        """The texts at `places` in pieces, with their shares of what is predicted."""
        if texts is None or not len(places):  # of token ids there are none to read
            return [{"text": ""} for _ in places]
        return [
            {"text": list(zip(one.pieces, one.shares.tolist(), strict=True))}
            for one in self.attributions([texts[place] for place in places])
        ]

    def example(self) -> Any:
        """The net's inputs for two texts of four unknown tokens."""
        return inputs_of(self.names, torch.full((2, 4), self.tokens.unknown))

    def describe(self) -> dict[str, Any]:
        """The targets and what is known of the vocabulary, as plain values."""
        return {
            "schema": self.schema.to_json(),
            "tokens": {"kind": self.tokens.kind, "size": self.tokens.size},
        }

    @property
    def _about(self) -> str:
        return f"{self.schema.task} of {', '.join(self.targets.names)}, {self._net}"

    def __repr__(self) -> str:
        return shown("TextModel", self._about, self.metrics)

    def _repr_html_(self) -> str:
        return fitted_card("TextModel", self._about, self)


def _restored(saved: artifact.Artifact, net: TextNet | None) -> TextModel:
    content, settings = saved.content, saved.settings
    schema = Schema.from_json(content["schema"])
    targets = TargetCoder.from_json(content["targets"])
    kind: Any = GivenIds if content["tokens"]["kind"] == "ids" else Tokens
    tokens = kind.from_json(content["tokens"])
    reading = Reading(**content["reading"] | {"targets": targets.names})
    which: Any = settings["net"] if net is None else net
    built = build(
        which, tokens, targets, settings["length"], settings["pairs"], settings["positions"]
    )
    restored = TextModel(built, reading, schema, tokens, targets, settings)
    return filled(restored, saved)
