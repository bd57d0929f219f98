import pytest

from lampas.cli.data import read, shell_words
from lampas.cli.usage import UsageError


def test_errors_name_options():
    assert shell_words("x; pass delimiter='~'") == "x; add --delimiter '~'"
    assert shell_words("x, or pass delimiter=") == "x, or add --delimiter CHARACTER"
    assert shell_words("x, or pass kinds={...}") == "x, or add --kind COLUMN=KIND"
    assert shell_words("pass kinds={'age': 'category'}") == "add --kind age=category"
    assert shell_words("pass kinds={\"o'clock is\": 'date'}") == (
        "add --kind 'o'\"'\"'clock is=date'"
    )


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
