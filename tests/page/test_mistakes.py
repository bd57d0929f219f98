from lampas.page.mistakes import mistakes_of


def _one(**seen: object) -> dict[str, object]:
    return {"name": "7", "true": "a", "said": "b", "probability": 0.75, "seen": seen}


def test_rows_and_their_columns() -> None:
    found = mistakes_of({"mistakes": [_one(size="3", colour="red")]})
    assert found == {
        "images": None,
        "head": ["sample", "true", "predicted", "size", "colour"],
        "rows": [["7", "a", "b (75 %)", "3", "red"]],
        "note": "",
    }


def test_sentences_with_what_mattered() -> None:
    found = mistakes_of({"mistakes": [_one(text=[["so", 0.01], [" dull", -1.0], [" !", 0.5]])]})
    assert found is not None
    assert found["rows"][0][-1] == [
        ("", "so", "", 10), (" ", "dull", "against", 50), (" ", "!", "for", 30),
    ]  # fmt: skip
    assert found["note"].startswith("Words marked +")


def test_pictures_and_none() -> None:
    found = mistakes_of({"mistakes": [_one(image="iVBO")]})
    assert found == {"images": [{"png": "iVBO", "name": "7", "true": "a", "said": "b (75 %)"}]}
    assert mistakes_of({"mistakes": []}) is None
    assert mistakes_of({}) is None
