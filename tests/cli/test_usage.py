import pytest

from lampas.cli import usage


def test_a_file_as_validation(tmp_path):
    file = tmp_path / "v.csv"
    file.write_text("a\n1\n")
    assert usage.validation(str(file)) == file


@pytest.mark.parametrize("text", ["1", "-0.1", "nan", "inf"])
def test_shares_that_are_none(text):
    with pytest.raises(usage.UsageError) as caught:
        usage.validation(text)
    assert str(caught.value) == f"--validation {text}: a share of the rows is from 0 to below 1"


def test_a_validation_that_is_nothing():
    with pytest.raises(usage.UsageError) as caught:
        usage.validation("none.csv")
    assert str(caught.value) == (
        "--validation 'none.csv': neither a share of the rows, as 0.2, nor a file that is there"
    )


@pytest.mark.parametrize("pair", ["Age", "=number", "Age="])
def test_kinds_that_are_no_pairs(pair):
    with pytest.raises(usage.UsageError) as caught:
        usage.kinds([pair])
    assert str(caught.value) == f"--kind {pair!r}: write COLUMN=KIND, as --kind Pclass=category"


@pytest.mark.parametrize("text", ["", "3,", "3,,4", "a", "0,3", "-1", "3.5"])
def test_shapes(text):
    if text == "3,":
        assert usage.shape(text) == (3,)
        return
    with pytest.raises(usage.UsageError) as caught:
        usage.shape(text)
    assert str(caught.value) == (
        f"--shape {text!r}: write sizes without the batch, as --shape 3,32,32"
    )
