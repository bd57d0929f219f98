import json

import pytest

from lampas.errors import DataError, UnknownNameError
from lampas.text.tokens import Tokens


def words(tokens, text, length=50):
    ids, _ = tokens.encode([text], length)
    return tokens.words(ids.flat.tolist())


def test_words_signs_and_scripts_without_spaces():
    text = "Don't stop!! 中文字abc 😀😀 コンa\u0301é 3.14 สวย ❤️"
    assert words(Tokens.fit([text], "word"), text) == [
        "don't", "stop", "!", "!", "中", "文", "字", "abc", "😀", "😀", "コ", "ン", "áé",
        "3", ".", "14", "ส", "ว", "ย", "❤️",
    ]  # fmt: skip


def test_unknown_words_are_one_id():
    tokens = Tokens.fit(["one two"], "word")
    ids, cut = tokens.encode(["two three four", "   ", ""], 9)
    assert ids.lengths.tolist() == [3, 1, 1]
    assert ids.flat.tolist()[1:] == [tokens.unknown] * 4
    assert cut == 0


def test_byte_pairs_know_every_letter():
    tokens = Tokens.fit(["a low lower lowest"] * 3, "bpe", size=300)
    ids, _ = tokens.encode(["unseen 😀 漢字 low"], 99)
    assert tokens.unknown not in ids.flat
    assert tokens.words(ids.flat.tolist())[-1] == "Ġlow"
    assert tokens.tokenizer.decode(ids.flat.tolist()).replace(" ", "").startswith("Ġu")


def test_characters():
    assert words(Tokens.fit(["ab"], "character"), "b ac") == ["b", "a", "[UNK]"]


def test_what_is_longer_is_cut_and_counted():
    tokens = Tokens.fit(["a b c d"], "word")
    ids, cut = tokens.encode(["a b c", " a  b ", "a b c d", "a", "a,b"], 2)
    assert ids.lengths.tolist() == [2, 2, 2, 1, 2]
    assert cut == 3


def test_a_huge_line_costs_little_and_is_cut():
    tokens = Tokens.fit(["word"], "word")
    ids, cut = tokens.encode(["word " * 2_000_000, "x" * 10_000_000, "word"], 100)
    assert ids.lengths.tolist() == [100, 1, 1]
    assert cut == 1
    ids, cut = Tokens.fit(["word"], "bpe").encode(["x" * 10_000_000], 100)
    assert ids.lengths.tolist() == [100]
    assert cut == 1


def test_many_portions_are_as_one(monkeypatch):
    texts = [f"word{number % 7} and word{number % 5}" for number in range(50)]
    tokens = Tokens.fit(texts, "word")
    whole, _ = tokens.encode(texts, 9)
    monkeypatch.setattr("lampas.text.tokens._AT_ONCE", 40)
    monkeypatch.setattr("lampas.text.tokens._REMEMBERED", 3)
    parts, _ = tokens.encode(texts, 9)
    assert parts.flat.equal(whole.flat)
    assert parts.ends.equal(whole.ends)


def test_half_a_surrogate_pair_is_read():
    tokens = Tokens.fit(["a b"], "word")
    assert tokens.encode(["a \ud800"], 9)[0].lengths.tolist() == [2]


@pytest.mark.parametrize("kind", ["word", "bpe", "character"])
def test_a_description_is_plain_text(kind):
    tokens = Tokens.fit(["some words, some signs"], kind)
    again = Tokens.from_json(json.loads(json.dumps(tokens.to_json())))
    assert again.size == tokens.size
    assert words(again, "some new words") == words(tokens, "some new words")


def test_the_vocabulary_has_a_largest_size():
    texts = [" ".join(f"w{number}" for number in range(50)) + " w7 w8"]
    tokens = Tokens.fit(texts, "word", size=12)
    assert tokens.size == 12
    assert {"w7", "w8"} < set(tokens.tokenizer.get_vocab())


def test_wrong_kinds_and_sizes():
    with pytest.raises(UnknownNameError) as caught:
        Tokens.fit(["a"], "words")  # pyright: ignore
    assert str(caught.value) == (
        "unknown tokenizer 'words': did you mean 'word'? Valid: bpe, character, word"
    )
    with pytest.raises(DataError) as caught:
        Tokens.fit(["a"], "word", size=3)
    assert str(caught.value) == "vocabulary=3: at least 10 tokens are needed"


@pytest.mark.parametrize("kind", ["word", "bpe", "character"])
def test_pieces_are_the_letters_behind_each_token(kind):
    texts = [
        "A Fine film, Isn't it?  ÜBER naïve.",
        "中文 电影很好 ok",
        " x ",
        "e\u0301tude ﬁ ½",
        "  ",
    ]
    tokens = Tokens.fit(texts[:2], kind, 300)
    for length in (1, 3, 50):
        ids, _ = tokens.encode(texts, length)
        pieces = [tokens.pieces(text, length) for text in texts]
        assert [len(one) for one in pieces] == ids.lengths.tolist()
    assert pieces[-1] == ["[UNK]"]
    assert "".join(pieces[0]) == " ".join(texts[0].split())
    assert "".join(pieces[2]) == "x"
