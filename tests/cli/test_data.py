import pytest

from lampas.cli.data import read, shell_spoken, shell_words
from lampas.cli.usage import UsageError
from lampas.errors import DataError, InputError


def test_errors_name_options():
    assert shell_words("x; pass delimiter='~'") == "x; add --delimiter '~'"
    assert shell_words("x, or pass delimiter=") == "x, or add --delimiter CHARACTER"
    assert shell_words("x, or pass kinds={...}") == "x, or add --kind COLUMN=KIND"
    assert shell_words("pass kinds={'age': 'category'}") == "add --kind age=category"
    assert shell_words("pass kinds={\"o'clock is\": 'date'}") == (
        "add --kind 'o'\"'\"'clock is=date'"
    )

    assert shell_words("known= was passed, but") == "--known was given, but"


def test_errors_are_raised_again_as_what_they_were():
    for kind, file, line in (
        (DataError, "a.csv", "a.csv: column 'x'; add --encoding cp1252"),
        (DataError, None, "column 'x'; add --encoding cp1252"),
        (InputError, "a.csv", "column 'x'; add --encoding cp1252"),
        (UsageError, "a.csv", "column 'x'; pass encoding='cp1252'"),
    ):
        with pytest.raises(kind) as caught, shell_spoken(file):
            raise kind("column 'x'; pass encoding='cp1252'")
        assert (type(caught.value), str(caught.value)) == (kind, line)
    with pytest.raises(DataError) as caught, shell_spoken("a.csv"):
        raise DataError("a.csv: no such file")
    assert str(caught.value) == "a.csv: no such file"


def test_a_tab_can_be_typed(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a\tb\n1\t2\n")
    assert read(str(table), "\\t", "utf-8").columns.tolist() == ["a", "b"]


@pytest.mark.parametrize("delimiter", ["", "ab", "\n", '"'])
def test_no_delimiter(tmp_path, delimiter):
    with pytest.raises(UsageError) as caught:
        read("t.csv", delimiter, "utf-8")
    assert str(caught.value) == (
        f"--delimiter {delimiter!r}: one character is needed, as --delimiter ';'"
    )
