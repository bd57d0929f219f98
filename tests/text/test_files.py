import pytest

from lampas.errors import DataError
from lampas.text.files import class_files, content, json_lines, lines, text_files


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_lines_in_any_encoding(tmp_path, end, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(f"好 😀{end}{end}b\u2028c{end}".encode(encoding))
    given = "utf-8" if encoding.startswith("utf-8") else encoding
    assert lines(path, given) == ["好 😀", "", "b\u2028c"]


def test_an_empty_file_is_an_empty_text_only_where_it_may_be(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    assert content(path, "utf-8", empty=True) == ""
    with pytest.raises(DataError) as caught:
        content(path, "utf-8")
    assert str(caught.value) == f"{path}: the file is empty"


def test_an_unreadable_file(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(DataError) as caught:
        content(tmp_path / "a.txt", "utf-8")
    assert str(caught.value) == f"{tmp_path}/a.txt: cannot be read (Is a directory)"
    assert text_files(tmp_path) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_an_image_is_no_text_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "plane.txt"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(DataError) as caught:
        content(path, encoding)
    assert str(caught.value) == f"{path} is a JPEG image, not text"


def test_a_null_byte_in_utf_16_is_no_reason_to_try_it_again(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("a\0".encode("utf-16"))
    with pytest.raises(DataError) as caught:
        content(path, "utf-16")
    assert str(caught.value) == f"{path}: line 1 holds a null byte: this is no text file"


def test_lines_of_json(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "n": 1}\n\n{"text": "b"}\n')
    frame = json_lines(path, "utf-8")
    assert frame["text"].tolist() == ["a", "b"]
    assert frame["n"].isna().tolist() == [False, True]


def test_blank_lines_are_counted(tmp_path):
    paths = {}
    for name in ("neg", "pos"):
        paths[name] = tmp_path / name
        paths[name].write_text(" a \n\n \nb")
    frame, blank = class_files(paths, "utf-8")
    assert frame["text"].tolist() == ["a", "b"] * 2
    assert blank == 4
