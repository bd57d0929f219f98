"""From texts to token ids and how they were cut: vocabularies learnt on the training texts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Literal, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from lampas.errors import DataError, unknown_name
from lampas.strict_json import strict_json
from lampas.text.ids import TokenIds, shortened

TokenKind = Literal["word", "bpe", "character"]
KINDS: tuple[TokenKind, ...] = get_args(TokenKind)
VOCABULARY: dict[TokenKind, int] = {"word": 30_000, "bpe": 8_000, "character": 10_000}
"""The largest vocabulary of each kind, where none is asked for."""

_arrow: Any = pyarrow.compute  # makes its functions when imported: no type checker sees them
_PAD, _UNKNOWN = "[PAD]", "[UNK]"
_AT_ONCE = 4_000_000  # letters encoded together
_WORDS_AT_ONCE = 1000  # new words that are encoded as one text
_SHARED = 100  # of such texts, by all cores
_REMEMBERED = 500_000  # different words whose ids are kept while encoding
_LETTERS = 20  # of a word without a space, so many for each token that may be kept, are read

# Scripts that write no spaces: a letter is a token, and pairs of letters are what nets see next.
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[\w&&[^{_SPACELESS}]]+"
_PIECES = rf"[{_SPACELESS}]|{_WORD}(?:['’]{_WORD})*|[^\w\s]\uFE0F?"


class Tokens:
    """A fitted Hugging Face tokenizer: id 0 is padding, 1 a token that training did not have.

    Texts are cut at white space, and each word is encoded once: a word's ids are remembered, so
    the usual words of a language cost a look into a dict. kind "word": words and single signs,
    in lower case; a letter each where a script writes no spaces. "bpe": byte pairs (Sennrich et
    al. 2016, on bytes as Radford et al. 2019), which know no unknown token. "character".

    >>> tokens = Tokens.fit(["A cat sat.", "The cat"], "word")
    >>> ids, cut = tokens.encode(["the CAT flew", ""], length=2)
    >>> ids.lengths.tolist(), cut
    ([2, 1], 1)
    >>> tokens.words([ids.flat[1].item()])
    ['cat']
    """

    unknown = 1

    def __init__(self, tokenizer: tokenizers.Tokenizer, kind: TokenKind) -> None:
        self.tokenizer = tokenizer
        self.kind = kind
        self.size = tokenizer.get_vocab_size()

    @classmethod
    def fit(cls, texts: Iterable[str], kind: TokenKind, size: int | None = None) -> "Tokens":
        """From the training texts: at most `size` tokens, the most frequent ones."""
        if kind not in KINDS:
            raise unknown_name("tokenizer", str(kind), KINDS)
        made, trainer = _blank(kind, VOCABULARY[kind] if size is None else size)
        known = list(texts)
        try:
            made.train_from_iterator(known, trainer)
        except UnicodeEncodeError:  # half a surrogate pair, as below
            made.train_from_iterator(map(_whole, known), trainer)
        return cls(made, kind)

    def encode(self, texts: Sequence[str], length: int) -> tuple[TokenIds, int]:
        """The first `length` tokens of each text, and how many texts had more.

        A text without any token, as an empty one, is one unknown token.
        """
        memory = _Memory(self.tokenizer, _LETTERS * length)
        parts = [memory.encode(some, length) for some in _portions(texts)]
        flat, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
        return shortened(flat, lengths, length, self.unknown)

    def words(self, ids: Iterable[int]) -> list[str]:
        """The tokens that these ids stand for."""
        return [str(self.tokenizer.id_to_token(one)) for one in ids]

    def pieces(self, text: str, length: int) -> list[str]:
        """The letters of `text` behind each of its first `length` tokens, as they stand there, with
        a space in front where a word begins. A letter of several tokens is behind the last.

        >>> Tokens.fit(["a cat sat."], "word").pieces("The CAT sat.", length=9)
        ['The', ' CAT', ' sat', '.']
        """
        words, _ = _split([text], length)
        whole = [words.dictionary[number].as_py() for number in words.indices.to_pylist()]
        whole = [word[: _LETTERS * length] for word in whole]
        found = self.tokenizer.encode(whole, is_pretokenized=True, add_special_tokens=False)
        numbers: list[Any] = found.word_ids
        spans = list(zip(numbers, found.offsets, strict=True))[:length]
        pieces: list[str] = []
        for place, (word, (start, end)) in enumerate(spans):
            gap = " " if place and word != spans[place - 1][0] else ""
            if place + 1 < len(spans) and spans[place + 1][0] == word:
                end = min(end, spans[place + 1][1][0])
            pieces.append(gap + whole[word][start:end])
        return pieces or [self.words([self.unknown])[0]]

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back."""
        return {"kind": self.kind, "tokenizer": self.tokenizer.to_str()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Tokens":
        """The tokens that `to_json` described. Raises `ValueError` for a damaged description.

        Only the vocabulary and the merges are taken from it. How texts are cut is ours: a pattern
        from a file could keep its reader busy for ever.
        """
        kind = plain["kind"]
        if kind not in KINDS:
            raise ValueError(f"tokens of kind {kind!r:.40}")
        described = strict_json(plain["tokenizer"])["model"]
        vocabulary = _vocabulary(described["vocab"])
        made, _ = _blank(kind, VOCABULARY[kind])
        made.model = (
            models.BPE(vocabulary, _merges(described["merges"], vocabulary), unk_token=_UNKNOWN)
            if kind == "bpe"
            else models.WordLevel(vocabulary, unk_token=_UNKNOWN)
        )
        made.add_special_tokens([_PAD, _UNKNOWN])
        return cls(made, kind)


def _blank(kind: TokenKind, size: int) -> tuple[tokenizers.Tokenizer, Any]:
    """A tokenizer that knows nothing yet, and who trains it."""
    if type(size) is not int or size < 10:
        raise DataError(f"vocabulary={size}: at least 10 tokens are needed")
    special = [_PAD, _UNKNOWN]
    if kind == "bpe":
        made = tokenizers.Tokenizer(models.BPE(unk_token=_UNKNOWN))
        made.normalizer = normalizers.NFC()
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        letters = pre_tokenizers.ByteLevel.alphabet()
        return made, trainers.BpeTrainer(
            vocab_size=max(size, len(letters) + len(special)),
            special_tokens=special,
            initial_alphabet=letters,
            show_progress=False,
        )
    pattern = _PIECES if kind == "word" else r"\S"
    made = tokenizers.Tokenizer(models.WordLevel(unk_token=_UNKNOWN))
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex(pattern), "removed", invert=True)
    return made, trainers.WordLevelTrainer(
        vocab_size=size, special_tokens=special, show_progress=False
    )


