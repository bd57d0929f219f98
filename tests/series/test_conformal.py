import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lampas.errors import InputError
from lampas.series.anchored import Anchored
from lampas.series.choosing import allowed, choose_bases, judge
from lampas.series.conformal import calibrate, checked_levels, quantile_of
from lampas.series.panel import Columns, read_panel
from lampas.series.scale import Scale
from lampas.series.windows import Store, Windows

LEVELS = (0.1, 0.5, 0.9)


class Nothing(nn.Module):
    def __init__(self, said=0.0):
        super().__init__()
        self.said = nn.Parameter(torch.tensor(said))

    def forward(self, past):
        return self.said.expand(len(past), 6)


def make(y, lookback=5, season=2):
    panel = read_panel(pd.DataFrame({"t": np.arange(len(y)), "y": y}), Columns("t", None, ("y",)))
    return Store(panel, {None: Scale((0.0,), (1.0,))}, lookback, 2)


def test_intervals_of_noise_hold_what_they_say():
    draw = np.random.default_rng(0)
    store = make(draw.normal(size=3000).cumsum())
    anchored = Anchored(Nothing(), False, 1, 2, 2, 3)
    windows = Windows(store, 5, 1500)
    assert calibrate(anchored, windows, LEVELS) >= 1490
    x, y = Windows(store, 1500, 2990)[list(range(1490))]
    said = anchored.eval()(**x).detach()
    inside = (said[..., 0] <= y) & (y <= said[..., 2])
    shares = inside.float().mean(0).flatten()
    assert bool(((shares - 0.8).abs() < 0.04).all())
    width = (said[..., 2] - said[..., 0]).mean(0).flatten()
    assert width[1] > 1.2 * width[0]  # two steps ahead are less certain than one


def test_the_margin_is_the_right_order_statistic():
    scores = torch.arange(1.0, 10.0)
    assert quantile_of(scores, 0.8) == 8.0
    assert quantile_of(scores, 0.95) == 9.0
    assert quantile_of(torch.empty(0), 0.8) == 0.0


@pytest.mark.parametrize("levels", [(0.1, 0.5), (0.1, 0.9), (0.1, 0.5, 0.8)])
def test_levels_come_in_pairs(levels):
    with pytest.raises(InputError) as error:
        checked_levels(levels)
    assert str(error.value) == (
        f"quantiles are {levels}: pairs round 0.5 are needed, as (0.1, 0.5, 0.9)"
    )


def test_the_base_with_the_lowest_error_is_chosen_and_the_simplest_of_equals():
    trend = make(np.arange(60.0))
    anchored = Anchored(Nothing(), False, 1, 2, 2, 3)
    choose_bases(anchored, Windows(trend, 5, 60))
    assert anchored.base.tolist() == [3]  # the change of a season is the exact line
    anchored = Anchored(Nothing(), False, 1, 9, 2, 3)  # a season longer than the window
    choose_bases(anchored, Windows(trend, 5, 60))
    assert anchored.base.tolist() == [1]
    choose_bases(anchored, Windows(make(np.ones(60)), 5, 60))
    assert anchored.base.tolist() == [0]


def test_a_net_is_trusted_where_it_helps_and_there_is_enough_to_tell():
    store = make(np.arange(60.0))
    helps = Anchored(Nothing(1.0), False, 1, 9, 2, 3)
    (error,) = judge(helps, Windows(store, 20, 40))
    assert helps.trust.tolist() == [1.0]
    assert 0.3 < error < 0.35
    few = Windows(store, 20, 22)
    assert allowed(few) == 0.25  # two steps of the eight in four horizons
    judge(helps, few)
    assert helps.trust.tolist() == [0.0]
    assert allowed(Windows(store, 20, 40)) == 1.0
    harms = Anchored(Nothing(-1.0), False, 1, 9, 2, 3)
    judge(harms, Windows(store, 20, 40))
    assert harms.trust.tolist() == [0.0]
