import pytest
import torch

from lampas.artifact import Artifact
from lampas.callbacks import EarlyStopping
from lampas.errors import ArtifactError
from lampas.fitted import best_kept, restore, seeded, shown


def saved(**settings):
    return Artifact("tabular", "Net", {"weights": {}}, settings=settings)


def test_a_run_of_another_kind_is_refused():
    with pytest.raises(ArtifactError) as caught:
        restore(saved(), "run.lampas", "images", None, lambda *_: None)
    assert str(caught.value) == "run.lampas holds a run of kind 'tabular', not 'images'"


def test_a_run_with_a_users_net_asks_for_it():
    with pytest.raises(ArtifactError) as caught:
        restore(saved(own_net=True), "run.lampas", "tabular", None, lambda *_: None)
    assert str(caught.value) == (
        "run.lampas was trained with your net Net: pass it, lampas.load('run.lampas', net=Net)"
    )
    assert restore(saved(own_net=True), "a", "tabular", "mine", lambda _, net: net) == "mine"


@pytest.mark.parametrize(
    ("raised", "told"),
    [(KeyError("schema"), "'schema'"), (RuntimeError("a\nlast line"), "last line"),
     (ValueError(), "ValueError")],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(raised, told):
    def build(*_):
        raise raised

    with pytest.raises(ArtifactError) as caught:
        restore(saved(), "run.lampas", "tabular", None, build)
    assert str(caught.value) == f"run.lampas does not fit this Lampas: {told}"


def test_a_seeded_block_leaves_the_random_state():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with seeded(5):
        first = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with seeded(5):
        assert torch.equal(torch.rand(2), first)


def test_the_repr_has_the_scores():
    assert shown("TabularModel", "binary of y, Net", {"auc": 0.5}) == (
        "TabularModel(binary of y, Net; held out: auc 0.5000)"
    )


def test_the_best_epoch_is_kept_where_something_is_watched():
    def heard(event):
        return None

    first, second = best_kept(heard, watched=True, patience=3)
    assert isinstance(first, EarlyStopping)
    assert second is heard
    assert best_kept([heard], watched=False, patience=3) == [heard]


def test_weights_that_are_thrown_away_draw_nothing():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    restore(saved(), "a", "tabular", None, lambda *_: torch.rand(9))
    assert torch.equal(torch.rand(2), expected)
