import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.errors import InputError
from lampas.monitor import is_better, lower_is_better

LOWER = [
    "loss", "val_loss", "head_loss", "mae", "val_mse", "rmse", "mape", "smape", "perplexity",
    "mean_squared_error", "MeanAbsoluteError", "val_perplexity", "nll", "L2_penalty",
]  # fmt: skip
HIGHER = [
    "accuracy", "acc", "val_acc", "val_accuracy", "head_accuracy", "roc_auc", "auc", "precision",
    "val_recall", "f1", "f1_macro", "f1_score", "r2", "val_r2_score", "average_precision",
    "accuracy_top_5", "precision_at_10", "MulticlassF1Score", "BinaryAUROC", "MulticlassAccuracy",
]  # fmt: skip


@pytest.mark.parametrize("name", LOWER)
def test_losses_and_errors_go_down(name: str) -> None:
    assert lower_is_better(name)


@pytest.mark.parametrize("name", HIGHER)
def test_scores_go_up(name: str) -> None:
    assert not lower_is_better(name)


def test_a_mode_overrules_the_name() -> None:
    assert not lower_is_better("loss", "max")
    assert lower_is_better("accuracy", "min")


@pytest.mark.parametrize("name", ["profit", "lossy", "lr", "", "val_", "accuracy_of_nothing"])
def test_a_name_that_says_nothing_asks_for_the_mode(name: str) -> None:
    with pytest.raises(InputError) as caught:
        lower_is_better(name)
    assert str(caught.value) == (
        f"is a lower or a higher {name!r} better? The name does not say: "
        "pass mode='min' or mode='max'"
    )


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match=r"^mode must be 'auto', 'min' or 'max', not 'low'$"):
        lower_is_better("loss", "low")  # pyright: ignore[reportArgumentType]


def test_nan_is_never_better_and_always_beaten() -> None:
    assert not is_better(math.nan, 1.0, lower=True)
    assert not is_better(math.nan, math.nan, lower=True)
    assert is_better(math.inf, math.nan, lower=True)


@settings(deadline=None, max_examples=50)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_up_is_down_of_the_negatives(value: float, best: float) -> None:
    assert is_better(value, best, lower=True) == is_better(-value, -best, lower=False)
    assert not (is_better(value, best, lower=True) and is_better(best, value, lower=True))


def test_an_improvement_must_exceed_min_delta() -> None:
    assert not is_better(0.75, 1.0, lower=True, min_delta=0.25)
    assert is_better(0.5, 1.0, lower=True, min_delta=0.25)
