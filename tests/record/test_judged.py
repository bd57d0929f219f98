"""What plain models say of held-out data, for every kind of loss."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError
from lampas.record.judged import judged


def _model(outputs: int, loss: Any, net: nn.Module | None = None) -> lampas.Model:
    torch.manual_seed(0)
    model = lampas.Model(nn.Linear(3, outputs) if net is None else net)
    model.compile("sgd", loss)
    return model


X = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("loss", ["cross_entropy", nn.NLLLoss(), nn.MultiMarginLoss()])
def test_classes(loss: Any) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.LogSoftmax(1)) if isinstance(loss, nn.NLLLoss) else None
    model = _model(4, loss, net)
    y = torch.arange(600) % 4
    found = judged(model, (X, y), classes=["a", "b", "c", "d"])
    assert found.task == "multiclass"
    assert found.truth["class"].tolist() == ["abcd"[code] for code in y]
    assert found.probabilities() == pytest.approx(model.predict(X).softmax(1).numpy(), abs=1e-6)
    assert found.predicted["class"].tolist() == [
        "abcd"[code] for code in model.predict(X).argmax(1)
    ]


@pytest.mark.parametrize("shape", [(600,), (600, 1)])
def test_yes_and_no(shape: tuple[int, ...]) -> None:
    net = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)) if shape == (600,) else None
    model = _model(1, "bce_with_logits", net)
    y = (X[:, 0] > 0).float().reshape(shape)
    found = judged(model, (X, y))
    assert found.task == "binary"
    assert found.truth["class"].tolist() == y.reshape(-1).int().tolist()
    said = model.predict(X).reshape(-1).sigmoid()
    assert found.probabilities()[:, 1] == pytest.approx(said.numpy(), abs=1e-6)


def test_probabilities_are_believed() -> None:
    model = _model(1, nn.BCELoss(), nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()))
    found = judged(model, (X, (X[:, :1] > 0).float()))
    assert found.probabilities()[:, 1] == pytest.approx(model.predict(X)[:, 0].numpy(), abs=1e-6)


def test_several_yes_and_no() -> None:
    model = _model(3, "bce_with_logits")
    found = judged(model, (X, (X > 0).float()), classes=["red", "green", "blue"])
    assert found.task == "multilabel"
    assert list(found.truth) == ["red", "green", "blue"]
    assert found.truth["green"].tolist() == ["yes" if one > 0 else "no" for one in X[:, 1]]
    assert len(found.worst()) == 12


def test_numbers() -> None:
    model = _model(2, "mse")
    found = judged(model, (X, X[:, :2]))
    assert found.task == "regression"
    assert found.truth.to_numpy() == pytest.approx(X[:, :2].numpy(), abs=1e-6)
    assert found.predicted.to_numpy() == pytest.approx(model.predict(X).numpy(), abs=1e-6)
    shown = found.show(found.worst(2))
    assert list(shown[0]) == ["x[0]", "x[1]", "x[2]"]
    worst = int(found.worst(1)[0])
    assert float(shown[0]["x[1]"]) == pytest.approx(X[worst, 1].item(), rel=1e-3)


def test_a_loader_and_pictures() -> None:
    images = torch.randn(20, 3, 8, 8)
    model = _model(2, "cross_entropy", nn.Sequential(nn.Flatten(), nn.Linear(192, 2)))
    data = torch.utils.data.TensorDataset(images, torch.arange(20) % 2)
    found = judged(model, torch.utils.data.DataLoader(data, batch_size=7))
    (picture,) = found.show(np.array([11]))
    assert picture["image"].startswith(b"\x89PNG")


def test_long_rows_are_cut() -> None:
    model = _model(1, "mse", nn.Linear(30, 1))
    found = judged(model, (torch.randn(5, 30), torch.randn(5, 1)))
    assert found.show(np.array([0]))[0]["…"] == "22 more"


def test_modes_and_gradients_stay() -> None:
    net = nn.Sequential(nn.Dropout(), nn.Linear(3, 1))
    model = _model(1, "mse", net)
    model.train()
    judged(model, (X, X[:, :1]))
    assert net.training
    assert model.predict(X).requires_grad is False


def test_what_cannot_be_judged() -> None:
    y = torch.zeros(600, dtype=torch.long)
    with pytest.raises(InputError, match=r"^classes has 2 names, and the net tells 4 apart$"):
        judged(_model(4, "cross_entropy"), (X, y), classes=["a", "b"])
    model = _model(2, "cross_entropy", nn.Conv1d(3, 2, 1))
    with pytest.raises(InputError, match=r"^the net's output has shape \(600, 2, 5\): "):
        judged(model, (torch.zeros(600, 3, 5), torch.zeros(600, 5, dtype=torch.long)))

    class Pair(nn.Linear):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, x

    with pytest.raises(InputError, match="the net's output is a tuple, not a tensor"):
        judged(_model(1, "mse", Pair(3, 1)), (X, X))


def test_targets_that_the_loss_ignores_are_left_out() -> None:
    model = _model(3, nn.CrossEntropyLoss(ignore_index=-1))
    y = torch.arange(600) % 3
    y[::2] = -1
    found = judged(model, (X, y))
    assert len(found) == 300
    right = (model.predict(X).argmax(1) == y)[1::2].double().mean().item()
    assert (found.predicted["class"] == found.truth["class"]).mean() == pytest.approx(right)
    worst = int(found.worst(1)[0])
    (shown,) = found.show(np.array([worst]))
    assert float(shown["x[0]"]) == pytest.approx(X[found.truth.index[worst], 0].item(), rel=1e-3)


def test_targets_that_are_no_class() -> None:
    y = torch.arange(600) % 3
    y[7] = 9
    with pytest.raises(InputError) as caught:
        judged(_model(3, "cross_entropy"), (X, y))
    assert str(caught.value) == (
        "held_out has the target 9, and the net tells 3 classes apart: 0 to 2"
    )
    with pytest.raises(InputError, match=r"^held_out has no targets: pass \(x, y\)"):
        judged(_model(3, "cross_entropy"), X)


def test_predictions_that_are_no_numbers_are_counted() -> None:
    class Broken(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).masked_fill(x[:, :1] > 1, float("nan"))

    many = int((X[:, 0] > 1).sum())
    for outputs, loss, y in ((2, "cross_entropy", torch.arange(600) % 2), (1, "mse", X[:, :1])):
        found = judged(_model(outputs, loss, Broken(3, outputs)), (X, y))
        assert (found.lost, len(found)) == (many, 600 - many)
        worst = int(found.worst(1)[0])
        (shown,) = found.show(np.array([worst]))
        assert float(shown["x[0]"]) == pytest.approx(
            X[found.truth.index[worst], 0].item(), rel=1e-3
        )
