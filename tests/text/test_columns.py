import pandas as pd

from lampas.text.columns import looks_like_texts, target_columns, text_column

SENTENCES = pd.Series([f"a sentence with the number {number}" for number in range(30)])


def test_what_looks_like_texts():
    assert looks_like_texts(SENTENCES)
    assert looks_like_texts(
        pd.Series(["这部电影真的非常好看我们都很喜欢", "今天的天气很好我们去公园散步吧大家"])
    )
    for column in (
        pd.Series(range(30)),
        pd.Series([f"{number}.25" for number in range(30)]),
        pd.Series(pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d 00:00:00")),
        pd.Series(["a rather long category", "another long category"] * 15),
        pd.Series([f"name {number}" for number in range(30)]),
        pd.Series([None, None], dtype=object),
    ):
        assert not looks_like_texts(column)


def test_a_lone_column_of_words_is_the_text():
    frame = pd.DataFrame({"word": ["fine", "dull"], "label": ["good", "bad"]})
    assert text_column(frame, None, ["label"]) == "word"


def test_the_only_other_column_is_the_target():
    frame = pd.DataFrame({"text": SENTENCES, "label": 1})
    assert target_columns(frame, "text", None) == ("label",)
    assert target_columns(frame, "text", ["label"]) == ("label",)
