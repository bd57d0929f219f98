"""From a corpus to token ids in two parts, with what people should know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lampas.errors import DataError, InputError
from lampas.splits import split_rows
from lampas.tables import cells
from lampas.tables.infer import infer
from lampas.tables.schema import Kind, Schema, names_of, pick
from lampas.text.columns import target_columns
from lampas.text.corpus import Corpus, Reading, TextsLike, labelled, split_folders
from lampas.text.files import TEXT
from lampas.text.given import GivenIds
from lampas.text.ids import TokenIds
from lampas.text.tokens import TokenKind, Tokens

LENGTH = 512


@dataclass(frozen=True, slots=True)
class Part:
    """Texts ready for a net, with their targets (N rows). cut: how many were longer. texts: as
    they were, kept of held-out ones alone."""

    ids: TokenIds
    targets: pd.DataFrame
    cut: int
    texts: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A training part and a held-out one. Its `str` is what a person should see of them."""

    reading: Reading
    schema: Schema
    tokens: Tokens | GivenIds
    length: int
    train: Part
    held_out: Part | None
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"texts       {_sizes(self.train, self.held_out)}",
            *(
                f"to predict  {_target(self.schema, name.name, self.train)}"
                for name in self.schema.targets
            ),
            f"tokens      {_lengths(self.train.ids)}",
            f"vocabulary  {_vocabulary(self)}",
            f"length      {_cut(self)}",
            *(f"note        {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def prepare(
    data: TextsLike,
    targets: str | Sequence[str] | None = None,
    *,
    text: str | None = None,
    kinds: Mapping[str, Kind] | None = None,
    validation: float | TextsLike | None = 0.2,
    tokenizer: TokenKind | None = None,
    vocabulary: int | None = None,
    length: int = LENGTH,
    encoding: str = "utf-8",
    seed: int = 0,
) -> Prepared:
    """Read, split, and turn into ids by a vocabulary that is learnt on the training part alone.

    The arguments are those of `lampas.texts`.
    """
    if type(length) is not int or length < 1:
        raise InputError(f"length={length!r}: a text has one token at least")
    named = () if targets is None else tuple(names_of("targets", targets))
    reading = Reading(text, named, encoding)
    corpus, validation = _with_folders(data, validation, reading)
    _refuse_blank(corpus)
    named = target_columns(corpus.frame, corpus.column, targets)
    column = corpus.column or TEXT
    schema = infer(_described(corpus, column), named, {column: "text", **(kinds or {})})
    reading = Reading(corpus.column, named, encoding, corpus.one_a_file)
    train, held_out = _divided(corpus, schema, validation, seed, reading)
    tokens = _tokens(train, tokenizer, vocabulary)
    return Prepared(
        reading,
        schema,
        tokens,
        length,
        encoded(train, tokens, length),
        None if held_out is None else _kept(held_out, encoded(held_out, tokens, length)),
        (*corpus.notes, *blank_remark(corpus), *_twice(train, held_out)),
    )


def encoded(corpus: Corpus, tokens: Tokens | GivenIds, length: int) -> Part:
    """The ids of the texts. Raises `DataError` for strings where ids are due, and the reverse."""
    match corpus.texts, tokens:
        case TokenIds() as found, GivenIds():
            ids, cut = tokens.encode(found, length)
        case list() as found, Tokens():
            ids, cut = tokens.encode(found, length)
        case TokenIds(), _:
            raise DataError("these are token ids, and the training had texts")
        case _:
            raise DataError("these are texts, and the training had token ids")
    return Part(ids, corpus.frame, cut)


def _kept(corpus: Corpus, part: Part) -> Part:
    """The part with its texts, so that people may read those that were taken for something else."""
    return part if isinstance(corpus.texts, TokenIds) else replace(part, texts=corpus.texts)


def check_targets(schema: Schema, corpus: Corpus) -> None:
    """Raise `DataError` at the first target of `corpus` that `schema` does not know."""
    name = schema.features[0].name
    schema.check(_described(corpus, name), targets=True)


def _described(corpus: Corpus, column: str) -> pd.DataFrame:
    """The columns beside the texts, and an empty one in the place of these."""
    return corpus.frame.assign(**{column: ""})


