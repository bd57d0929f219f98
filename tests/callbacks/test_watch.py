import math

import pytest
from torch import nn

from lampas.callbacks import Event, Watch
from lampas.errors import InputError, UnknownNameError
from lampas.history import History


def test_it_follows_the_best() -> None:
    watch = Watch("EarlyStopping", "accuracy", min_delta=0.1)
    answers = [watch.take({"accuracy": value}) for value in (0.5, 0.55, 0.7, math.nan, 0.6)]
    assert answers == [True, False, True, False, False]
    assert watch.best == 0.7
    watch.reset()
    assert math.isnan(watch.best)


def test_a_missing_number_is_told_with_the_names_there_are() -> None:
    watch = Watch("EarlyStopping", "acuracy", mode="max")
    with pytest.raises(UnknownNameError) as caught:
        watch.take({"epoch": 1.0, "loss": 0.5, "accuracy": 0.5})
    assert str(caught.value) == (
        "unknown EarlyStopping monitor 'acuracy': did you mean 'accuracy'? Valid: accuracy, loss"
    )


def test_a_validation_number_may_come_later_but_not_be_absent_from_a_validation() -> None:
    watch = Watch("Checkpoint", "val_auc")
    assert watch.take({"epoch": 1.0, "loss": 0.5}) is None
    with pytest.raises(UnknownNameError) as caught:
        watch.take({"epoch": 2.0, "loss": 0.5, "val_loss": 0.7})
    assert str(caught.value) == (
        "unknown Checkpoint monitor 'val_auc': did you mean 'val_loss'? Valid: loss, val_loss"
    )


def test_a_number_seen_once_may_be_absent() -> None:
    watch = Watch("EarlyStopping", "loss")
    assert watch.take({"loss": 0.5}) is True
    assert watch.take({"accuracy": 0.5}) is None


def test_a_run_without_the_number_warns() -> None:
    watch = Watch("EarlyStopping", "val_loss")
    watch.take({"epoch": 1.0, "loss": 0.5})
    with pytest.warns(UserWarning, match="watched") as caught:
        watch.warn_if_never()
    assert str(caught[0].message) == (
        "EarlyStopping watched 'val_loss', which no epoch of this run reported: "
        "pass validation_data to fit, or choose another monitor"
    )


def test_no_warning_before_any_epoch_or_after_the_error() -> None:
    Watch("EarlyStopping", "val_loss").warn_if_never()
    watch = Watch("EarlyStopping", "mae")
    with pytest.raises(UnknownNameError):
        watch.take({"loss": 0.5})
    watch.warn_if_never()


def test_its_memory_can_be_moved() -> None:
    watch = Watch("EarlyStopping", "loss")
    watch.take({"loss": 0.5})
    other = Watch("EarlyStopping", "loss")
    other.load_state(watch.state())
    assert other.take({"loss": 0.6}) is False
    assert other.best == 0.5


def test_a_name_that_says_nothing_is_refused_at_once() -> None:
    with pytest.raises(InputError, match=r"^is a lower or a higher 'gain' better\?"):
        Watch("EarlyStopping", "gain")


def test_a_run_without_validation_is_refused_before_it_begins() -> None:
    event = Event("fit_begin", nn.Identity(), History(), 0, 3, 0, 10, {}, validates=False)
    with pytest.raises(InputError) as caught:
        Watch("EarlyStopping", "val_loss").begin(event)
    assert str(caught.value) == (
        "EarlyStopping watches 'val_loss', but this fit has no validation data: pass "
        "validation_data or validation_split, or choose another monitor"
    )
    Watch("EarlyStopping", "loss").begin(event)
