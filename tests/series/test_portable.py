import io
import json

import numpy as np
import pandas as pd
import pytest
import torch

import lampas
from lampas.export.program_file import ABOUT

DAYS = 90


def table() -> pd.DataFrame:
    own = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=DAYS)
    frame = pd.DataFrame({"day": [*days, *days], "shop": ["A"] * DAYS + ["B"] * DAYS})
    frame["promo"] = own.random(2 * DAYS)
    frame["heat"] = 1e4 + 100 * own.normal(size=2 * DAYS)
    frame["sold"] = 1e6 + np.arange(2 * DAYS) % 7 + own.normal(size=2 * DAYS) + frame["promo"]
    return frame


def future() -> pd.DataFrame:
    days = pd.date_range(pd.Timestamp("2024-01-01") + pd.Timedelta(days=DAYS), periods=5)
    promo = np.linspace(0, 1, 10)
    return pd.DataFrame({"day": [*days, *days], "shop": ["A"] * 5 + ["B"] * 5, "promo": promo})


def inputs_for(model, known) -> dict[str, np.ndarray]:
    """The windows at the end of each series."""
    rows = model.sizes.lookback
    found = {"past": np.stack([one.values[-rows:] for one in model.panel.series])}
    if known is not None:
        found["future"] = known["promo"].to_numpy().reshape(2, 5, 1).copy()
    if len(model.panel.series) > 1:
        found["series"] = np.arange(2)
    return found


CASES = {
    "covariates": ({"series": "shop", "known": ["promo"], "past": ["heat"]}, table()),
    "several": ({"series": "shop"}, table()[["day", "shop", "sold"]]),
    "one": ({}, table()[["day", "sold"]][:DAYS]),
}


def fitted(case, net):
    more, frame = CASES[case]
    model = lampas.timeseries(
        frame, "sold", time="day", horizon=5, epochs=1, verbose=0, net=net, **more
    )
    model.anchored.trust.fill_(1.0)
    known = future() if "known" in more else None
    shown = model.forecast(known=known)[["q10", "median", "q90"]]
    wanted = shown.to_numpy().reshape(len(model.panel.series), 5, 1, 3)
    return model, inputs_for(model, known), wanted


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("net", ["dlinear", "lstm", "tcn"])
def test_a_program_forecasts_in_the_units_of_the_table(case, net, tmp_path):
    model, inputs, wanted = fitted(case, net)
    made = model.export(tmp_path / "m.pt2")
    assert [one.name for one in made.inputs] == list(inputs)
    more = {ABOUT: ""}
    whole = io.BytesIO((tmp_path / "m.pt2").read_bytes())
    run = torch.export.load(whole, extra_files=more).module()
    said = run(*map(torch.tensor, inputs.values())).numpy()
    np.testing.assert_allclose(said - 1e6, wanted - 1e6, atol=1e-5)
    about = json.loads(more[ABOUT])
    assert about["quantiles"] == [0.1, 0.5, 0.9]
    assert about["series"] == ([] if case == "one" else ["A", "B"])


@pytest.mark.parametrize("net", ["dlinear", "gru"])
def test_onnx_forecasts_in_the_units_of_the_table(net, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    model, inputs, wanted = fitted("covariates", net)
    model.export(tmp_path / "m.onnx")
    (said,) = runtime.InferenceSession(tmp_path / "m.onnx").run(None, inputs)
    np.testing.assert_allclose(said - 1e6, wanted - 1e6, atol=1e-4)
