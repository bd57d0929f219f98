import lampas
from lampas.datasets.find import cache


def test_the_list_says_what_there_is_and_where(shell, monkeypatch, tmp_path):
    monkeypatch.delenv("LAMPAS_DATA", raising=False)
    monkeypatch.setenv("LAMPAS_CACHE", str(tmp_path))
    answer = shell("datasets")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split() == ["name", "MB", "where", "what", "it", "is", "source"]
    assert [line.split()[0] for line in lines[1:]] == lampas.datasets.names()
    assert lines[2].startswith("  titanic       0.063  in the package  who survived the Titanic")
    assert lines[4].startswith("  mnist         1.7    to be brought   the 10 000 test digits")
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (cache() / "mnist").mkdir(parents=True, exist_ok=True)
        (cache() / "mnist" / name).write_bytes(b"")
    assert f"  {cache() / 'mnist'}  the 10 000 test digits" in shell("datasets").out


def test_a_name_gives_its_path_and_nothing_else(shell):
    answer = shell("datasets", "covid19")
    assert (answer.code, answer.out, answer.err) == (0, f"{lampas.datasets.path('covid19')}\n", "")


def test_an_unknown_name_is_one_line(shell):
    answer = shell("datasets", "titanik")
    assert (answer.code, answer.error) == (
        1,
        "unknown data set 'titanik': did you mean 'titanic'? Valid: cifar2, covid19, imdb, "
        "mnist, rt_polarity, titanic",
    )
