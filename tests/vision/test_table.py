"""Tables of paths and labels, and the row that each fault is in."""

import pandas as pd
import pytest

from lampas.errors import DataError
from lampas.vision.table import from_table, is_table

FRAME = {"file": ["a/1.png", "2.jpg", "a/1.png", "2.jpg"], "kind": ["cat", "dog", "cow", "dog"]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("a/1.png", "2.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def table(folder, columns=None, name="labels.csv", **more):
    path = folder / name
    pd.DataFrame({**FRAME, **more} if columns is None else columns).to_csv(path, index=False)
    return path


def refused(*arguments):
    with pytest.raises(DataError) as caught:
        from_table(*arguments)
    return str(caught.value)


def test_paths_start_from_the_tables_folder(folder):
    found = from_table(table(folder), [], None, None)
    assert found.names == tuple(FRAME["file"])
    assert list(found.source.stream(found.names[:2])) == [(0, b"x"), (1, b"x")]
    assert found.schema.task == "multiclass"
    assert [column.name for column in found.schema.targets] == ["kind"]
    assert found.schema.targets[0].values == ("cat", "cow", "dog")
    assert list(found.frame.index) == FRAME["file"]
    assert list(found.frame["kind"]) == FRAME["kind"]


def test_paths_of_a_frame_start_from_here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = from_table(pd.DataFrame(FRAME, index=[9, 8, 7, 6]), [], None, None)
    assert list(found.source.stream(found.names[:1])) == [(0, b"x")]


def test_several_targets(folder):
    path = table(folder, red=[0, 1, 0, 1], blue=["y", "n", "n", "y"])
    found = from_table(path, ["red", "blue"], None, None)
    assert found.schema.task == "multilabel"
    assert list(found.frame.columns) == ["red", "blue"]


def test_numbers_are_regression(folder):
    found = from_table(table(folder, age=[0.5, 1.5, 2.25, 9.0]), ["age"], None, None)
    assert found.schema.task == "regression"


def test_the_column_of_paths_may_be_named(folder):
    path = table(folder, other=FRAME["file"])
    assert from_table(path, ["kind"], "other", None).names == tuple(FRAME["file"])
    assert refused(path, ["kind"], None, None) == (
        f"{path}: several columns hold paths of images; pass image_column=, one of 'file', 'other'"
    )


def test_no_column_of_paths(folder):
    path = table(folder, {"x": ["1.txt", "2.png"], "y": ["a", "b"]})
    assert refused(path, [], None, None) == (
        f"{path}: no column holds paths of images; pass image_column=, one of 'x', 'y'"
    )


def test_the_target_has_to_be_named_where_several_may_be_meant(folder):
    path = table(folder, size=[1, 2, 3, 4])
    assert refused(path, [], None, None) == (
        f"{path}: name the target column, or several: one of 'kind', 'size'"
    )


def test_no_other_column(folder):
    path = table(folder, {"file": FRAME["file"]})
    wanted = f"{path}: no column beside 'file' says what the images show"
    assert refused(path, [], None, None) == wanted


def test_a_target_that_is_not_there(folder):
    path = table(folder)
    wanted = "target column 'kin' is missing: did you mean 'kind'? The columns are: 'kind', 'file'"
    assert refused(path, ["kin"], None, None) == wanted


def test_the_paths_as_target(folder):
    wanted = "column 'file' has the images' paths: it cannot be the target"
    assert refused(table(folder), ["file"], None, None) == wanted


def test_an_image_that_is_not_there(folder):
    path = table(folder, {"file": ["a/1.png", "b/9.png"], "kind": ["x", "y"]})
    assert refused(path, [], None, None) == f"{path}: row 1: no such image: {folder}/b/9.png"


def test_a_row_without_a_path(folder):
    path = table(folder, {"file": ["a/1.png", None, "2.jpg"], "kind": ["x", "y", "y"]})
    assert refused(path, [], None, None) == f"{path}: row 1 has no path in column 'file'"


def test_a_label_that_is_missing(folder):
    path = table(folder, {"file": FRAME["file"], "kind": ["x", None, "y", "y"]})
    assert refused(path, [], None, None) == (
        "target 'kind': 1 row has no value (row 1); fill it in, or drop the row"
    )


def test_one_class_only(folder):
    path = table(folder, {"file": FRAME["file"], "kind": ["cat"] * 4})
    wanted = "target 'kind' has only one value, 'cat': nothing to learn"
    assert refused(path, [], None, None) == wanted


def test_a_trained_run_reads_its_targets_where_they_are(folder):
    schema = from_table(table(folder), [], None, None).schema
    again = from_table(table(folder, extra=[1, 2, 3, 4]), [], None, schema)
    assert list(again.frame.columns) == ["kind"]
    assert again.schema is schema
    bare = from_table(table(folder, {"file": FRAME["file"]}), [], None, schema)
    assert not len(bare.frame.columns)
    assert bare.names == tuple(FRAME["file"])


def test_suffixes():
    assert is_table("a/LABELS.CSV")
    assert is_table("a.tsv.gz")
    assert not is_table("a.tar.gz")
