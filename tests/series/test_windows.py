import tracemalloc

import numpy as np
import pandas as pd
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.series.panel import Columns, read_panel
from lampas.series.scale import Scale
from lampas.series.spans import divide
from lampas.series.task import scales_of
from lampas.series.windows import Store, Windows

few = settings(max_examples=25, deadline=None)


def make(lengths, lookback, horizon, seed=0, change=None):
    draw = np.random.default_rng(seed)
    total = max(lengths)
    frames = []
    for key, rows in enumerate(lengths):
        y = draw.normal(size=rows).cumsum()
        frames.append(pd.DataFrame({"t": np.arange(total - rows, total), "key": key, "y": y}))
    frame = pd.concat(frames, ignore_index=True)
    if change is not None:
        frame.loc[frame["t"] >= change, "y"] = draw.normal(size=int((frame["t"] >= change).sum()))
    return read_panel(frame, Columns("t", "key", ("y",)))


@few
@given(
    lengths=st.lists(st.integers(20, 40), min_size=1, max_size=3),
    lookback=st.integers(1, 6),
    horizon=st.integers(1, 5),
)
def test_windows_are_the_rows_before_and_after(lengths, lookback, horizon):
    panel = make(lengths, lookback, horizon)
    unit = {one.key: Scale((0.0,), (1.0,)) for one in panel.series}
    windows = Windows(Store(panel, unit, lookback, horizon), 0, panel.end)
    assert len(windows) == sum(rows - lookback for rows in lengths)
    numbers = list(range(len(windows)))
    x, y = windows[numbers]
    series, places = windows.where(numbers)
    for row in numbers:
        one = panel.series[series[row]]
        at = places[row] - one.first
        past, ahead = one.values[at - lookback : at, 0], one.values[at : at + horizon, 0]
        np.testing.assert_allclose(x["past"][row, :, 0], past, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(y[row, : len(ahead), 0], ahead, rtol=1e-5, atol=1e-6)
        assert y[row, len(ahead) :].isnan().all()


@few
@given(seed=st.integers(0, 99), horizon=st.integers(1, 6), lookback=st.integers(1, 8))
def test_changing_the_future_changes_no_training_input(seed, horizon, lookback):
    """Bit for bit: scales, inputs and targets of the training windows."""
    spans = divide(60, lookback, horizon, backtest=10, validation=0.1, calibration=0.1)
    batches = []
    for change in (None, spans.train):
        panel = make([60, 45], lookback, horizon, seed, change)
        scales = scales_of(panel, spans, season=7)
        windows = Windows(Store(panel, scales, lookback, horizon), 0, spans.train, low=0)
        x, y = windows[list(range(len(windows)))]
        batches.append((scales, x["past"], y))
    (scales, past, y), (scales2, past2, y2) = batches
    assert scales == scales2
    assert torch.equal(past, past2)
    assert torch.equal(y.nan_to_num(7.0), y2.nan_to_num(7.0))
    assert y.isnan().any() or horizon == 1


def test_windows_share_memory_with_the_table_and_cost_none_of_their_own():
    rows = 200_000
    frame = pd.DataFrame({"t": np.arange(rows), "y": np.arange(rows, dtype=float)})
    panel = read_panel(frame, Columns("t", None, ("y",)))
    store = Store(panel, {None: Scale((0.0,), (1.0,))}, lookback=200, horizon=50)
    for view in (store.past, store.future, store.ahead):
        assert view.untyped_storage().data_ptr() in (
            store.inputs.untyped_storage().data_ptr(), store.truth.untyped_storage().data_ptr(),
        )  # fmt: skip
    tracemalloc.start()
    windows = Windows(store, 0, rows)
    assert len(windows) == rows - 200
    for number, _ in enumerate(windows.loader(64, shuffle=False)):
        if number == 20:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20  # all windows at once would take 160 MB


def test_each_window_comes_once_in_an_epoch():
    panel = make([50, 30], 5, 3)
    unit = {one.key: Scale((0.0,), (1.0,)) for one in panel.series}
    windows = Windows(Store(panel, unit, 5, 3), 0, panel.end)
    torch.manual_seed(0)
    found = torch.cat([x["past"][:, 0, 0] for x, _ in windows.loader(8, shuffle=True)])
    plain = torch.cat([x["past"][:, 0, 0] for x, _ in windows.loader(8, shuffle=False)])
    assert not torch.equal(found, plain)
    assert torch.equal(found.sort().values, plain.sort().values)
