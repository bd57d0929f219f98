import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from lampas.text.ids import TokenIds, shortened

LISTS = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=9)


@given(LISTS, st.randoms())
def test_padding_and_choosing(lists, random):
    ids = TokenIds.of(lists)
    assert len(ids) == len(lists)
    rows = [random.randrange(len(lists)) for _ in range(5)]
    padded = ids.padded(torch.tensor(rows))
    assert padded.shape == (5, max(len(lists[row]) for row in rows))
    assert [[one for one in text if one] for text in padded.tolist()] == [
        lists[row] for row in rows
    ]
    assert ids.select(torch.tensor(rows)).padded(torch.arange(5)).equal(padded)


@given(LISTS, st.integers(1, 5))
def test_shortening(lists, length):
    lists = [*lists, []]
    flat = np.array([one for text in lists for one in text])
    ids, cut = shortened(flat, np.array([len(text) for text in lists]), length, unknown=7)
    expected = [text[:length] or [7] for text in lists]
    assert ids.flat.tolist() == [one for text in expected for one in text]
    assert cut == sum(len(text) > length for text in lists)


def test_four_bytes_a_token():
    ids = TokenIds.of([[1, 2], [3]])
    assert ids.flat.dtype == torch.int32
    assert ids.flat.nbytes == 12
