import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Size

from lampas.summary.shapes import BATCHES, merged, text_of


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=4))
def test_a_size_is_read_back_from_its_letter(lines: list[tuple[int, int]]) -> None:
    small, large = (Size(a + b * size for a, b in lines) for size in BATCHES)
    for size, (a, b) in zip(text_of(merged(small, large))[1:-1].split(","), lines, strict=False):
        text = size.strip().replace("B", "*B") if size.strip()[:1].isdigit() else size.strip()
        if text:
            assert eval(text, {"B": 7}) == a + 7 * b


@pytest.mark.parametrize(
    ("small", "large", "text"),
    [
        (Size([2, 3]), Size([3, 3]), "(B, 3)"),
        (Size([2]), Size([3]), "(B,)"),
        (Size([]), Size([]), "()"),
        (Size([4]), Size([6]), "(2B,)"),
        (Size([3]), Size([4]), "(B+1,)"),
        (Size([1]), Size([2]), "(B-1,)"),
        ([Size([2]), "int"], [Size([3]), "int"], "[(B,), int]"),
        ({"a": Size([2])}, {"a": Size([3])}, "{a: (B,)}"),
        ((Size([2]), None), (Size([3]), None), "[(B,), None]"),
        (Size([2]), Size([3, 1]), "(2,)"),
    ],
)
def test_shapes_of_two_batches_are_one(small: object, large: object, text: str) -> None:
    assert text_of(merged(small, large)) == text
