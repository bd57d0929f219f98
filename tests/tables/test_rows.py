import pytest

from lampas.errors import DataError
from lampas.tables.read import read_table

TOLD = (
    "{}: a quote in line {} is not closed there, and each line is a whole row: its quotes are "
    "read as letters\n"
)


def write(path, text):
    path.write_bytes(text.encode())
    return path


def test_a_quote_at_the_start_of_an_unquoted_text_swallows_no_rows(tmp_path, capsys):
    lines = [f"text {row}\t{row % 2}" for row in range(1201)]
    lines[20] = '"never closed\t1'
    path = write(tmp_path / "one.tsv", "\n".join(["text\tlabel", *lines, ""]))
    frame = read_table(path)
    assert len(frame) == 1201
    assert frame["text"][20] == '"never closed'
    assert capsys.readouterr().err == TOLD.format(path, 22)

    lines[50] = '"another one\t0'
    path = write(tmp_path / "two.tsv", "\n".join(["text\tlabel", *lines, ""]))
    frame = read_table(path)
    assert len(frame) == 1201
    assert frame["text"][[20, 50]].tolist() == ['"never closed', '"another one']
    assert frame["label"].tolist() == [1 if row == 20 else row % 2 for row in range(50)] + [0] + [
        row % 2 for row in range(51, 1201)
    ]
    assert capsys.readouterr().err == TOLD.format(path, 22)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_proper_quotes_hold_line_breaks_and_tabs(tmp_path, capsys, end):
    rows = ["text\tlabel", '"two', 'lines"\t1', '"a\ttab"\t0', '"say ""hi"""\t1', "plain\t0", ""]
    frame = read_table(write(tmp_path / "a.tsv", end.join(rows)))
    assert frame["text"].tolist() == [f"two{end}lines", "a\ttab", 'say "hi"', "plain"]
    assert frame["label"].tolist() == [1, 0, 1, 0]
    assert capsys.readouterr().err == ""


def test_a_header_in_quotes_says_that_quotes_are_quotes(tmp_path, capsys):
    text = '"text"\t"label"\n"one\t1"\n"\ttwo"\t0\n'
    with pytest.raises(DataError):
        read_table(write(tmp_path / "a.tsv", text))
    assert capsys.readouterr().err == ""


def test_in_a_csv_a_quote_that_closes_before_a_letter_swallowed_rows(tmp_path, capsys):
    text = 'text,label\n"one,1\ntwo,0\n"three,1\nfour,0\n'
    path = write(tmp_path / "a.csv", text)
    assert read_table(path)["text"].tolist() == ['"one', "two", '"three', "four"]
    assert capsys.readouterr().err == TOLD.format(path, 2)


def test_in_a_csv_what_may_be_a_quoted_text_is_one(tmp_path, capsys):
    text = 'text,label\n"Dear Ann,\nnow, ""or never"" it is",1\nfour,0\n'
    path = write(tmp_path / "a.csv", text.replace("now, ", "now "))
    assert read_table(path)["text"].tolist() == ['Dear Ann,\nnow "or never" it is', "four"]
    text = 'text,label\n"Dear Ann,\nyours",1\nfour,0\n'  # each line has one comma, by chance
    assert len(read_table(write(path, text))) == 2
    assert capsys.readouterr().err == ""


def test_in_a_csv_a_quote_that_never_closes_may_be_that_of_a_file_cut_short(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\none,1\n"two,0\nthree,1\n')
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value) == (
        f"{path}: the row that begins in line 3 has a quote that is never closed; close it, or "
        "leave it out"
    )
