"""The tokens of texts with their shares of an answer, for a terminal and for a notebook."""

import html
import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd

_SAID = 0.1  # of a text's largest share: from here on a token is coloured and signed
_WIDTH = 100
_MOST = 50  # texts that are shown
# Orange and blue are told apart by all eyes, and half transparent they leave letters readable on
# white and on black; the sign stands beside the colour, for print and for those who see none.
_FOR, _AGAINST = "230, 110, 20", "40, 110, 220"


@final
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Attribution:
    """One text of L tokens. `pieces`: its letters, token by token, with the spaces that stand
    before words. `shares`: float32 (L,), above 0 for `target`, below 0 against it. `score`: what
    is explained; `start`: what the shares start from, so that score ≈ start + Σ shares; nan
    where the method knows none. `predicted`: what the model says of the text.
    """

    pieces: tuple[str, ...]
    shares: np.ndarray
    target: str
    score: float
    start: float
    predicted: str

    @property
    def tokens(self) -> tuple[str, ...]:
        """The pieces without their spaces."""
        return tuple(piece.strip() for piece in self.pieces)

    @property
    def gap(self) -> float:
        """By how much start + Σ shares misses the score; nan without a start."""
        return float(self.start + self.shares.sum() - self.score)

    @property
    def head(self) -> str:
        """The prediction, and how the score comes about."""
        score = f"{self.predicted}; score for {self.target} {_signed(self.score)}"
        if math.isnan(self.start):
            return score
        total = _signed(float(self.shares.sum()))
        return f"{score} = {_signed(self.start)} {total[0]} {total[1:]}"

    def __str__(self) -> str:
        said = self._said()
        words = [
            f"{piece}[{_signed(share)}]" if told else piece
            for piece, share, told in zip(self.pieces, self.shares, said, strict=True)
        ]
        text = textwrap.fill(
            "".join(words), _WIDTH, initial_indent="  ", subsequent_indent="  ",
            break_on_hyphens=False,
        )  # fmt: skip
        return f"{self.head}\n{text}"

    __repr__ = __str__

    def _said(self) -> np.ndarray:
        """Which tokens say enough to be marked."""
        size = np.abs(self.shares)
        return size >= max(_SAID * float(size.max()), 1e-6)

    def _repr_html_(self) -> str:
        largest = float(np.abs(self.shares).max()) or 1.0
        parts = [
            _span(piece, float(share), float(share) / largest, bool(told))
            for piece, share, told in zip(self.pieces, self.shares, self._said(), strict=True)
        ]
        return (
            f'<p style="line-height: 1.9"><small>{html.escape(self.head)}</small><br>'
            f"{''.join(parts)}</p>"
        )


def _span(piece: str, share: float, strength: float, told: bool) -> str:
    """A token with its colour, its sign, and its number when one points at it."""
    space, letters = (" ", piece[1:]) if piece.startswith(" ") else ("", piece)
    if not told:
        return f"{space}{html.escape(letters)}"
    colour = _FOR if share > 0 else _AGAINST
    style = f"background: rgba({colour}, {0.1 + 0.4 * abs(strength):.2f}); border-radius: 3px"
    sign = "+" if share > 0 else "−"
    return (
        f'{space}<span style="{style}" title="{_signed(share)}">{html.escape(letters)}'
        f"<sup>{sign}</sup></span>"
    )


def _signed(share: float) -> str:
    """Two digits behind the point, and the sign.

    >>> _signed(0.5), _signed(-1.234)
    ('+0.50', '−1.23')
    """
    return f"{'−' if share < 0 else '+'}{abs(share):.2f}"


@final
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Attributions:
    """An `Attribution` for each of N texts: by number, by `for`, as a table, as text and HTML.

    `method`: "integrated" or "leave_one_out". `predictions`: as `predict` gives them.
    """

    texts: tuple[Attribution, ...]
    method: str
    predictions: pd.DataFrame

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, number: int) -> Attribution:
        return self.texts[number]

    def __iter__(self) -> Iterator[Attribution]:
        return iter(self.texts)

    @property
    def frame(self) -> pd.DataFrame:
        """A row a token: `text` (the index of `predictions`), `place` from 0, `token`, `share`."""
        sizes = [len(text.shares) for text in self.texts]
        return pd.DataFrame(
            {
                "text": self.predictions.index.repeat(sizes),
                "place": np.concatenate([np.arange(size) for size in sizes]),
                "token": [token for text in self.texts for token in text.tokens],
                "share": np.concatenate([text.shares for text in self.texts]),
            }
        )

    def __str__(self) -> str:
        return "\n\n".join([*map(str, self.texts[:_MOST]), *self._rest()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [text._repr_html_() for text in self.texts[:_MOST]]  # pyright: ignore[reportPrivateUsage]
        return "".join([*parts, *(f"<p>{line}</p>" for line in self._rest())])

    def _rest(self) -> list[str]:
        more = len(self) - _MOST
        return [f"… and {more:,} more"] if more > 0 else []
