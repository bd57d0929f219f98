import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import InputError
from lampas.optim.patterns import matches, require_matches

NAME = st.lists(st.sampled_from(["a", "b", "head", "0", "1", "10"]), min_size=1, max_size=4)


@settings(max_examples=50, deadline=None)
@given(NAME)
def test_a_name_matches_itself_and_every_module_around_it(parts: list[str]) -> None:
    name = ".".join(parts)
    for end in range(1, len(parts) + 1):
        assert matches(name, ".".join(parts[:end]))
    assert matches(name, "*")


def test_a_module_is_matched_whole_not_by_its_first_letters() -> None:
    assert not matches("head2.weight", "head")
    assert matches("head2.weight", "head*")
    assert matches("block.3.weight", "block.[0-3]")
    assert not matches("block.4.weight", "block.[0-3]")


def test_case_matters() -> None:
    assert not matches("Head.weight", "head")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("hed", "groups: no parameter matches 'hed'; did you mean 'head'?"),
        ("xyz", "groups: no parameter matches 'xyz'; the names are head.weight, head.bias"),
    ],
)
def test_an_unmatched_pattern_is_named_with_the_nearest(pattern: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        require_matches(["head.weight", "head.bias"], ["head", pattern], "groups")
    assert str(caught.value) == message


def test_a_model_without_parameters_says_so() -> None:
    with pytest.raises(InputError) as caught:
        require_matches([], ["head"], "freeze")
    assert str(caught.value) == "freeze: no parameter matches 'head': the model has no parameters"
