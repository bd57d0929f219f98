"""Predicting from a saved model imports torch, NumPy, safetensors, the library of its kind of data,
and what these import themselves: nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import lampas

LIBRARIES = {
    "model": ["torch", "numpy", "numpy.random", "safetensors"],
    "tabular": ["torch", "numpy", "numpy.random", "safetensors", "pandas"],
    "image": ["torch", "numpy", "numpy.random", "safetensors", "pandas", "PIL.Image"],
    "text": ["torch", "numpy", "numpy.random", "safetensors", "pandas", "tokenizers"],
    "timeseries": ["torch", "numpy", "numpy.random", "safetensors", "pandas"],
}
"""By kind of model, what it may import. Predictions are data frames, so pandas is of every kind but
the first; pandas brings pyarrow, which cuts texts at their spaces."""

PROGRAM = """
import importlib, json, sys

for library in {libraries}:
    importlib.import_module(library)
top = lambda: {{name.partition(".")[0] for name in sys.modules}}
before = top()
import lampas, numpy, torch
model = lampas.load("{kind}.lampas", **{more})
{predict}
print(json.dumps(sorted(top() - before - {{"lampas"}} - set(sys.stdlib_module_names))))
"""

PREDICT = {
    "model": "model.predict(torch.ones(4, 3))",
    "tabular": "model.predict('table.csv')",
    "image": "model.predict('one.png'); model.predict(numpy.zeros((2, 8, 8), 'uint8'))",
    "text": "model.predict(['a fine film', ''])",
    "timeseries": "model.forecast(9); model.predict('series.csv')",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A saved model of each kind, and data for it."""
    from PIL import Image

    there = tmp_path_factory.mktemp("saved")
    lampas.Model(torch.nn.Linear(3, 1)).save(there / "model.lampas")
    table = pd.DataFrame({"age": np.arange(60) % 7 + 0.5, "deck": ["a", "b"] * 30})
    table["name"] = ["Mr A", "Miss B", "Dr C"] * 20
    table["day"] = pd.date_range("2024-01-01", periods=60).astype(str)
    table["big"] = ["yes", "no"] * 30
    table.to_csv(there / "table.csv", index=False)
    kinds = {"name": "text", "day": "date"}
    lampas.tabular(table, "big", epochs=1, verbose=0, kinds=kinds).save(there / "tabular.lampas")
    pixels = np.random.default_rng(0).integers(0, 255, (20, 8, 8)).astype("uint8")
    Image.fromarray(pixels[0]).save(there / "one.png")
    lampas.images((pixels, ["a", "b"] * 10), epochs=1, verbose=0).save(there / "image.lampas")
    texts = ["a fine film", "so dull"] * 10
    lampas.texts((texts, ["x", "y"] * 10), epochs=1, verbose=0).save(there / "text.lampas")
    series = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=90)})
    series["sold"] = np.arange(90) % 7 + 1.0
    series.to_csv(there / "series.csv", index=False)
    lampas.timeseries(series, "sold", time="day", horizon=5, epochs=1, verbose=0).save(
        there / "timeseries.lampas"
    )
    return there


@pytest.mark.parametrize("kind", PREDICT)
def test_predicting_imports_nothing_else(kind, folder):
    more = "{'net': torch.nn.Linear(3, 1)}" if kind == "model" else "{}"
    program = PROGRAM.format(libraries=LIBRARIES[kind], kind=kind, more=more, predict=PREDICT[kind])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