def _with_folders(
    data: TextsLike, validation: float | TextsLike | None, reading: Reading
) -> tuple[Corpus, float | TextsLike | None]:
    """The training texts and what to validate on: folders train/ and valid/ say so themselves."""
    folders = split_folders(data)
    if folders is None:
        return labelled(data, reading), validation
    train, valid = folders
    share = isinstance(validation, int | float)
    return labelled(train, reading), valid if valid is not None and share else validation


def _divided(
    corpus: Corpus,
    schema: Schema,
    validation: float | TextsLike | None,
    seed: int,
    reading: Reading,
) -> tuple[Corpus, Corpus | None]:
    if validation is None or (isinstance(validation, int | float) and validation == 0):
        return corpus, None
    if not isinstance(validation, int | float):
        held_out = labelled(validation, reading)
        check_targets(schema, held_out)
        return corpus, held_out
    classes = None
    if schema.task in ("binary", "multiclass"):
        classes = corpus.frame[schema.targets[0].name]
    train, held = split_rows(len(corpus), validation, seed, classes)
    return corpus.select(train), corpus.select(held)


def _tokens(train: Corpus, kind: TokenKind | None, size: int | None) -> Tokens | GivenIds:
    if not isinstance(train.texts, TokenIds):
        return Tokens.fit(train.texts, kind or "word", size)
    for name, given in (("tokenizer", kind), ("vocabulary", size)):
        if given is not None:
            raise InputError(f"{name}={given!r}, but the texts are token ids already: leave it out")
    return GivenIds.fit(train.texts)


def _refuse_blank(corpus: Corpus) -> None:
    if corpus.blank.all():
        raise DataError("all texts are blank")


def blank_remark(corpus: Corpus) -> list[str]:
    """A line for people where texts have nothing in them, with the first rows; or none."""
    rows = np.flatnonzero(corpus.blank)
    if not len(rows):
        return []
    shown = ", ".join(str(corpus.frame.index[row]) for row in rows[:3])
    more = ", …" if len(rows) > 3 else ""
    what = "1 text is" if len(rows) == 1 else f"{len(rows):,} texts are"
    return [f"{what} blank (row {shown}{more}), and read as one unknown token"]


def _twice(train: Corpus, held_out: Corpus | None) -> list[str]:
    if (
        held_out is None
        or isinstance(train.texts, TokenIds)
        or isinstance(held_out.texts, TokenIds)
    ):
        return []
    known = set(train.texts)
    count = sum(text in known for text in held_out.texts)
    what = "1 held-out text is" if count == 1 else f"{count:,} held-out texts are"
    return [f"{what} among the training texts too: scores on such are no test"] if count else []


def _sizes(train: Part, held_out: Part | None) -> str:
    rest = "none held out" if held_out is None else f"{len(held_out.ids):,} held out"
    return f"{len(train.ids):,} to train on, {rest}"


def _target(schema: Schema, name: str, train: Part) -> str:
    """The target with its classes and their sizes, or the range of its numbers."""
    found = pick(train.targets, name)
    if schema.task == "regression":
        values = cells.numbers(found)
        return f"{name}, a number: {values.min():g} to {values.max():g}"
    counts = pd.Series(cells.labels(found)).value_counts()
    shown = ", ".join(f"{one} {count:,}" for one, count in counts[:8].items())
    more = f", … ({len(counts)} classes)" if len(counts) > 8 else ""
    return f"{name}: {shown}{more}"


def _lengths(ids: TokenIds) -> str:
    lengths = ids.lengths.numpy()
    half, most = np.quantile(lengths, [0.5, 0.95], method="higher")
    return f"{lengths.min()} to {lengths.max()} a text; half have up to {half}, 95 % up to {most}"


def _vocabulary(prepared: Prepared) -> str:
    tokens = prepared.tokens
    line = f"{tokens.size:,} {tokens.kind if tokens.kind == 'ids' else tokens.kind + ' tokens'}"
    if prepared.held_out is None:
        return line
    share = float((prepared.held_out.ids.flat == tokens.unknown).float().mean())
    return f"{line}, learnt on the training texts; {100 * share:.1f} % of the held-out are unknown"


def _cut(prepared: Prepared) -> str:
    cut = prepared.train.cut + (0 if prepared.held_out is None else prepared.held_out.cut)
    if not cut:
        return f"{prepared.length} tokens: no text is cut"
    what = "1 text has" if cut == 1 else f"{cut:,} texts have"
    return f"{prepared.length} tokens: {what} more, and the rest of them is not read"
