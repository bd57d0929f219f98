import math

import numpy as np
import pandas as pd
import pytest
import torch

from lampas.evidence import Evidence
from lampas.page.intervals import scores_of
from lampas.tables.targets import TargetCoder


def binary(count: int, seed: int = 0) -> Evidence:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, count)
    logit = 2 * truth - 1 + 1.5 * draw.normal(size=count)
    coder = TargetCoder("binary", ("y",), (("no", "yes"),), (), ())
    frame = pd.DataFrame({"y": np.array(["no", "yes"])[truth]})
    said = coder.decode(torch.tensor(logit)[:, None], frame.index)
    return Evidence.of(coder, frame, said, lambda places: [])


def test_scores_are_those_of_all_samples_and_lie_in_their_intervals() -> None:
    found = {one.name: one for one in scores_of(binary(400))}
    assert list(found) == ["accuracy", "log loss", "roc_auc", "average_precision", "f1 of yes"]
    evidence = binary(400)
    right = (evidence.probabilities().argmax(1) == evidence.codes()).mean()
    assert found["accuracy"].value == pytest.approx(right)
    for one in found.values():
        assert one.low < one.value < one.high
    # The standard error of a share, times 1.96 to either side.
    wanted = 3.92 * np.sqrt(right * (1 - right) / 400)
    assert found["accuracy"].high - found["accuracy"].low == pytest.approx(wanted, rel=0.15)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    everything = {one.name: one.value for one in scores_of(binary(40_000, seed=99))}
    hits = []
    for seed in range(40):
        found = next(one for one in scores_of(binary(150, seed)) if one.name == "accuracy")
        hits.append(found.low <= everything["accuracy"] <= found.high)
    assert np.mean(hits) >= 0.85


def test_numbers_and_labels() -> None:
    coder = TargetCoder("regression", ("y",), (), (0.0,), (1.0,))
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0]})
    said = coder.decode(torch.tensor([[1.0], [2.0], [3.0], [6.0]]), frame.index)
    found = {o.name: o.value for o in scores_of(Evidence.of(coder, frame, said, lambda p: []))}
    assert found == pytest.approx({"mae": 0.5, "rmse": 1.0, "r2": 0.2})
    coder = TargetCoder("multilabel", ("y", "z"), (("no", "yes"), ("no", "yes")), (), ())
    frame = pd.DataFrame({"y": ["yes", "no"], "z": ["no", "no"]})
    said = coder.decode(torch.tensor([[1.0, -1.0], [1.0, -1.0]]), frame.index)
    found = {o.name: o.value for o in scores_of(Evidence.of(coder, frame, said, lambda p: []))}
    assert math.isnan(found.pop("roc_auc of z"))  # nobody has it
    assert found == {
        "accuracy": 0.75, "all labels right": 0.5, "accuracy of y": 0.5, "roc_auc of y": 0.5,
        "accuracy of z": 1.0,
    }  # fmt: skip


def test_one_class_alone_has_no_auc() -> None:
    evidence = binary(5)
    lone = Evidence("binary", evidence.classes, evidence.truth.assign(y="yes"), evidence.predicted,
                    evidence.show)  # fmt: skip
    found = {one.name: one.value for one in scores_of(lone)}
    assert np.isnan(found["roc_auc"])
    assert found["accuracy"] >= 0
