"""The time column: stamps to places on a regular grid, and back."""

import re
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_integer_dtype, is_numeric_dtype

from lampas.errors import DataError, InputError
from lampas.tables import cells

_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})\s*$")
_SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24}
_UNITS = {
    "YS": "year", "YE": "year", "QS": "quarter", "QE": "quarter", "MS": "month", "ME": "month",
    "W": "week", "B": "business day", "D": "day", "h": "hour", "min": "minute", "s": "second",
}  # fmt: skip
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """A regular grid of stamps: integers `step` apart, or dates by one of pandas' frequencies.

    `frequency`: as "D", "MS" or "15min"; None for integers. Months and quarters are regular
    steps though their days are not. `step`: between integers. `zone`: of the dates, if any.

    >>> clock = Clock("MS", 1)
    >>> clock.after(pd.Timestamp("2024-01-01"), 2)
    DatetimeIndex(['2024-02-01', '2024-03-01'], dtype='datetime64[us]', freq='MS')
    """

    frequency: str | None
    step: int
    zone: str | None = None

    @property
    def season(self) -> int:
        """Steps of the usual cycle: 12 months, 7 days, 24 hours; 1 where there is none."""
        if self.frequency is None:
            return 1
        offset = pd.tseries.frequencies.to_offset(self.frequency)
        span = _fixed(offset)
        if span is not None and span < _DAY:
            return round(_DAY / span) if _DAY % span == pd.Timedelta(0) else 1
        name = self.frequency.lstrip("0123456789")
        usual = next((s for head, s in _SEASONS.items() if name.startswith(head)), 1)
        return max(1, usual // offset.n) if usual % offset.n == 0 else 1

    def grid(self, first: Any, last: Any) -> pd.Index:
        """All stamps from `first` to `last`."""
        if self.frequency is None:
            return pd.Index(np.arange(first, last + 1, self.step))
        return pd.date_range(first, last, freq=self.frequency)

    def after(self, last: Any, steps: int) -> pd.Index:
        """The `steps` stamps that follow `last`."""
        if self.frequency is None:
            return pd.Index(last + self.step * np.arange(1, steps + 1))
        return pd.date_range(last, periods=steps + 1, freq=self.frequency)[1:]

    def told(self, stamps: pd.Index, name: str) -> pd.Index:
        """The stamps of the column `name` in this clock's zone; `DataError` where they are
        integers to its dates, dates to its integers, or have a zone and it none."""
        dates = isinstance(stamps, pd.DatetimeIndex)
        if dates == (self.frequency is None):
            kinds = ("integers", "dates") if dates else ("dates", "integers")
            raise DataError(f"time column {name!r} holds {kinds[1]}; training had {kinds[0]}")
        zone = stamps.tz if dates else None
        if (zone is None) != (self.zone is None):
            said = [f"the zone {one}" if one else "no zone" for one in (zone, self.zone)]
            raise DataError(
                f"time column {name!r} has {said[0]}; training had {said[1]}: pass the stamps with "
                f"{'their zone, by .dt.tz_localize' if self.zone else 'none, by .dt.tz_localize'}"
                f"({self.zone!r})"
            )
        return stamps.tz_convert(self.zone) if dates and zone is not None else stamps

    def __str__(self) -> str:
        if self.frequency is None:
            return f"steps of {self.step}"
        unit = _UNITS.get(self.frequency.lstrip("0123456789").split("-")[0])
        count = pd.tseries.frequencies.to_offset(self.frequency).n
        if unit is None:
            return f"steps {self.frequency!r}"
        return (
            f"steps of a{'n' if unit == 'hour' else ''} {unit}"
            if count == 1
            else (f"steps of {count} {unit}s")
        )


def read_stamps(column: pd.Series) -> pd.Index:
    """The stamps of a time column: int64, or dates, in one time zone or none.

    Integers are read as they are; text in the formats of `lampas.tables.cells.DATE_FORMATS`.
    Raises `DataError` with the row: an empty cell, one that is no stamp, zones that differ.

    >>> read_stamps(pd.Series(["2024-01-01", "2024-01-02"], name="day"))[1]
    Timestamp('2024-01-02 00:00:00')
    """
    name = repr(str(column.name))
    gaps = ~cells.present(column)
    if gaps.any():
        raise DataError(
            f"time column {name}: row {column.index[int(gaps.argmax())]} holds no stamp"
        )
    if is_integer_dtype(column):
        return pd.Index(column.to_numpy(np.int64))
    if is_datetime64_any_dtype(column):
        return pd.DatetimeIndex(column)
    if is_numeric_dtype(column):
        return pd.Index(_whole(column))
    texts = column.map(str)
    _check_zones(texts, name)
    return _parsed(texts, name)


def _whole(column: pd.Series) -> np.ndarray:
    values = column.to_numpy(np.float64)
    wrong = values != np.round(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"time column {str(column.name)!r}: row {column.index[row]} holds {values[row]:g}: "
            "a stamp is a date or a whole number"
        )
    return values.astype(np.int64)


def _check_zones(texts: pd.Series, name: str) -> None:
    """One zone for all rows: offsets that come and go cannot be told from irregular steps."""
    zones = [found[1] if (found := _ZONE.search(text)) else "none" for text in texts]
    zones = ["none" if ":" not in text else zone for zone, text in zip(zones, texts, strict=True)]
    other = next((row for row, zone in enumerate(zones) if zone != zones[0]), None)
    if other is not None:
        raise DataError(
            f"time column {name}: row {texts.index[other]} has the zone {zones[other]}, row "
            f"{texts.index[0]} {zones[0]}: write all in one, as by pd.to_datetime(..., utc=True)"
        )


def _parsed(texts: pd.Series, name: str) -> pd.DatetimeIndex:
    counts = {
        form: pd.to_datetime(texts, format=form, errors="coerce").isna().to_numpy()
        for form in cells.DATE_FORMATS
    }
    best = min(counts, key=lambda form: int(counts[form].sum()))
    wrong = counts[best]
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"time column {name}: row {texts.index[row]} holds {texts.iloc[row]!r}: a stamp like "
            f"{_sample(best)} is needed"
        )
    return pd.DatetimeIndex(pd.to_datetime(texts, format=best))


