"""What holds for every net, and for the frame round it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import InputError, ShapeError, UnknownNameError
from lampas.series.anchored import BASES, Anchored, KnownQuantileLoss, mase
from lampas.series.own_net import NETS, Sizes, build, check_output, takes_future
from lampas.series.tcn import TCN

few = settings(max_examples=20, deadline=None)
SIZES = Sizes(lookback=15, horizon=4, inputs=5, known=2, targets=2, quantiles=3)


def anchored(name="dlinear", sizes=SIZES, season=7):
    torch.manual_seed(0)
    net = build(name, sizes)
    for weight in net.parameters():
        nn.init.normal_(weight, std=0.3)
    return Anchored(net, True, sizes.targets, season, sizes.horizon, sizes.quantiles).eval()


@pytest.mark.parametrize("name", NETS)
def test_every_net_starts_at_the_base_and_trains(name):
    torch.manual_seed(0)
    net = build(name, SIZES)
    past, future = torch.randn(6, 15, 5), torch.randn(6, 4, 2)
    said = net(past, future)
    assert said.shape == (6, 4, 2, 3)
    assert torch.equal(said, torch.zeros_like(said))
    loss = (said - torch.randn(6, 4, 2, 3)).square().mean()
    loss.backward()
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in
               net.parameters())  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_each_covariate_reaches_the_forecast(name):
    module = anchored(name)
    past, future = torch.randn(3, 15, 5), torch.randn(3, 4, 2)
    before = module(past, future)
    changed = past.clone()
    changed[:, -1, 4] += 1.0
    assert not torch.equal(before, module(changed, future))
    assert not torch.equal(before, module(past, future + 1.0))


def test_the_tcn_is_causal_and_sees_the_whole_window():
    torch.manual_seed(0)
    net = TCN(lookback=40, horizon=1, inputs=1, known=0, targets=1, quantiles=1).eval()
    x = torch.randn(1, 40, 1, requires_grad=True)
    states = net.blocks(x.transpose(1, 2))
    grads = torch.autograd.grad(states[0, :, 20].sum(), x, retain_graph=True)[0][0, :, 0]
    assert torch.equal(grads[21:], torch.zeros(19))
    last = torch.autograd.grad(states[0, :, -1].abs().sum(), x)[0][0, :, 0]
    assert last[0] != 0


@few
@given(
    shift=st.floats(-50, 50), factor=st.floats(0.1, 50), base=st.integers(0, 2),
    name=st.sampled_from(sorted(NETS)),
)  # fmt: skip
def test_forecasts_follow_shift_and_size(shift, factor, base, name):
    module = anchored(name)
    module.base.fill_(base)
    past, future = torch.randn(2, 15, 5).double().float(), torch.zeros(2, 4, 2)
    moved = past.clone()
    moved[:, :, :2] = moved[:, :, :2] * factor + shift
    want = module(past, future) * factor + shift
    assert torch.allclose(module(moved, future), want, rtol=1e-3, atol=2e-3 * max(factor, 1))


@few
@given(seed=st.integers(0, 999), narrow=st.floats(-3, 3))
def test_quantiles_do_not_cross(seed, narrow):
    module = anchored()
    torch.manual_seed(seed)
    module.margins[..., 0], module.margins[..., 2] = -narrow, narrow
    said = module(torch.randn(5, 15, 5), torch.randn(5, 4, 2))
    assert bool((said.diff(dim=3) >= 0).all())


def test_the_bases_are_what_they_say():
    past = torch.arange(15.0).reshape(1, 15, 1).expand(1, 15, 2)
    module = anchored(sizes=Sizes(15, 4, 2, 0, 2, 3))
    last, trend, same, season, drift = module.bases_of(past).unbind(3)
    assert last[0, :, 0].tolist() == [14.0] * 4
    steps = torch.tensor([0.9, 1.71, 2.439, 3.0951])
    assert torch.allclose(trend[0, :, 0], 14 + steps)
    assert same[0, :, 0].tolist() == [8.0, 9.0, 10.0, 11.0]
    assert season[0, :, 0].tolist() == [15.0, 16.0, 17.0, 18.0]
    assert drift[0, :, 0].tolist() == [15.0, 16.0, 17.0, 18.0]
    assert len(BASES) == 5
    long = anchored(sizes=Sizes(15, 9, 2, 0, 2, 3))  # into a second season
    assert long.bases_of(past)[0, 6:, 0, 2:].tolist() == [[14, 21, 21], [8, 22, 22], [9, 23, 23]]
    for rows, known in ((5, 2), (7, 3), (8, 4), (13, 4), (14, 5)):
        short = anchored(sizes=Sizes(rows, 4, 2, 0, 2, 3), season=7)
        assert short.bases_of(past[:, :rows]).isfinite().all(1)[0, 0].sum() == known


def test_noise_in_one_value_moves_the_drift_less_than_the_change():
    past = (torch.arange(14.0) % 7).reshape(1, 14, 1).repeat(1, 1, 2)
    past[:, -1] += 7
    module = anchored(sizes=Sizes(14, 4, 2, 0, 2, 3))
    _, _, same, season, drift = module.bases_of(past).unbind(3)
    assert torch.equal(season, same + 7)
    assert torch.equal(drift, same + 1)


def test_a_window_that_stands_still_has_finite_forecasts_and_gradients():
    module = anchored()
    past = torch.ones(2, 15, 5)
    said = module(past, torch.zeros(2, 4, 2))
    assert said.isfinite().all()
    said.sum().backward()
    assert all(weight.grad.isfinite().all() for weight in module.net.parameters())
    single = anchored(sizes=Sizes(1, 4, 2, 0, 2, 3))
    assert single(torch.ones(2, 1, 2), torch.zeros(2, 4, 0)).isfinite().all()


def test_unknown_targets_count_for_nothing_and_batches_do_not_matter():
    loss = KnownQuantileLoss((0.1, 0.5, 0.9))
    y = torch.randn(6, 4, 2)
    y[:, 3] = torch.nan
    said = torch.randn(6, 4, 2, 3, requires_grad=True)
    loss(said, y).backward()
    assert torch.equal(said.grad[:, 3], torch.zeros(6, 2, 3))
    halves = (loss(said[:3], y[:3]) + loss(said[3:], y[3:])) / 2
    assert torch.allclose(halves, loss(said, y))
    assert mase(said, torch.full_like(y, torch.nan)) == 0


class Past(nn.Sequential):
    def __init__(self, lookback, inputs, outputs):
        super().__init__(nn.Flatten(), nn.Linear(lookback * inputs, outputs))


def test_a_users_net_gets_the_sizes_that_it_names():
    net = build(Past, SIZES)
    assert net[1].in_features == 75
    assert net[1].out_features == 24
    assert not takes_future(net)
    check_output(net, SIZES)
    assert all(takes_future(build(name, SIZES)) for name in NETS)


@pytest.mark.parametrize(
    ("net", "kind", "message"),
    [
        ("dlinera", UnknownNameError,
         "unknown net 'dlinera': did you mean 'dlinear'? Valid: dlinear, gru, lstm, tcn"),
        (lambda width: nn.Linear(width, 1), InputError,
         "<lambda> needs 'width', which is no shape of a time series: give it a default, or ask "
         "for one of lookback, horizon, inputs, known, targets, quantiles, outputs"),
        (nn.Linear(3, 1), InputError,
         "Linear cannot read windows of shape (2, 15, 5): mat1 and mat2 shapes cannot be "
         "multiplied (30x5 and 3x1)"),
        (nn.Linear(5, 1), ShapeError,
         "Linear returns (2, 15, 1) for 2 windows: (2, 24) or (2, 4, 2, 3) is needed, "
         "(windows, horizon, targets, quantiles)"),
    ],
)  # fmt: skip
def test_a_net_that_does_not_fit(net, kind, message):
    with pytest.raises(kind) as error:
        check_output(build(net, SIZES), SIZES)
    assert str(error.value) == message
