"""Whether two models differ by more than the chance of the samples: a paired bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lampas.errors import InputError
from lampas.evidence import Evidence
from lampas.page.intervals import over_draws
from lampas.page.measures import lower_is_better, measures

DRAWS = 2000
LEVEL = 0.05
FEWEST = 20  # samples; draws of fewer are too much alike to say anything


@dataclass(frozen=True, slots=True)
class Paired:
    """A score of two models on the same samples.

    `difference`: `second` less `first`; `low` and `high` are its 95 % interval; `p` the chance of
    a difference as great where there is none. nan where the samples do not define it.
    """

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float

    @property
    def more_than_chance(self) -> bool:
        """Whether p is below 0.05: then, and only then, the interval lies to one side of 0."""
        return self.p < LEVEL

    @property
    def second_is_better(self) -> bool:
        """Whether the second score is the better one, be it by chance."""
        return self.difference < 0 if lower_is_better(self.name) else self.difference > 0


def paired(first: Evidence, second: Evidence, *, draws: int = DRAWS, seed: int = 0) -> list[Paired]:
    """Compare two models by what they said of the same samples, in any order of the rows.

    `first`, `second`: of `model.evidence()`, or of a run's `held_out.csv`; samples are matched by
    their index, and those that one side lacks are left out. `draws`: B, of as many samples as
    there are, with replacement, the same for both models; from `seed`.

    For a score's difference d, and d_b in draw b, p = (1 + #{b : |d_b − d| ≥ |d|}) / (B + 1): how
    often draws depart from d as far as d does from 0. The interval is d ± c, with the c where p
    would be 0.05. The bootstrap test of Efron & Tibshirani (1993, An Introduction to the
    Bootstrap, ch. 16), paired and centred as by Berg-Kirkpatrick, Burkett & Klein (2012, An
    Empirical Investigation of Statistical Significance in NLP), of both sides.

    It knows the chance of the samples alone: with another seed either training might have gone
    otherwise. Each score has its own 5 %; nothing is corrected for there being several.

    Raises `InputError` where the two predict something else, share fewer than 20 samples, or
    where their truths differ.

    >>> import pandas as pd
    >>> from lampas.evidence import Evidence
    >>> truth = pd.DataFrame({"y": [float(row) for row in range(40)]})
    >>> near, far = truth + 1, truth.assign(y=truth["y"] + 2 + truth["y"] % 2)
    >>> sides = [Evidence("regression", (), truth, said, lambda rows: []) for said in (far, near)]
    >>> mae = paired(*sides)[0]
    >>> mae.name, mae.first, mae.second, mae.difference, mae.second_is_better, mae.more_than_chance
    ('mae', 2.5, 1.0, -1.5, True, True)
    """
    if draws < 100:
        raise InputError(f"draws={draws}: pass 100 or more, a level of 5 % needs as many")
    shared = same_samples(first, second)
    ours, theirs = map(measures, shared)
    names = [name for name in ours if name in theirs]
    scores = [ours[name] for name in names] + [theirs[name] for name in names]
    count = len(shared[0])
    whole = np.ones((1, count))
    values = np.array([float(score(whole)[0]) for score in scores]).reshape(2, -1)
    drawn = over_draws(scores, count, draws, seed).reshape(2, len(names), -1)
    return [
        _tested(name, float(first), float(second), moved)
        for name, first, second, moved in zip(names, *values, drawn[1] - drawn[0], strict=True)
    ]


def _tested(name: str, first: float, second: float, drawn: np.ndarray) -> Paired:
    difference = second - first
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(difference) or 2 * len(known) < len(drawn):
        nan = float("nan")
        return Paired(name, first, second, difference, nan, nan, nan)
    size, far = abs(difference), np.abs(known - difference)
    # Steps of a share are equal in exact numbers: the last digits must not part them.
    far = np.sort(np.where(np.abs(far - size) <= 1e-9 * size + 1e-12, size, far))[::-1]
    p = (1 + int((far >= size).sum())) / (len(far) + 1)
    reach = float(far[int(np.ceil(LEVEL * (len(far) + 1))) - 2])
    return Paired(name, first, second, difference, difference - reach, difference + reach, p)


def same_samples(first: Evidence, second: Evidence) -> tuple[Evidence, Evidence]:
    """Both with the samples that they share, in one order; raises as `paired` does."""
    if _family(first) != _family(second) or list(first.truth) != list(second.truth):
        raise InputError(
            f"the first predicts {_what(first)}, the second {_what(second)}: "
            "only what predicts the same can be compared"
        )
    first, second = _named(first), _named(second)
    for place, side in (("first", first), ("second", second)):
        if not side.truth.index.is_unique:
            twice = side.truth.index[side.truth.index.duplicated()][0]
            raise InputError(f"two held-out samples of the {place} are called {twice!r}")
    # Sorted, so that the same draws meet the same samples whichever side comes first.
    shared = sorted(set(first.truth.index) & set(second.truth.index))
    if len(shared) < FEWEST:
        raise InputError(
            f"{len(shared)} held-out samples are shared, of {len(first)} and {len(second)}; "
            f"{FEWEST} are needed: train both with the same --seed and --validation"
        )
    found = _rows(first, shared), _rows(second, shared)
    _require_one_truth(*found)
    return found


def _named(evidence: Evidence) -> Evidence:
    """With the samples' names as text, as a file has them."""
    names = evidence.truth.index.astype(str)
    truth, predicted = evidence.truth.set_axis(names), evidence.predicted.set_axis(names)
    return replace(evidence, truth=truth, predicted=predicted)


def _family(evidence: Evidence) -> str:
    """Two classes are "binary" or "multiclass", as the net has one output or two."""
    return "classes" if evidence.task in ("binary", "multiclass") else evidence.task


def _what(evidence: Evidence) -> str:
    return f"{', '.join(map(str, evidence.truth))} ({evidence.task})"


def _rows(evidence: Evidence, names: Sequence[str]) -> Evidence:
    where = evidence.truth.index.get_indexer_for(pd.Index(names))
    return replace(
        evidence, truth=evidence.truth.iloc[where], predicted=evidence.predicted.iloc[where]
    )


def _require_one_truth(first: Evidence, second: Evidence) -> None:
    """Raise `InputError` where a shared sample is one thing here and another there."""
    texts = [side.truth.astype(str).to_numpy() for side in (first, second)]
    differ = (texts[0] != texts[1]).any(axis=1)
    if differ.any():
        name = first.truth.index[differ][0]
        raise InputError(
            f"the truth differs in {int(differ.sum())} of {len(first)} shared samples, first in "
            f"{name!r}: these are not the same samples"
        )
