"""`lampas.timeseries` and the model that it returns, end to end at small size."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import ArtifactError, InputError, UnknownNameError

SMALL = {"epochs": 8, "verbose": 0}


def test_a_net_beats_every_baseline_on_a_clear_cycle(fitted):
    frame = fitted.tested.frame.set_index("model")
    assert fitted.bases() == {"sold": "season and drift + dlinear"}
    assert frame.loc["dlinear", "mae"] < 0.75 * frame["mae"].drop("dlinear").min()
    assert 0.6 < fitted.metrics["coverage"] <= 1.0
    assert fitted.metrics["mase"] < 0.8
    assert fitted.tested.origins == 28
    assert fitted.settings["steps"] == {
        "train": 112, "validation": 34, "calibration": 26, "backtest": 28,
    }  # fmt: skip
    assert set(fitted.history.columns) == {"loss", "mase", "val_loss", "val_mase"}


def test_shuffled_targets_are_not_learnt(sales):
    """No leakage: what has no past is forecast no better than by its mean."""
    noise = np.random.default_rng(1).permutation(sales["sold"].to_numpy())
    model = lampas.timeseries(
        sales.assign(sold=noise), "sold", time="day", horizon=7, backtest=40, epochs=30, verbose=0
    )
    best = np.abs(noise[-40:] - np.median(noise[:-40])).mean()
    assert model.metrics["mae"] > 0.9 * best


def test_changing_the_held_out_steps_changes_no_weight(sales):
    changed = sales.copy()
    changed.loc[changed.index[-28:], "sold"] *= -3.0
    one, two = (
        lampas.timeseries(frame, "sold", time="day", horizon=7, backtest=28, **SMALL)
        for frame in (sales, changed)
    )
    for name, weight in one.model.state_dict().items():
        assert torch.equal(weight, two.model.state_dict()[name]), name
    assert one.scales == two.scales
    assert one.metrics != two.metrics


def test_a_seed_gives_the_same_model_and_leaves_torchs_state(sales):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, two, other = (
        lampas.timeseries(
            sales, "sold", time="day", horizon=3, lookback=14, net="gru", seed=seed, **SMALL
        )
        for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert one.forecast().equals(two.forecast())
    drawn = [one.anchored.net.encoder.weight_hh_l0 for one in (one, other)]
    assert not torch.equal(*drawn)


@pytest.mark.parametrize("net", ["dlinear", "lstm", "gru", "tcn"])
def test_saved_and_loaded_it_forecasts_the_same(net, shops, tmp_path):
    model = lampas.timeseries(
        shops, "sold", time="day", series="shop", known="offer", past="rain", net=net,
        horizon=4, lookback=10, season=7, backtest=12, **{**SMALL, "epochs": 2},
    )  # fmt: skip
    model.anchored.trust.fill_(1.0)
    model.save(tmp_path / "run.lampas")
    again = lampas.load(tmp_path / "run.lampas")
    ahead = future(model, 4)
    found = model.forecast(known=ahead)
    assert found.equals(again.forecast(known=ahead))
    assert found.columns.tolist() == ["day", "shop", "target", "median", "q10", "q90"]
    assert found["shop"].tolist() == ["north"] * 4 + ["south"] * 4
    assert (found["q10"] <= found["median"]).all()
    assert (found["median"] <= found["q90"]).all()
    assert found["median"][4:].min() > 10_000
    assert again.metrics == model.metrics
    assert again.evaluate(shops) == model.evaluate(shops)
    assert str(again.tested) == str(model.tested)
    assert again.history.rows == model.history.rows
    assert repr(again) == repr(model)


def future(model, steps, offer=0.0):
    stamps = model.panel.after(model.panel.series[0], steps)
    parts = [
        pd.DataFrame({"day": stamps, "shop": one.key, "offer": offer}) for one in model.panel.series
    ]
    return pd.concat(parts)


def fast(parameters):
    return torch.optim.Adam(parameters, lr=0.01)


def test_what_is_known_ahead_is_used(shops):
    model = lampas.timeseries(
        shops, "sold", time="day", series="shop", known="offer", horizon=4, lookback=14,
        epochs=60, optimizer=fast, backtest=12, verbose=0,
    )  # fmt: skip
    model.anchored.trust.fill_(1.0)
    without, offered = (model.forecast(known=future(model, 4, to)) for to in (0.0, 1.0))
    gain = (offered["median"] - without["median"])[:4]
    assert 2 < gain.mean() < 10  # 6 were sold more


def test_new_series_and_newer_history(shops):
    model = lampas.timeseries(
        shops, "sold", time="day", series="shop", horizon=4, lookback=14, **SMALL
    )
    recent = shops[shops["shop"] == "north"].tail(30)
    west = recent.assign(shop="west", sold=recent["sold"] * 1e6)
    found = model.forecast(data=pd.concat([recent, west]))
    north, new = (found[found["shop"] == name]["median"].to_numpy() for name in ("north", "west"))
    np.testing.assert_allclose(new, north * 1e6, rtol=1e-3)
    assert found.equals(model.predict(pd.concat([recent, west])))


def test_forecasts_go_on_beyond_what_was_trained(fitted):
    far = fitted.forecast(30)
    assert far["day"].is_monotonic_increasing
    assert len(far) == 30
    near = fitted.forecast(7)
    assert far.head(7).equals(near)
    assert fitted.forecast(3).equals(near.head(3))
    width = far["q90"] - far["q10"]
    assert (width[7:14].mean() < width[14:21].mean()) & (width[14:21].mean() < width[21:28].mean())
    # The cycle goes on: as the series itself.
    steps = np.arange(200, 230)
    truth = 50 + 0.1 * steps + 5 * np.sin(2 * np.pi * steps / 7)
    assert np.abs(far["median"] - truth).mean() < 1.5


def test_a_series_that_stands_still(sales):
    model = lampas.timeseries(sales.assign(sold=7.0), "sold", time="day", horizon=3, **SMALL)
    assert model.forecast()[["median", "q10", "q90"]].to_numpy().ravel().tolist() == [7.0] * 9
    assert model.metrics == {"mae": 0.0, "rmse": 0.0, "mase": 0.0, "coverage": 1.0}
    assert "does not beat naive: MAE 0.0000 against 0.0000" in str(model.tested)


def test_gaps_may_be_carried(sales):
    holes = sales.drop(index=[50, 51, 120])
    holes.loc[80, "sold"] = np.nan
    model = lampas.timeseries(holes, "sold", time="day", horizon=3, gaps="carry", **SMALL)
    assert "; 4 gaps hold the last value before them" in model.settings["about"]
    with pytest.raises(InputError) as error:
        model.forecast(data=holes)
    assert str(error.value) == (
        "target 'sold': row 80, 2024-03-21 00:00:00, holds no value: fill it, or pass "
        "gaps='carry' to carry the last value forward"
    )
    assert len(model.forecast(data=holes, gaps="carry")) == 3


def test_integers_months_and_zones_go_on(sales, tmp_path):
    for stamps, after in (
        (np.arange(1000, 1400, 2), 1400),
        (pd.date_range("2000-01-31", periods=200, freq="ME"), pd.Timestamp("2016-09-30")),
        (pd.date_range("2024-01-01", periods=200, freq="D", tz="Europe/Berlin"),
         pd.Timestamp("2024-07-19", tz="Europe/Berlin")),
    ):  # fmt: skip
        frame = sales.assign(day=stamps)
        model = lampas.timeseries(frame, "sold", time="day", horizon=2, **{**SMALL, "epochs": 1})
        model.save(tmp_path / "run.lampas")
        found = lampas.load(tmp_path / "run.lampas").forecast()
        assert found["day"][0] == after
        assert found.equals(model.forecast())


def test_without_held_out_steps_validation_or_calibration(sales):
    model = lampas.timeseries(
        sales, "sold", time="day", horizon=3, backtest=0, validation=0, calibration=0, **SMALL
    )
    assert model.tested is None
    assert model.settings["steps"]["train"] == 200
    assert set(model.metrics) == {"mae", "rmse", "mase", "coverage"}
    assert not model.anchored.margins.any()


def test_backtests_of_other_rows(fitted, sales):
    whole = fitted.backtest(sales)
    assert whole.origins == 200 - fitted.sizes.lookback
    some = fitted.backtest(sales, origins=5, step=3)
    assert some.origins == 5
    last = fitted.backtest(sales, origins=28)
    assert last.frame.equals(fitted.tested.frame)


class Own(nn.Module):
    def __init__(self, lookback, inputs, outputs):
        super().__init__()
        self.line = nn.Linear(lookback * inputs, outputs)

    def forward(self, past):
        return self.line(past.flatten(1))


def test_a_net_of_the_users(sales, tmp_path):
    model = lampas.timeseries(sales, "sold", time="day", net=Own, horizon=3, **SMALL)
    model.save(tmp_path / "run.lampas")
    with pytest.raises(ArtifactError) as error:
        lampas.load(tmp_path / "run.lampas")
    assert str(error.value) == (
        f"{tmp_path / 'run.lampas'} was trained with your net Own: pass it, "
        f"lampas.load({str(tmp_path / 'run.lampas')!r}, net=Own)"
    )
    again = lampas.SeriesModel.load(tmp_path / "run.lampas", net=Own)
    assert again.forecast().equals(model.forecast())


def test_the_figure_has_history_forecast_and_intervals(fitted, shops):
    (axes,) = fitted.plot().axes
    assert [line.get_label() for line in axes.get_lines()] == ["history", "forecast"]
    assert len(axes.get_lines()[1].get_xdata()) == 7
    assert axes.collections[0].get_label() == "80 % interval"
    assert fitted.plot()._repr_png_().startswith(b"\x89PNG")


def test_the_figure_of_several_series(shops):
    model = lampas.timeseries(
        shops, ["sold", "rain"], time="day", series="shop", horizon=1, lookback=8, **SMALL
    )
    figure = model.plot()
    assert [one.get_title() for one in figure.axes] == [
        "sold, north", "rain, north", "sold, south", "rain, south",
    ]  # fmt: skip
    assert figure.axes[0].get_lines()[1].get_marker() == "o"  # one step is a point
    assert [one.get_title() for one in model.plot(series=["south"]).axes] == [
        "sold, south", "rain, south",
    ]  # fmt: skip
    with pytest.raises(UnknownNameError) as error:
        model.plot(series=["sout"])
    assert str(error.value) == "unknown series 'sout': did you mean 'south'? Valid: north, south"
    many = pd.concat([shops[shops["shop"] == "south"].assign(shop=f"s{i}") for i in range(9)])
    model = lampas.timeseries(many, "sold", time="day", series="shop", horizon=2, **SMALL)
    assert len(model.plot().axes) == 8
    assert model.plot().get_suptitle() == "the first 8 of 9 series"


def test_why_a_net_is_left_out_and_that_it_needs_no_covariates(sales):
    noise = sales.assign(offer=0, sold=np.random.default_rng(0).normal(size=200))
    model = lampas.timeseries(noise, "sold", time="day", known="offer", horizon=14, **SMALL)
    (line,) = model.left_out()
    assert re.fullmatch(
        r"sold: dlinear is left out: over the 24 validation steps its error was \d\.\d\d times "
        r"that of [a-z ]+, and below 0\.43 is "
        r"asked for where they are fewer than 4 horizons \(56\)",
        line,
    )
    still = lampas.timeseries(sales.assign(sold=5), "sold", time="day", horizon=7, **SMALL)
    assert still.left_out() == [
        "sold: dlinear is left out: over the 24 validation steps last value was exact"
    ]
    assert len(model.forecast()) == 14
    assert model.needed.known == ()
    model.anchored.trust.fill_(1.0)
    assert model.left_out() == []
    with pytest.raises(InputError, match="the forecast needs 'offer' from"):
        model.forecast()


def test_too_few_steps_for_an_interval_are_told(sales):
    model = lampas.timeseries(sales[:11], "sold", time="day", **SMALL)
    assert model.settings["about"].splitlines()[1] == (
        "1 step to calibrate by cannot tell an interval of 80 %, which takes 4 or more: do not "
        "rely on it"
    )


def bad(sales, **changed):
    return lambda: lampas.timeseries(
        sales, changed.pop("target", "sold"), time="day", **{**SMALL, "horizon": 7, **changed}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon": 80},
         "0 of 200 steps are left to train on, fewer than one window of lookback 40 + horizon 80 "
         "(80 validate, 80 calibrate, 40 are held out): pass a smaller horizon, lookback or "
         "backtest, or more data"),
        ({"horizon": 0}, "horizon is 0: it must be a whole number, 1 or more"),
        ({"season": 101}, "season is 101, but there are 200 steps: two seasons of them at least "
         "are needed; pass a shorter one, or 1 for none"),
        ({"lookback": 2.5}, "lookback is 2.5: it must be a whole number, 1 or more"),
        ({"backtest": -1}, "backtest=-1: a share of the steps, or how many, is needed"),
        ({"validation": 1.5}, "validation=1.5: a share from 0 to below 1 is needed"),
        ({"target": ()}, "no target is named; pass the column to forecast"),
        ({"optimizer": torch.optim.SGD([torch.zeros(1)])},
         "optimizer was made before the net: pass its name, or a function of the parameters, "
         "as lambda p: torch.optim.SGD(p, lr=0.1)"),
    ],
)  # fmt: skip
def test_wrong_arguments(sales, change, message):
    with pytest.raises(InputError) as error:
        bad(sales, **change)()
    assert str(error.value) == message


def test_wrong_forecasts(fitted, sales, shops):
    model = lampas.timeseries(
        shops, "sold", time="day", series="shop", known="offer", past="rain", horizon=4,
        lookback=10, **{**SMALL, "epochs": 1},
    )  # fmt: skip
    short = future(model, 4)
    cases = [
        (lambda: fitted.forecast(0), "horizon is 0: it must be a whole number, 1 or more"),
        (
            lambda: fitted.forecast(data=sales.head(9)),
            "the history has 9 rows, fewer than the 21 that a window needs: pass more rows",
        ),
        (
            lambda: fitted.forecast(known=sales),
            "known= was passed, but the run has no known covariates",
        ),
        (
            model.forecast,
            "the forecast needs 'offer' from 2024-11-15 00:00:00 to 2024-11-18 00:00:00: pass "
            "known=, a table with them and 'day', 'shop'",
        ),
        (
            lambda: model.forecast(4, known=short.iloc[:2]),
            "known covariate 'offer' of series 'north' has no value for 2024-11-17 00:00:00: a "
            "forecast of 4 steps needs it up to 2024-11-18 00:00:00; add the rows, or forecast "
            "2 steps",
        ),
        (
            lambda: model.forecast(5, known=short),
            "horizon 5 is beyond the 4 steps that were trained, and going on needs 'rain', which "
            "is known for the past alone: train with horizon=5",
        ),
        (
            lambda: fitted.backtest(sales, origins=0),
            "origins is 0: it must be a whole number, 1 or more",
        ),
    ]
    for wrong, message in cases:
        with pytest.raises(InputError) as error:
            wrong()
        assert str(error.value) == message
