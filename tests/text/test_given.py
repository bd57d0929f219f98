import json

from lampas.text.given import GivenIds
from lampas.text.ids import TokenIds


def test_ids_stay_as_they_are_and_what_is_new_is_unknown():
    given = GivenIds.fit(TokenIds.of([[5, 0, 9], []]))
    assert (given.size, given.unknown) == (11, 10)
    ids, cut = given.encode(TokenIds.of([[5, 0, 9], [10, 2_000_000], []]), 2)
    assert ids.flat.tolist() == [5, 10, 10, 10, 10]
    assert ids.lengths.tolist() == [2, 2, 1]
    assert cut == 1
    assert GivenIds.from_json(json.loads(json.dumps(given.to_json()))) == given
