from lampas.comparison.differences import Difference, differences, facts_of, same

ABOUT = {
    "settings": {"seed": 0, "steps": {"train": 5}, "target": ["a", "b"], "own_net": False,
                 "positions": None, "rate": 0.1, "about": "a sentence"},
    "versions": {"torch": "2.6"},
    "schema": {"columns": [{"name": "a", "kind": "number"}]},
    "data": [
        {"side": "training", "path": "a.csv", "bytes": 1200, "sha256": "ab" * 32},
        {"side": "training", "path": "b", "files": 3, "bytes": 9, "listing": "cd" * 32},
        {"side": "validation", "path": "gone"},
    ],
    "code": {"net": {"bytes": 7, "sha256": "ef" * 32}, "commit": "12" * 20, "dirty": True},
}  # fmt: skip


def test_the_facts_of_a_run() -> None:
    assert facts_of(ABOUT, "") == {
        "data": {
            "training": "abababababab (1,200 bytes)",
            "training 2": "cdcdcdcdcdcd (3 files, 9 bytes)",
            "validation": "not read",
        },
        "columns": {"a": "number"},
        "code": {
            "file of the net": "efefefefefef (7 bytes)", "commit": "121212121212 with changes",
        },
        "settings": {"seed": "0", "steps.train": "5", "target": "a, b", "own_net": "no",
                     "positions": "-", "rate": "0.1"},
        "versions": {"torch": "2.6"},
        "net": {},
    }  # fmt: skip


def test_the_same_bytes_elsewhere_are_the_same_data() -> None:
    moved = {**ABOUT, "data": [{**one, "path": "elsewhere"} for one in ABOUT["data"]]}
    facts = [facts_of(ABOUT, ""), facts_of(moved, "")]
    assert differences(facts) == []
    assert same(facts) == {
        "data": 3, "columns": 1, "code": 2, "settings": 6, "versions": 1, "net": 0,
    }  # fmt: skip


def test_what_is_not_known_is_no_difference() -> None:
    old = {name: value for name, value in ABOUT.items() if name not in ("data", "code")}
    other = {**old, "settings": {"seed": 1}, "versions": {"torch": "2.6"}}
    facts = [
        facts_of(old, ""),
        facts_of(other, ""),
        facts_of(ABOUT, ""),
        facts_of({"state": "running"}, ""),
    ]
    found = differences(facts)
    assert {one.group for one in found} == {"settings"}
    assert Difference("settings", "seed", ("0", "1", "0", "?")) in found
    assert Difference("settings", "rate", ("0.1", "-", "0.1", "?")) in found
    assert same(facts) == {}
    assert set(same(facts[:3])) == {"columns", "settings", "versions", "net"}


def test_fields_of_other_forms_are_passed_by() -> None:
    odd = {"settings": [1], "versions": None, "schema": 3, "data": {"a": 1}, "code": "x"}
    assert all(not facts for facts in facts_of(odd, "").values())
