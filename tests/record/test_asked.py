from typing import Any

import pytest

from lampas.errors import InputError
from lampas.record.asked import names_of


def test_names() -> None:
    assert names_of(None) is None
    assert names_of(["a", 1]) == ("a", 1)
    assert names_of({0: "x", 1: "y"}) == ("x", "y")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("abc", "classes is 'abc': pass a list of names, one for each class"),
        (3, "classes is 3: pass a list of names, one for each class"),
        (["a", ""], "classes[1] is '': give it a name"),
        (["a", None], "classes[1] is None: give it a name"),
        ([1, "1"], "classes has '1' twice: each class needs a name of its own"),
        ({0: "a", 2: "b"}, "classes has no name for the class 1"),
    ],
)
def test_what_are_no_names(given: Any, line: str) -> None:
    with pytest.raises(InputError) as caught:
        names_of(given)
    assert str(caught.value) == line