def _sample(form: str) -> str:
    return "2024-12-31" if form == "ISO8601" else pd.Timestamp("2024-12-31").strftime(form)


def find_clock(stamps: pd.Index, frequency: str | int | None = None) -> Clock:
    """The clock of these stamps (any order, repeats allowed), from most of their steps.

    frequency: what is known of it: one of pandas' names, or the step of integers. Raises
    `DataError` where no regular step is found, `InputError` for an unknown name.

    >>> find_clock(pd.Index([2000, 2001, 2002]))
    Clock(frequency=None, step=1, zone=None)
    """
    found = stamps.unique().sort_values()
    dates = isinstance(found, pd.DatetimeIndex)
    if frequency is not None:
        return _given(frequency, found)
    if len(found) < 3:
        raise DataError(f"{len(found)} different stamps tell no regular step: 3 are needed")
    if dates:
        return Clock(_infer(found), 1, _zone(found))
    steps = np.diff(found.to_numpy())
    return Clock(None, int(Counter(steps.tolist()).most_common(1)[0][0]))


def _zone(stamps: pd.Index) -> str | None:
    zone = getattr(stamps, "tz", None)
    return None if zone is None else str(zone)


def _given(frequency: str | int, stamps: pd.Index) -> Clock:
    dates = isinstance(stamps, pd.DatetimeIndex)
    if dates == isinstance(frequency, int):
        kind, need = ("dates", "a name as 'D'") if dates else ("integers", "their step, as 1")
        raise InputError(f"frequency={frequency!r}: the stamps are {kind}, which need {need}")
    if isinstance(frequency, int):
        return Clock(None, frequency)
    try:
        return Clock(pd.tseries.frequencies.to_offset(frequency).freqstr, 1, _zone(stamps))
    except ValueError:
        raise InputError(
            f"frequency={frequency!r} is none of pandas': 'h', 'D', 'B', 'W', 'MS', 'ME', 'YS' …"
        ) from None


def _infer(stamps: pd.DatetimeIndex) -> str:
    """pandas' name for all stamps, or for most runs of five where some are missing."""
    name = _inferred(stamps)
    if name is None:
        runs = [_inferred(stamps[i : i + 5]) for i in range(min(len(stamps) - 4, 200))]
        names = Counter(run for run in runs if run is not None)
        name = names.most_common(1)[0][0] if names else None
    if name is None:
        raise DataError(
            f"the steps from {stamps[0]} to {stamps[min(4, len(stamps) - 1)]} are irregular: "
            "resample the table, or pass frequency= ('D', 'MS', 'h' …)"
        )
    return name


def _inferred(stamps: pd.DatetimeIndex) -> str | None:
    if len(stamps) < 3:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 warns that 4 will return an offset
        found: Any = pd.infer_freq(stamps)
    return getattr(found, "freqstr", found)


def _fixed(offset: Any) -> pd.Timedelta | None:
    try:
        return pd.Timedelta(offset)
    except ValueError:
        return None
