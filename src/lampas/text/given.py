"""Texts that come as token ids: what is unknown, and what is padding."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lampas.errors import DataError
from lampas.text.ids import PADDING, TokenIds, shortened

_LARGEST = 10_000_000  # an embedding of more rows would not fit a usual memory


@dataclass(frozen=True, slots=True)
class GivenIds:
    """Ids as they were given, `highest` being the largest of the training texts.

    0 in front of a text and behind it is padding. Inside a text it is an unknown token, as is an
    id that training did not have; these get the id `highest` + 1.

    >>> given = GivenIds(highest=9)
    >>> ids, cut = given.encode(TokenIds.of([[5, 0, 9, 12]]), length=3)
    >>> ids.flat.tolist(), cut, given.size
    ([5, 10, 9], 1, 11)
    """

    highest: int
    kind = "ids"

    @classmethod
    def fit(cls, ids: TokenIds) -> "GivenIds":
        """From the ids of the training texts. Raises `DataError` for ids that are none."""
        highest = int(ids.flat.max()) if len(ids.flat) else PADDING
        if highest > _LARGEST:
            raise DataError(f"the ids go up to {highest}: number the tokens from 1")
        return cls(highest)

    @property
    def unknown(self) -> int:
        """The id of an unknown token."""
        return self.highest + 1

    @property
    def size(self) -> int:
        """How many different ids a net meets."""
        return self.highest + 2

    def encode(self, ids: TokenIds, length: int) -> tuple[TokenIds, int]:
        """The first `length` ids of each text, and how many texts had more."""
        flat = ids.flat.numpy()
        known = np.where((flat == PADDING) | (flat > self.highest), self.unknown, flat)
        return shortened(known, ids.lengths.numpy(), length, self.unknown)

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back."""
        return {"kind": self.kind, "highest": self.highest}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "GivenIds":
        """The ids that `to_json` described."""
        return cls(int(plain["highest"]))