def _vocabulary(given: Any) -> dict[str, int]:
    """Tokens with their numbers, each of 0, 1, 2 … once; the first two are ours."""
    if not isinstance(given, dict) or any(type(one) is not int for one in given.values()):
        raise ValueError("its vocabulary is none")
    found = cast("dict[str, int]", given)
    if sorted(found.values()) != list(range(len(found))):
        raise ValueError("its tokens are not numbered from 0 on")
    if (found.get(_PAD), found.get(_UNKNOWN)) != (0, 1):
        raise ValueError(f"its vocabulary does not begin with {_PAD} and {_UNKNOWN}")
    return found


def _merges(given: Any, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of tokens that become one; older files have them as one text with a space."""
    pairs = [tuple(one.split(" ") if isinstance(one, str) else one) for one in given]
    if not all(len(pair) == 2 and {*pair, "".join(pair)} <= vocabulary.keys() for pair in pairs):
        raise ValueError("its merges are not of its tokens")
    return cast("list[tuple[str, str]]", pairs)


class _Numbers(dict[str, int]):
    """Numbers words in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


class _Memory:
    """The ids of each word that was met, one after another in a flat array.

    All is forgotten when much is kept: memory stays bounded.
    """

    def __init__(self, tokenizer: tokenizers.Tokenizer, letters: int) -> None:
        self.tokenizer = tokenizer
        self.letters = letters
        self._forget()

    def encode(self, texts: Sequence[str], length: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the first words of all texts, (T,), and the tokens of each text, (N,): more
        than `length` where the text has more."""
        if len(self.numbers) > _REMEMBERED:
            self._forget()
        words, counts = _split(texts, length)
        numbers = map(self.numbers.__getitem__, words.dictionary.to_pylist())
        known = np.fromiter(numbers, np.int64, len(words.dictionary))
        self._learn()
        found = known[words.indices.to_numpy()]
        sizes = self.sizes[found]
        ends = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(ends[-1]) + np.repeat(self.starts[found] - ends[:-1], sizes)
        last = np.cumsum(counts)
        return self.ids[places], ends[last] - ends[last - counts]

    def _forget(self) -> None:
        self.numbers = _Numbers()
        self.ids = np.zeros(0, np.int32)
        self.sizes = np.zeros(0, np.int64)
        self.starts = np.zeros(0, np.int64)

    def _learn(self) -> None:
        """Encode the words that were numbered since the last time."""
        new = [word[: self.letters] for word in islice(self.numbers, len(self.sizes), None)]
        for start in range(0, len(new), _WORDS_AT_ONCE * _SHARED):
            self._add(new[start : start + _WORDS_AT_ONCE * _SHARED])

    def _add(self, words: list[str]) -> None:
        """Encode `words`, many as one text: an object for each would cost as much as its ids."""
        shares = [words[at : at + _WORDS_AT_ONCE] for at in range(0, len(words), _WORDS_AT_ONCE)]
        found = self.tokenizer.encode_batch(shares, is_pretokenized=True, add_special_tokens=False)
        ids = np.concatenate([np.array(one.ids, np.int32) for one in found])
        sizes = np.concatenate(
            [
                np.bincount(np.array(one.word_ids, np.int64), minlength=len(share))
                for one, share in zip(found, shares, strict=True)
            ]
        )
        self.starts = np.concatenate([self.starts, len(self.ids) + np.cumsum(sizes) - sizes])
        self.sizes = np.concatenate([self.sizes, sizes])
        self.ids = np.concatenate([self.ids, ids])


def _split(texts: Sequence[str], length: int) -> tuple[Any, np.ndarray]:
    """The words of all texts, and how many each has; of long texts the first ones.

    Arrow splits several times as fast as Python, which would make an object of every word.
    """
    # Blank ends give empty words; every other one has a token at least.
    enough = length + 3
    try:
        column = pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # half a surrogate pair, as broken JSON has
        column = pa.array([_whole(text) for text in texts], pa.large_string())
    split = _arrow.utf8_split_whitespace(column, max_splits=enough)
    counts = _arrow.list_value_length(split).to_numpy()
    if counts.max() > enough:  # the last part is all the rest
        split = _arrow.list_slice(split, 0, enough)
        counts = np.minimum(counts, enough)
    return _arrow.list_flatten(split).dictionary_encode(), counts.astype(np.int64)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _portions(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Some megabytes of texts at a time."""
    before = np.cumsum([0, *map(len, texts)])[:-1] // _AT_ONCE
    cuts = np.flatnonzero(np.diff(before, prepend=-1))
    for start, stop in pairwise([*cuts.tolist(), len(texts)]):
        yield texts[start:stop]
