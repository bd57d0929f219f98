import pandas as pd
import pytest

from lampas.cli.find_text import fits

SENTENCES = [f"a sentence about the number {number}" for number in range(40)]
FRAME = pd.DataFrame({"review": SENTENCES, "stars": [1, 2] * 20})


def write(path, text="some text\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_a_table_of_texts_alone(tmp_path, suffix):
    def saved(frame):
        path = tmp_path / f"t.{suffix}"
        if suffix == "parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
        return [str(path)]

    assert fits(saved(FRAME), ["stars"])
    assert fits(saved(FRAME), ["Star"])
    assert not fits(saved(FRAME), ["review"])
    assert not fits(saved(FRAME.assign(age=3)), ["stars"])
    assert not fits(saved(FRAME), [])
    assert not fits(saved(FRAME[["stars"]].assign(n=range(40))), ["stars"])


def test_large_tables_are_looked_at_by_their_first_rows(tmp_path):
    path = tmp_path / "t.csv"
    many = pd.concat([FRAME] * 100, ignore_index=True)
    many.assign(review=[f"{text}, {row}" for row, text in enumerate(many["review"])]).to_csv(
        path, index=False
    )
    assert path.stat().st_size > 1 << 16
    assert fits([str(path)], ["stars"])


def test_files_and_folders(tmp_path):
    neg, pos = write(tmp_path / "films" / "f.neg"), write(tmp_path / "films" / "f.pos")
    picture = write(tmp_path / "pictures" / "a" / "1.jpg", b"\xff\xd8\xff\0\0")
    table = write(tmp_path / "t.csv", "a,b\n1,2\n")
    assert fits([neg, pos], [])
    assert fits([str(tmp_path / "films")], [])
    assert not fits([neg, picture], [])
    assert not fits([table, table], [])
    assert not fits([str(tmp_path / "pictures")], [])
    assert not fits([table], ["b"])
    assert not fits(["none.csv"], [])
    assert not fits(["none.neg", "none.pos"], [])
    write(tmp_path / "reviews" / "pos" / "1.txt")
    assert fits([str(tmp_path / "reviews")], [])
    write(tmp_path / "split" / "train" / "pos" / "1.txt")
    assert fits([str(tmp_path / "split")], [])
    assert fits([write(tmp_path / "a.jsonl", "{}\n")], [])


def test_what_cannot_be_read_is_no_text(tmp_path):
    assert not fits([write(tmp_path / "a.parquet", b"no parquet")], ["x"])
    assert not fits([write(tmp_path / "a.csv", b"")], ["x"])
