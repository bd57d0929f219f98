"""The numbers of a table, prepared inside of a graph: `Preparer.transform` in torch's words."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lampas.tables.coders import CategoryCoder, DateCoder, NumberCoder, TextCoder
from lampas.tables.prepare import FURTHEST, Preparer

_BEFORE_1970 = 719_468  # days from the first of March in the year 0 to 1970
_DAYS_400 = 146_097  # of 400 years


class Features(nn.Module):
    """Raw numbers, float64 (B, R), nan for gaps, to standardised features, float32 (B, F).

    The raw numbers are those of the coders' `raw`, one after another; the features those of
    `Preparer.transform`. All columns of a kind are computed together: a graph has as many
    operations for a hundred columns as for one.
    """

    order: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, preparer: Preparer) -> None:
        super().__init__()
        found: dict[type, list[tuple[Any, int, int]]] = {}
        raw = first = 0
        for coder in preparer.coders:
            if not isinstance(coder, CategoryCoder):
                found.setdefault(type(coder), []).append((coder, raw, first))
                raw += len(coder.tokens) + 1 if isinstance(coder, TextCoder) else 1
                first += len(coder.features)
        kinds: dict[type, Any] = {NumberCoder: Numbers, DateCoder: Dates, TextCoder: Texts}
        parts = [kinds[kind](columns) for kind, columns in found.items()]
        self.parts = nn.ModuleList(parts)
        places = np.array([place for part in parts for place in part.places], np.int64)
        self.register_buffer("order", torch.from_numpy(np.argsort(places)))
        self.register_buffer("centre", torch.from_numpy(np.array(preparer.centre, np.float64)))
        self.register_buffer("scale", torch.from_numpy(np.array(preparer.scale, np.float64)))

    def forward(self, raw: Tensor) -> Tensor:
        """(B, R) to (B, F)."""
        features = torch.cat([part(raw) for part in self.parts], dim=1)[:, self.order]
        return ((features - self.centre) / self.scale).clamp(-FURTHEST, FURTHEST).float()


class Numbers(nn.Module):
    """`NumberCoder.encode` of several columns: (B, R) to values, powers of the skewed ones, and
    which were gaps. `places`: where each of these features belongs."""

    at: Tensor
    median: Tensor
    power: Tensor

    def __init__(self, columns: list[tuple[NumberCoder, int, int]]) -> None:
        super().__init__()
        columns = sorted(columns, key=lambda column: column[0].power is not None)
        coders = [coder for coder, _, _ in columns]
        self.register_buffer("at", torch.tensor([raw for _, raw, _ in columns]))
        medians = [one.median for one in coders]
        self.register_buffer("median", torch.tensor(medians, dtype=torch.float64))
        powers = [one.power for one in coders if one.power is not None]
        self.register_buffer("power", torch.tensor(powers, dtype=torch.float64))
        self.gaps = [place for place, one in enumerate(coders) if one.gaps]
        self.places = [first for _, _, first in columns]
        self.places += [columns[place][2] + 1 for place in self.gaps]

    def forward(self, raw: Tensor) -> Tensor:
        """(B, R) to (B, its features)."""
        cells = raw[:, self.at]
        gap = cells.isnan()
        values = torch.where(gap, self.median, cells)
        plain = values.shape[1] - len(self.power)
        parts = [values[:, :plain]]
        if plain < values.shape[1]:
            parts.append(yeo_johnson(values[:, plain:], self.power))
        return torch.cat([*parts, gap[:, self.gaps].double()], dim=1)


class Dates(nn.Module):
    """`DateCoder.encode` of several columns of days since 1970."""

    at: Tensor
    median: Tensor

    def __init__(self, columns: list[tuple[DateCoder, int, int]]) -> None:
        super().__init__()
        self.register_buffer("at", torch.tensor([raw for _, raw, _ in columns]))
        medians = [coder.median for coder, _, _ in columns]
        self.register_buffer("median", torch.tensor(medians, dtype=torch.float64))
        self.places = [first + k for coder, _, first in columns for k in range(len(coder.features))]

    def forward(self, raw: Tensor) -> Tensor:
        """(B, R) to (B, its features)."""
        cells = raw[:, self.at]
        gap = cells.isnan()
        days = torch.where(gap, self.median, cells)
        year, *turns = calendar(days)
        waves = [wave for turn in turns for wave in (turn.sin(), turn.cos())]
        return torch.stack([days, year, *waves, gap.double()], dim=2).flatten(1)


class Texts(nn.Module):
    """`TextCoder.encode` of several columns: tokens that are held, and letters."""

    def __init__(self, columns: list[tuple[TextCoder, int, int]]) -> None:
        super().__init__()
        self.spans = [(raw, raw + len(coder.tokens)) for coder, raw, _ in columns]
        self.places = [first + k for coder, _, first in columns for k in range(len(coder.features))]

    def forward(self, raw: Tensor) -> Tensor:
        """(B, R) to (B, its features)."""
        parts: list[Tensor] = []
        for first, last in self.spans:
            letters = raw[:, last : last + 1]
            gap = letters.isnan()
            length = torch.where(gap, 0.0, letters).log1p()
            tokens = raw[:, first:last]
            parts += [torch.where(tokens.isnan(), 0.0, tokens), length, gap.double()]
        return torch.cat(parts, dim=1)


def yeo_johnson(values: Tensor, power: Tensor) -> Tensor:
    """As that of `lampas.tables.coders`, with a power for each column."""
    up, down = values.clamp(min=0).log1p(), (-values).clamp(min=0).log1p()
    return torch.where(values >= 0, _part(up, power), -_part(down, 2 - power))


def _part(logs: Tensor, power: Tensor) -> Tensor:
    """expm1(power · logs) / power, and its limit at 0."""
    near = power.abs() < 1e-9
    safe = torch.where(near, 1.0, power)
    return torch.where(near, logs, (safe * logs).expm1() / safe)


def calendar(days: Tensor) -> list[Tensor]:
    """Of days since 1970 (UTC, the Gregorian calendar before it too): the year, and the angles of
    month, day, weekday, day of the year and hour, float64 each.

    From a day's number to its date by whole numbers alone, years beginning in March (Hinnant,
    "chrono-Compatible Low-Level Date Algorithms", 2013).

    >>> [round(float(part), 2) for part in calendar(torch.tensor(59.5, dtype=torch.float64))]
    [1970.0, 1.05, 0.0, 5.39, 1.01, 3.14]
    """
    # Nanoseconds are rounded as pandas does: a date that falls one short is of the minute before.
    seconds = days * 86_400.0
    whole = seconds.trunc()
    whole = whole + (((seconds - whole) * 1e9).round() / 1e9).floor()
    # Counted from a day that comes before all: ONNX divides numbers below 0 by way of float32.
    minutes = (whole.to(torch.int64) + _BEFORE_1970 * 86_400) // 60
    number, minute = minutes // 1440, minutes % 1440
    era, day = number // _DAYS_400, number % _DAYS_400
    years = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    since_march = day - (365 * years + years // 4 - years // 100)
    month = (5 * since_march + 2) // 153
    of_month = since_march - (153 * month + 2) // 5
    early = month >= 10  # January and February end the year that began in March
    year = era * 400 + years + early.to(torch.int64)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    of_year = torch.where(early, since_march - 305, since_march + 60 + leap.to(torch.int64))
    turns = [
        torch.where(early, month - 10, month + 2).double() / 12,
        of_month.double() / 31,
        ((number + 2) % 7).double() / 7,
        (of_year - 1).double() / 365.25,
        minute.double() / 1440,
    ]
    circle = torch.tensor(2 * math.pi, dtype=torch.float64)  # a plain number is float32 in ONNX
    return [year.double(), *(turn * circle.to(days.device) for turn in turns)]
