import pytest

from lampas.comparison.against import against
from lampas.page.build import read

from .conftest import evidence


def test_a_run_against_the_first(make) -> None:
    first = read(make("a", of=evidence(300, 1, noise=3.0)))
    found = against(("a", "b"), first, read(make("b", of=evidence(300, 2, noise=0.3))), 400, 0)
    assert (found.rows, found.of, found.refused, found.remarks) == (300, (300, 300), "", ())
    assert all(one.more_than_chance and one.second_is_better for one in found.scores)
    plain = found.to_json()
    assert plain["scores"][0]["score"] == "accuracy"
    assert plain["scores"][0]["run_is_better"]
    assert plain["refused"] is None


def test_shared_rows_alone_are_compared(make) -> None:
    runs = [read(make(name, of=evidence(count, 1))) for name, count in (("a", 60), ("b", 40))]
    found = against(("a", "b"), *runs, 200, 0)
    assert (found.rows, found.of) == (40, (60, 40))
    assert all(one.difference == 0 for one in found.scores)
    few = against(("a", "c"), runs[0], read(make("c", of=evidence(19, 1))), 200, 0)
    assert few.refused.startswith("19 held-out samples are shared, of 60 and 19; 20 are needed: ")


def test_other_data_are_remarked_on(make) -> None:
    first = read(make("a", of=evidence(40, 1)))
    other = {"data": [{"side": "training", "bytes": 9, "sha256": "00" * 32}]}
    found = against(("a", "b"), first, read(make("b", other, of=evidence(40, 2))), 200, 0)
    assert found.remarks == ("the data differ: samples are matched by their name and truth alone",)
    old = against(("a", "c"), first, read(make("c", {"data": []}, of=evidence(40, 2))), 200, 0)
    assert old.remarks[0].startswith("no fingerprint of the data: ")


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("timeseries", "a time series has no held-out samples to draw: "),
        (None, "b has no held-out samples: none were kept, or it did not end"),
    ],
)
def test_what_has_no_held_out_samples(make, task, told) -> None:
    first, other = read(make("a", of=evidence(40, 1))), make("b")
    if task:
        (other / "evidence.json").write_text('{"task": "timeseries", "history": []}')
    assert against(("a", "b"), first, read(other), 200, 0).refused.startswith(told)
