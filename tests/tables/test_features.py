"""What a graph makes of raw numbers is what the preparer makes of the cells."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lampas.tables.coders import _yeo_johnson
from lampas.tables.features import Features, calendar, yeo_johnson
from lampas.tables.infer import infer
from lampas.tables.portable import inputs_of
from lampas.tables.prepare import Preparer


def table(seed: int, rows: int = 150) -> pd.DataFrame:
    """A column of every kind, with gaps, skewed and plain, dates from before 1970 too."""
    own = np.random.default_rng(seed)
    minutes = own.integers(0, 60_000 * 1440, rows)
    frame = pd.DataFrame(
        {
            "plain": own.normal(size=rows) * 10.0 ** own.integers(-3, 6),
            "skewed": np.exp(own.normal(size=rows) * 2) * own.choice([-1, 1]),
            "whole": own.integers(0, 9, rows),
            "yes": own.random(rows) > 0.5,
            "when": pd.Timestamp("1899-12-30") + pd.to_timedelta(minutes, unit="min"),
            "said": [f"{own.choice(['Mr', 'Miss'])} {name}" for name in own.integers(0, 4, rows)],
            "kind": own.choice(["a", "b", "c"], rows),
            "also": own.normal(size=rows),
            "y": own.choice(["n", "p"], rows),
        }
    )
    for name in frame.columns[:-1]:
        if own.random() < 0.5:
            frame[name] = frame[name].astype(object).where(own.random(rows) > 0.2, None)
    return frame


@given(st.integers(0, 10_000))
@example(891)  # a date that falls a nanosecond short
@example(7251)
@settings(max_examples=20, deadline=None)
def test_features_are_those_of_the_preparer(seed):
    frame = table(seed)
    kinds = {"said": "text", "kind": "category", "when": "date", "whole": "number",
             "plain": "number", "skewed": "number", "also": "number", "yes": "boolean"}  # fmt: skip
    preparer = Preparer.fit(infer(frame, "y", kinds=kinds), frame)
    raw = inputs_of(preparer, frame)
    wanted = preparer.transform(frame)
    said = Features(preparer)(torch.from_numpy(raw["numbers"]))
    assert said.dtype == torch.float32
    torch.testing.assert_close(said, wanted["numbers"], rtol=1e-5, atol=1e-5)
    assert raw["codes"].tolist() == wanted["categories"].tolist()


@given(st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2260-01-01")))
@settings(deadline=None)
def test_the_calendar_is_that_of_pandas(moment):
    moment = pd.Timestamp(moment).floor("min")
    days = (moment - pd.Timestamp(0)) / pd.Timedelta(days=1)
    found = pd.Timestamp(days * 86_400.0, unit="s")  # as the coder reads it: a float may fall short
    year, month, day, weekday, of_year, hour = calendar(torch.tensor(days, dtype=torch.float64))
    assert int(year) == found.year
    turns = [
        (found.month - 1) / 12, (found.day - 1) / 31, found.day_of_week / 7,
        (found.day_of_year - 1) / 365.25, (found.hour + found.minute / 60) / 24,
    ]  # fmt: skip
    said = [float(part) / (2 * np.pi) for part in (month, day, weekday, of_year, hour)]
    assert said == pytest.approx(turns, abs=1e-12)


@pytest.mark.parametrize("power", [0.0, 2.0, 1.0, -1.5, 0.3, 3.0])
def test_powers_are_those_of_the_coder(power):
    values = np.linspace(-5, 5, 11)
    powers = torch.tensor([power], dtype=torch.float64)
    said = yeo_johnson(torch.from_numpy(values)[:, None], powers)
    np.testing.assert_allclose(said[:, 0].numpy(), _yeo_johnson(values, power), rtol=1e-12)
