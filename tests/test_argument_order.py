import pytest
import torch
from sklearn.metrics import r2_score
from torch import nn

import lampas
from lampas.argument_order import prediction_first


def test_names_decide() -> None:
    def keras(y_true: int, y_pred: int) -> int:
        return y_pred - y_true

    def ours(y_pred: int, y_true: int) -> int:
        return y_pred - y_true

    def unnamed(a: int, b: int) -> int:
        return a - b

    for function in (keras, ours, unnamed):
        assert prediction_first(function)(5, 3) == 2
    assert prediction_first(ours) is ours
    assert prediction_first(max) is max
    assert prediction_first(keras).__name__ == "keras"


def test_scikit_learns_scores_are_right_as_metrics() -> None:
    torch.manual_seed(0)
    x = torch.randn(40, 2)
    y = x.sum(1, keepdim=True)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(None, "mse", metrics={"ours": "r2", "theirs": r2_score})
    scores = model.evaluate(x, y)
    assert scores["theirs"] == pytest.approx(scores["ours"], abs=1e-5)


def test_a_loss_in_keras_order() -> None:
    def pinball(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        miss = y_true - y_pred
        return torch.maximum(0.9 * miss, -0.1 * miss).mean()

    x, y = torch.randn(8, 1), torch.randn(8, 1)
    model = lampas.Model(nn.Linear(1, 1))
    model.compile(None, pinball)
    wanted = pinball(y, model.predict(x)).item()
    assert model.evaluate(x, y)["loss"] == pytest.approx(wanted, abs=1e-6)
