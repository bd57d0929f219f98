"""Folders of runs as `lampas train` leaves them, written without a training."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lampas.evidence import Evidence
from lampas.tables.targets import TargetCoder

SUMMARY = """layer  type    output  trainable
(net)  Model   (B, 1)
  net  Linear  (B, 1){width:>11}

{width} parameters: {width} trainable, 0 frozen; 12 B
"""
Maker = Callable[..., Path]


def evidence(count: int, seed: int, noise: float = 1.0) -> Evidence:
    """Two classes seen through noise; the truth of row n is the same for every seed."""
    truth = np.random.default_rng(99).integers(0, 2, 1000)[:count]
    logits = 2 * truth - 1 + noise * np.random.default_rng(seed).normal(size=count)
    coder = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())
    frame = pd.DataFrame({"y": np.array(["no", "yes"])[truth]})
    said = coder.decode(torch.tensor(logits)[:, None], frame.index)
    return Evidence.of(coder, frame, said, lambda rows: [])


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """A folder with a run: `about` goes into its run.json, `of` is what it said."""

    def run(name: str, about: dict | None = None, of: Evidence | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        described = {
            "command": f"lampas train a.csv --out {name}", "created": "2026-01-02T03:04:05+00:00",
            "seconds": 2.5, "settings": {"seed": 0, "epochs": 2}, "versions": {"torch": "2.6"},
            "epochs": 2, "best_epoch": 2, "stopped": None,
            "metrics": {"loss": 0.5, "accuracy": 0.8},
            "schema": {"task": "binary", "columns": [{"name": "a", "kind": "number"}]},
            "data": [{"side": "training", "path": "a.csv", "bytes": 9, "sha256": "ab" * 32}],
            "code": {}, **(about or {}),
        }  # fmt: skip
        written = {
            "run.json": json.dumps(described),
            "history.csv": "epoch,loss,val_loss,val_accuracy\n1,0.9,0.8,0.7\n2,0.6,0.5,0.8\n",
            "summary.txt": SUMMARY.format(width=3),
            "model.lampas": "",
        }
        for file, text in written.items():
            (folder / file).write_text(text)
        if of is not None:
            of.table().to_csv(folder / "held_out.csv", index_label="row")
            plain = {"task": of.task, "targets": ["y"], "classes": [["no", "yes"]], "mistakes": []}
            (folder / "evidence.json").write_text(json.dumps(plain))
        return folder

    return run
