"""One coder a column: cells in, a few float64 features out, from numbers fitted on training rows.

scikit-learn fits what takes fitting (the power of a skewed number, the words of a text); the
fitted numbers are kept in plain fields, so that they can be stored without pickle and read back
to the very same transformation.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lampas.tables import cells
from lampas.tables.schema import Column
from lampas.tables.text import frequent_tokens, held, telling_tokens

_SKEWED = 1.0  # beyond this skewness a number is made more normal by a power


@dataclass(frozen=True, slots=True)
class NumberCoder:
    """A number or boolean: gaps get the median, skewed ones the Yeo-Johnson power (2000).

    With gaps in training, a second feature says which rows had one.
    """

    name: str
    boolean: bool
    median: float
    gaps: bool
    power: float | None

    @classmethod
    def fit(cls, column: Column, found: pd.Series) -> "NumberCoder":
        """From the training cells `found`."""
        boolean = column.kind == "boolean"
        values = cells.booleans(found) if boolean else cells.numbers(found)
        there = values[~np.isnan(values)]
        median = float(np.median(there)) if len(there) else 0.0
        return cls(column.name, boolean, median, len(there) < len(values), _power(there))

    @property
    def features(self) -> list[str]:
        """Names of the features, in order."""
        return [self.name, f"{self.name} is missing"] if self.gaps else [self.name]

    def raw(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to the numbers that they are, float64 (N, 1), nan for gaps."""
        return (cells.booleans(found) if self.boolean else cells.numbers(found))[:, None]

    def encode(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to (N, features) float64, not yet standardised."""
        values = self.raw(found)[:, 0]
        gap = np.isnan(values)
        values = np.where(gap, self.median, values)
        if self.power is not None:
            values = _yeo_johnson(values, self.power)
        return np.column_stack([values, gap] if self.gaps else [values]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class DateCoder:
    """A date: days since 1970, year, and month, day, weekday, day of year and hour as circles."""

    name: str
    pattern: str
    median: float

    @classmethod
    def fit(cls, column: Column, found: pd.Series) -> "DateCoder":
        """From the training cells `found`; gaps will get the median date."""
        pattern = column.pattern or "ISO8601"
        days = _days(cells.dates(found, pattern))
        return cls(column.name, pattern, float(np.nanmedian(days)) if len(days) else 0.0)

    @property
    def features(self) -> list[str]:
        """Names of the features, in order."""
        waves = [f"{part} {wave}" for part in _CIRCLES for wave in ("sin", "cos")]
        return [f"{self.name} {part}" for part in ("days", "year", *waves, "is missing")]

    def raw(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to days since 1970, float64 (N, 1), nan for gaps."""
        return _days(cells.dates(found, self.pattern))[:, None]

    def encode(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to (N, features) float64, not yet standardised."""
        days = self.raw(found)[:, 0]
        gap = np.isnan(days)
        days = np.where(gap, self.median, days)
        when = pd.DatetimeIndex(pd.to_datetime(days * 86400.0, unit="s"))
        parts = [days, when.year.to_numpy()]
        for turn in _CIRCLES.values():
            angle = 2 * np.pi * np.asarray(turn(when), dtype=np.float64)
            parts += [np.sin(angle), np.cos(angle)]
        return np.column_stack([*parts, gap]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class TextCoder:
    """Short text: which frequent tokens it holds, its length, a gap."""

    name: str
    tokens: tuple[str, ...]

    @classmethod
    def fit(
        cls, column: Column, found: pd.Series, targets: Sequence[np.ndarray], classes: bool
    ) -> "TextCoder":
        """From the training cells `found`: frequent tokens that go with one of the `targets`."""
        texts = [text or "" for text in cells.labels(found)]
        tokens = frequent_tokens([text for text in texts if text])
        return cls(column.name, tuple(telling_tokens(tokens, texts, targets, classes)))

    @property
    def features(self) -> list[str]:
        """Names of the features, in order."""
        tokens = [f"{self.name} has {token!r}" for token in self.tokens]
        return [*tokens, f"{self.name} length", f"{self.name} is missing"]

    def raw(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to float64 (N, tokens + 1): 1 for each token that is held, else 0, and how
        many letters there are, nan for a gap."""
        texts = cells.labels(found)
        letters = np.array([np.nan if text is None else len(text) for text in texts], np.float64)
        return np.column_stack([held([text or "" for text in texts], self.tokens), letters])

    def encode(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to (N, features) float64, not yet standardised."""
        raw = self.raw(found)
        gap = np.isnan(raw[:, -1:])
        length = np.log1p(np.where(gap, 0.0, raw[:, -1:]))
        return np.hstack([raw[:, :-1], length, gap.astype(np.float64)])


@dataclass(frozen=True, slots=True)
class CategoryCoder:
    """A category as an integer: 0 missing, 1 rare or never seen, 2 … one for each of `values`."""

    name: str
    values: tuple[str, ...]

    @classmethod
    def fit(cls, column: Column, found: pd.Series) -> "CategoryCoder":
        """From the training cells `found`.

        Of 100 rows and more, values with under 0.5 % of them, or under 3 rows, are rare.
        """
        counts = Counter(text for text in cells.labels(found) if text is not None)
        least = max(3, 0.005 * len(found)) if len(found) >= 100 else 1
        return cls(column.name, tuple(v for v, count in counts.most_common() if count >= least))

    @property
    def cardinality(self) -> int:
        """How many different integers `encode` may give."""
        return len(self.values) + 2

    def encode(self, found: pd.Series) -> np.ndarray:
        """(N,) cells to (N,) int64."""
        texts = cells.labels(found)
        index = {None: 0, **{value: i for i, value in enumerate(self.values, start=2)}}
        return np.array([index.get(text, 1) for text in texts], dtype=np.int64)


Coder = NumberCoder | DateCoder | TextCoder | CategoryCoder

_Turn = Callable[[pd.DatetimeIndex], object]
_CIRCLES: dict[str, _Turn] = {  # the share of a full turn
    "month": lambda when: (when.month - 1) / 12,
    "day": lambda when: (when.day - 1) / 31,
    "weekday": lambda when: when.day_of_week / 7,
    "day of year": lambda when: (when.day_of_year - 1) / 365.25,
    "hour": lambda when: (when.hour + when.minute / 60) / 24,
}


def coder_for(
    column: Column, found: pd.Series, targets: Sequence[np.ndarray], classes: bool
) -> Coder:
    """The coder of `column`'s kind, fitted on the training cells `found`.

    targets: (N,) each; class labels if `classes`, else numbers. Only text looks at them.
    """
    match column.kind:
        case "number" | "boolean":
            return NumberCoder.fit(column, found)
        case "date":
            return DateCoder.fit(column, found)
        case "text":
            return TextCoder.fit(column, found, targets, classes)
        case _:
            return CategoryCoder.fit(column, found)


def _power(values: np.ndarray) -> float | None:
    """The Yeo-Johnson power that scikit-learn fits, where `values` are skewed; else None."""
    if len(np.unique(values)) < 3 or abs(_skewness(values)) < _SKEWED:
        return None
    from sklearn.preprocessing import PowerTransformer

    fitted = PowerTransformer("yeo-johnson", standardize=False).fit(values[:, None])
    power = float(fitted.lambdas_[0])
    spread = np.std(_yeo_johnson(values, power))
    return power if np.isfinite(spread) and spread > 1e-6 else None


def _skewness(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float((centred**3).mean() / max(centred.std() ** 3, 1e-300))


def _yeo_johnson(values: np.ndarray, power: float) -> np.ndarray:
    """((1+x)^p − 1)/p for x ≥ 0 and −((1−x)^(2−p) − 1)/(2−p) below, with logs at p = 0 and 2."""
    up, down = np.log1p(np.maximum(values, 0)), np.log1p(np.maximum(-values, 0))
    above = up if abs(power) < 1e-9 else np.expm1(power * up) / power
    other = 2 - power
    below = down if abs(other) < 1e-9 else np.expm1(other * down) / other
    return np.where(values >= 0, above, -below)


def _days(when: pd.Series) -> np.ndarray:
    """Days since 1970 as float64, nan where missing."""
    return ((when - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)
