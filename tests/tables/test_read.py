"""Reading tables: what is accepted, and the one line for each thing that is wrong."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from lampas import tabular
from lampas.errors import DataError
from lampas.tables.read import read_table

OPEN = "the row that begins in line {} has a quote that is never closed; close it, or leave it out"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def refused(source, **options):
    with pytest.raises(DataError) as caught:
        read_table(source, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x,y\n1,a\n2,b\n"),
        ("a.csv", "x;y\n1;a\n2;b\n"),
        ("a.csv", "x\ty\n1\ta\n2\tb\n"),
        ("a.tsv", "x\ty\n1\ta\n2\tb\n"),
        ("a.txt", "x|y\n1|a\n2|b\n"),
        ("a.csv", b"\xef\xbb\xbfx,y\n1,a\n\n2,b"),
        ("a.csv", "x , y\n1, a\n2, b\n"),
        ("a.CSV", 'x,y\r\n1,"a"\r\n2,"b"\r\n'),
    ],
)
def test_the_same_table_in_many_dresses(tmp_path, name, text):
    frame = read_table(write(tmp_path / name, text))
    assert frame.to_dict("list") == {"x": [1, 2], "y": ["a", "b"]}


def test_gz_and_parquet(tmp_path):
    frame = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x,y\n1,a\n2,b\n"))
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv.gz", "a.parquet"):
        assert read_table(tmp_path / name).to_dict("list") == frame.to_dict("list")


def test_a_decimal_comma_does_not_make_the_comma_a_delimiter(tmp_path):
    frame = read_table(write(tmp_path / "a.csv", "x;y;z\n1,5;2,5;3,5\n1,5;2,5;3,5\n"))
    assert list(frame.columns) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["764,25", "-3,5", "12"], [764.25, -3.5, 12]),
        (["1.234,56", "+1.234.567,5", "1.234"], [1234.56, 1234567.5, 1234]),
        ([" 0,5 ", '"7,25"', "NA"], [0.5, 7.25, np.nan]),
    ],
)
def test_decimal_commas_between_semicolons_are_numbers(tmp_path, written, read):
    text = "x;y\n" + "".join(f"{cell};a\n" for cell in written)
    frame = read_table(write(tmp_path / "a.csv", text))
    assert frame["x"].dtype == np.float64
    np.testing.assert_array_equal(frame["x"], read)
    assert frame["y"].tolist() == ["a"] * 3


@pytest.mark.parametrize(
    "written",
    [
        ["1,2,3", "4,5"],
        ["Meier, Anna", "Kunz, Jo"],
        ["1,5", "n/v"],
        ["1,5", "2.5"],
        ["1.23,5", "2,5"],
        ["1,", "2,5"],
        ["1.234.567", "7.654.321"],
    ],
)
def test_other_commas_between_semicolons_stay_text(tmp_path, written):
    text = "x;y\n" + "".join(f"{cell};a\n" for cell in written)
    assert read_table(write(tmp_path / "a.csv", text))["x"].tolist() == written


@pytest.mark.parametrize(("mark", "name"), [(",", "a.csv"), ("\t", "a.tsv"), ("|", "a.csv")])
def test_decimal_commas_stay_text_where_no_semicolon_separates(tmp_path, mark, name):
    path = write(tmp_path / name, f'x{mark}y\n"1,5"{mark}a\n"2,5"{mark}b\n')
    assert read_table(path, delimiter=mark)["x"].tolist() == ["1,5", "2,5"]


def test_german_prices_as_feature_and_as_target(tmp_path):
    rows = [f"{i % 3},{i:02d};Preis {i},5;{i // 9 + 1}.{100 + i},25" for i in range(1, 61)]
    path = write(tmp_path / "a.csv", "menge;name;preis\n" + "\n".join(rows) + "\n")
    model = tabular(path, "preis", epochs=1, verbose=0)
    columns = {column.name: column for column in model.schema.columns}
    assert model.schema.task == "regression"
    assert (columns["menge"].kind, columns["menge"].high) == ("number", 2.59)
    assert columns["name"].kind != "number"
    other = tabular(path, "menge", epochs=1, verbose=0).schema
    assert {one.name: one.kind for one in other.columns}["preis"] == "number"
    assert model.predict(path)["preis"].dtype.kind == "f"


def test_a_quoted_field_may_hold_delimiters_and_lines(tmp_path):
    frame = read_table(write(tmp_path / "a.csv", 'x,y\n"a, b;\nc",1\nd,2\n'))
    assert frame["x"].tolist() == ["a, b;\nc", "d"]


def test_one_plain_column_is_a_table(tmp_path):
    assert read_table(write(tmp_path / "a.csv", "x\n1\n2\n"))["x"].tolist() == [1, 2]


def test_a_frame_keeps_its_index_and_gets_text_for_names():
    frame = read_table(pd.DataFrame({0: [1, 2]}, index=[7, 9]))
    assert list(frame.columns) == ["0"]
    assert list(frame.index) == [7, 9]


def test_columns_go_by_position_not_by_index():
    one, two = pd.Series([1, 2], index=[0, 1]), pd.Series([3, 4], index=[1, 0])
    assert read_table({"a": one, "b": two})["b"].tolist() == [3, 4]


def test_other_encodings_and_delimiters_when_asked(tmp_path):
    path = write(tmp_path / "a.csv", "x:y\né:1\n", "cp1252")
    frame = read_table(path, encoding="cp1252", delimiter=":")
    assert frame.to_dict("list") == {"x": ["é"], "y": [1]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "the file is empty"),
        ("a.csv", " \n\n", "the file is empty"),
        ("a.csv", "x,y\n", "only a header, no rows"),
        (
            "a.csv",
            "x,y\n1,2\n3\n",
            "line 3 has 1 field, the header has 2; quote a field that holds the delimiter, "
            "or pass delimiter=",
        ),
        (
            "a.csv",
            'x,y\n"1\n",2\n3,4,5\n',
            "line 4 has 3 fields, the header has 2; quote a field that holds the delimiter, "
            "or pass delimiter=",
        ),
        ("a.csv", "x,y,x\n1,2,3\n", "column 'x' is there twice; rename or drop one of them"),
        (
            "a.csv",
            "x y z\n1 2 3\n",
            "only one column, 'x y z', but ' ' would give 3; pass delimiter=' '",
        ),
        (
            "a.csv",
            "a;b|c\n1;2|3\n",
            "';' or '|' may separate the fields: both give 2 columns; pass delimiter=';'",
        ),
        (
            "a.csv",
            b"x,y\ncaf\xe9,1\n",
            "not utf-8: byte 0xe9 at offset 7, line 2; it may be 'cp1252': pass encoding='cp1252'",
        ),
        (
            "a.csv",
            "x,y\n中文表格,1\n".encode("gb18030"),
            "not utf-8: byte 0xd6 at offset 4, line 2; it may be 'gb18030': "
            "pass encoding='gb18030'",
        ),
        (
            "a.csv",
            "x,y\n1,2\n".encode("utf-16"),
            "not utf-8: byte 0xff at offset 0, line 1; it may be 'utf-16': pass encoding='utf-16'",
        ),
        ("a.csv", b"\xef\xbb\xbf", "the file is empty"),
        ("a.csv", 'photo,kind\na.png,"x\n', OPEN.format(2)),
        ("a.csv", 'x,y\n1,2\n\n"3,4\n5,6\n', OPEN.format(4)),
        ("a.csv", '"x,y\n1,2\n', OPEN.format(1)),
        ("a.tsv", 'x\ty\n1\t"2\r\n3\t4\n\n5', OPEN.format(2)),
        ("a.parquet", "x,y\n1,2\n", "not a Parquet file, or a damaged one"),
        (
            "a.xlsx",
            "x",
            "a table is a .csv, .tsv or .txt file (also .gz) or a .parquet file, not '.xlsx'; "
            "a table of texts may be .jsonl too",
        ),
        (
            "table",
            "x",
            "a table is a .csv, .tsv or .txt file (also .gz) or a .parquet file, "
            "not one without a suffix; a table of texts may be .jsonl too",
        ),
    ],
)
def test_one_clear_line_for_a_bad_file(tmp_path, name, text, message):
    path = write(tmp_path / name, text)
    assert refused(path) == f"{path}: {message}"


def test_files_that_cannot_be_read(tmp_path):
    assert refused(tmp_path / "no.csv") == f"{tmp_path / 'no.csv'}: no such file"
    assert refused(tmp_path) == (
        f"{tmp_path}: it is a folder, and a table is one file; it holds no table"
    )
    write(tmp_path / "a.csv.gz", "no gzip")
    assert "not a whole gzip file" in refused(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"x,y\n1,a\n2,b\n")[:-6])
    assert "not a whole gzip file" in refused(tmp_path / "b.csv.gz")
    path = write(tmp_path / "a.csv", "x,y\n1,2\n")
    assert refused(path, encoding="utf-9") == (
        f"{path}: unknown encoding 'utf-9'; common ones are 'utf-8', 'utf-16', 'cp1252' and "
        "'gb18030'"
    )


def test_a_folder_tells_which_tables_it_holds(tmp_path, monkeypatch):
    folder = tmp_path / "data.csv"
    folder.mkdir()
    for name in ("train.csv", "test.CSV.gz", "more.parquet", "notes.md"):
        (folder / name).touch()
    told = f"{folder}: it is a folder, and a table is one file; it holds"
    assert refused(folder) == f"{told} more.parquet, test.CSV.gz, train.csv: name one"
    for number in range(4):
        (folder / f"{number}.tsv").touch()
    assert refused(folder) == (
        f"{told} 0.tsv, 1.tsv, 2.tsv, 3.tsv, more.parquet, test.CSV.gz, …: name one"
    )

    def closed(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    assert refused(folder) == f"{folder}: cannot be read (Permission denied)"


def test_what_the_parser_alone_refuses(tmp_path):
    path = write(tmp_path / "a.csv", 'x,y\n\n\0;b;\rc"1,\r ')
    assert refused(path, delimiter=" ") == (
        f"{path}: cannot be read as a table (Expected 1 fields in line 5, saw 2); check its "
        "quotes, or pass delimiter="
    )


def test_a_quote_within_a_field_or_closed_late_is_none_left_open(tmp_path):
    path = write(tmp_path / "a.csv", 'x,y\n5" disk,"a"b\n"6\n",\'c')
    assert read_table(path).to_dict("list") == {"x": ['5" disk', "6\n"], "y": ["ab", "'c"]}


def test_damage_inside_packed_files(tmp_path):
    whole = gzip.compress(b"x,y\n1,a\n2,b\n" * 50)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(whole[:10] + b"\xff" + whole[11:])
    assert refused(path) == (
        f"{path}: not a whole gzip file (Error -3 while decompressing data: invalid block type)"
    )
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(path) == f"{path}: not a Parquet file, or a damaged one"


@pytest.mark.parametrize("notes", [b"{", b"{}", b"\xff", b"3"])
def test_damage_in_the_notes_that_pandas_keeps_in_parquet(tmp_path, notes):
    path = tmp_path / "a.parquet"
    table = pa.table({"x": [1, 2]}).replace_schema_metadata({b"pandas": notes})
    parquet.write_table(table, path)
    assert refused(path) == f"{path}: not a Parquet file, or a damaged one"


def test_columns_that_do_not_make_a_table():
    assert refused({"a": [1], "b": [1, 2]}) == "the columns have several lengths: 'a' 1, 'b' 2"
    assert refused({"a": np.zeros((2, 3))}) == (
        "column 'a' has shape (2, 3): a column has one dimension"
    )
    assert refused({}) == "the table: no columns"
    assert refused(pd.DataFrame({"a": []})) == "the table: no rows"
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert refused(twice) == "the table: column 'a' is there twice; rename or drop one of them"
