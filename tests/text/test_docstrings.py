import sys

from lampas.text.docstrings import prose, sentences

DOCSTRING = """Sort the rows by `key`, the smallest of them first.

    The :class:`~a.b.Frame` is left as it was before. It is x = 3 and no more than that.
    This last sentence is plain English again.
    Too short. This one of numpy's would give away the library that it is from.

    Parameters
    ----------
    key : the name of the column that the rows are sorted by.

    >>> sort("a")

    - This is a line of a list, not a sentence at all.

    Note: a heading is before this sentence of many words.
"""


def test_prose_without_code_names_or_lists():
    assert list(prose(DOCSTRING)) == [
        "Sort the rows by key, the smallest of them first.",
        "This last sentence is plain English again.",
    ]


def test_no_file_and_no_sentence_is_on_two_sides(tmp_path, monkeypatch):
    package = tmp_path / "somelibrary"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    for number in range(30):
        words = [chr(97 + number % 26) * (2 + number // 26) + chr(97 + one) for one in range(4)]
        lines = [f"The word {word} is in this very sentence." for word in words]
        text = " ".join([*lines, "This sentence is the same in all of the files."])
        (package / f"m{number}.py").write_text(f'def f():\n    """{text}"""\n')
    (package / "broken.py").write_text("def (:")
    monkeypatch.syspath_prepend(str(tmp_path))
    parts = sentences(each=40, libraries=("somelibrary", "not_installed_anywhere"))
    assert "somelibrary" not in sys.modules
    assert [len(part) for part in parts] == [40, 10, 10]
    files = [set(part["file"]) for part in parts]
    texts = [set(part["text"]) for part in parts]
    for one in range(3):
        other = (one + 1) % 3
        assert not files[one] & files[other]
        assert not texts[one] & texts[other]
    again = sentences(each=40, libraries=("somelibrary", "not_installed_anywhere"))
    assert all(a.equals(b) for a, b in zip(parts, again, strict=True))
