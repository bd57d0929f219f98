from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.board.pictures import Pictures, vectors_of
from lampas.errors import InputError


class Fake:
    """A board that remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[Any, ...]] = []

    def images(self, *given: Any) -> None:
        self.shown.append(("images", *given))

    def pr_curve(self, name: str, targets: Any, probabilities: Any, step: int) -> None:
        self.shown.append(("curve", name, targets.tolist(), probabilities.tolist(), step))

    def embedding(self, name: str, vectors: Any, labels: Any, step: int) -> None:
        self.shown.append(("embedding", name, tuple(vectors.shape), labels, step))


@pytest.fixture
def board() -> Any:
    return Fake()


def _model(outputs: int, loss: Any) -> lampas.Model:
    net = nn.Linear(2, outputs)
    with torch.no_grad():
        net.weight.zero_()
        net.bias.zero_()
    model = lampas.Model(net)
    model.compile("sgd", loss)
    return model


def _names(board: Any) -> list[Any]:
    return [shown[1] for shown in board.shown]


def test_fixed_images_are_shown_once_and_made_ones_each_epoch(board: Any) -> None:
    model = _model(1, "mse")
    fixed = Pictures(torch.zeros(1, 1, 2, 2), None, None)
    fixed.begin(board, model, 0)
    fixed.after_epoch(board, model, 1)
    assert len(board.shown) == 1

    def make(model: Any) -> torch.Tensor:
        assert not model.training
        assert not torch.is_grad_enabled()
        return torch.rand(1, 1, 2, 2)

    made = Pictures(make, None, None)
    model.train()
    before = torch.get_rng_state()
    made.begin(board, model, 0)
    made.after_epoch(board, model, 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert len(board.shown) == 3


def test_probabilities_are_those_of_the_loss(board: Any) -> None:
    x = torch.zeros(2, 2)
    Pictures(None, (x, [0, 1]), None).begin(board, _model(1, "bce_with_logits"), 0)
    Pictures(None, (x, [0, 1]), None).begin(board, _model(2, "cross_entropy"), 0)
    several = torch.tensor([[0, 1], [1, 1]])
    Pictures(None, (x, several), None).begin(board, _model(2, "bce_with_logits"), 0)
    assert _names(board) == ["pr_curve", *["pr_curves/0", "pr_curves/1"] * 2]
    assert all(shown[3] in ([[0.5], [0.5]], [0.5, 0.5]) for shown in board.shown)
    assert board.shown[1][2] == [True, False]
    assert board.shown[4][2] == [1, 1]


def test_what_makes_no_curve_is_refused_at_once(board: Any) -> None:
    curves = Pictures(None, (torch.zeros(2, 2), torch.zeros(2, 3, 4)), None)
    with pytest.raises(InputError) as caught:
        curves.begin(board, _model(2, "cross_entropy"), 0)
    assert str(caught.value) == (
        "pr_curves: outputs have shape (2, 2), targets (2, 3, 4): pass (x, y) with a target for "
        "each row"
    )


def test_what_fails_later_ends_no_run(board: Any) -> None:
    answers = iter([torch.zeros(1, 1, 2, 2)])

    def make(model: Any) -> torch.Tensor:
        found = next(answers, None)
        if found is None:
            raise InputError("no more")
        return found

    made = Pictures(make, None, None)
    made.begin(board, _model(1, "mse"), 0)
    made.after_epoch(board, _model(1, "mse"), 1)
    assert made.note == "no more; the run goes on without images and PR curves"
    made.after_epoch(board, _model(1, "mse"), 2)
    assert len(board.shown) == 1


def test_embeddings(board: Any) -> None:
    model = lampas.Model(nn.Sequential(nn.Embedding(5, 3), nn.Flatten()))
    Pictures(None, None, "0").end(board, model, 4)
    assert board.shown == [("embedding", "0", (5, 3), None, 4)]
    name, vectors, labels = vectors_of(lambda _: (torch.zeros(2, 2), ["a", "b"]), model)
    assert (name, tuple(vectors.shape), labels) == ("embedding", (2, 2), ["a", "b"])
    with pytest.raises(InputError) as caught:
        Pictures(None, None, "words").begin(board, model, 0)
    assert str(caught.value) == (
        "embeddings: there is no layer 'words'; there are net, net.0, net.1"
    )
    with pytest.raises(InputError, match=r"^embeddings: the layer '1' has no weight \(N, D\)$"):
        vectors_of("1", model)
