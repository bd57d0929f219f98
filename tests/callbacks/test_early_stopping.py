import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lampas.callbacks import EarlyStopping, Stateful
from lampas.errors import InputError, UnknownNameError


def _fill(model: torch.nn.Module, value: float) -> None:
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(value)


def test_it_stops_after_patience_and_says_why(drive: Any) -> None:
    stopping = EarlyStopping(patience=2)
    assert drive.run(stopping, "val_loss", [0.5, 0.4, 0.41, 0.42, 0.1]) == 4
    assert drive.history.stopped == (
        "EarlyStopping: val_loss has not improved for 2 epochs; the best was 0.4000 in epoch 2, "
        "whose weights are restored"
    )
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (0.4, 2, 4)


def test_without_restoring_the_reason_does_not_claim_it(drive: Any) -> None:
    drive.run(EarlyStopping("loss", restore_best_weights=False), "loss", [0.5, 0.6])
    assert drive.history.stopped == (
        "EarlyStopping: loss has not improved for 1 epoch; the best was 0.5000 in epoch 1"
    )


def test_scores_go_up(drive: Any) -> None:
    assert (
        drive.run(EarlyStopping("val_accuracy", patience=1), "val_accuracy", [0.5, 0.6, 0.6]) == 3
    )


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(0, 1) | st.just(math.nan), min_size=1, max_size=15),
    patience=st.integers(0, 4),
    min_delta=st.sampled_from([0.0, 0.1]),
)
def test_it_stops_where_a_plain_count_says(
    new_drive: Any, values: list[float], patience: int, min_delta: float
) -> None:
    drive = new_drive()
    stopping = EarlyStopping("loss", patience=patience, min_delta=min_delta)
    stopped_at, best, wait, best_at = len(values), math.nan, 0, 0
    for epoch, value in enumerate(values, start=1):
        if not math.isnan(value) and (math.isnan(best) or value < best - min_delta):
            best, wait, best_at = value, 0, epoch
        else:
            wait += 1
        if wait >= max(patience, 1) and epoch > 1:
            stopped_at = epoch
            break
    assert drive.run(stopping, "loss", values) == stopped_at
    assert stopping.best_epoch == best_at


def test_the_best_weights_and_buffers_come_back_to_the_bit(drive: Any) -> None:
    stopping = EarlyStopping(patience=2)
    drive.begin(stopping)
    before = [id(p) for p in drive.model.parameters()]
    for value in (0.5, 0.3, 0.2, 0.4, 0.6):
        _fill(drive.model, value)
        drive.end_epoch(stopping, val_loss=value)
    drive.tell(stopping, "fit_end")
    for tensor in drive.model.state_dict().values():
        assert torch.equal(tensor, torch.full_like(tensor, 0.2))
    # The optimiser holds these very parameters.
    assert [id(p) for p in drive.model.parameters()] == before


def test_a_run_that_ends_otherwise_is_restored_too_and_told(drive: Any, capsys: Any) -> None:
    stopping = EarlyStopping(patience=5)
    drive.begin(stopping)
    for value in (0.3, 0.5):
        _fill(drive.model, value)
        drive.end_epoch(stopping, val_loss=value)
    drive.tell(stopping, "fit_end")
    assert float(drive.model.net[0].bias.detach()[0]) == pytest.approx(0.3)
    printed = capsys.readouterr()
    assert printed.err == "EarlyStopping: restored the weights of epoch 1 (val_loss 0.3000)\n"
    assert printed.out == ""


def test_it_can_be_told_to_say_nothing(drive: Any, capsys: Any) -> None:
    drive.run(EarlyStopping(patience=5, verbose=0), "val_loss", [0.4, 0.5])
    assert capsys.readouterr().err == ""


def test_nothing_is_told_where_the_last_epoch_was_the_best(drive: Any, capsys: Any) -> None:
    drive.run(EarlyStopping(patience=5), "val_loss", [0.5, 0.4])
    assert capsys.readouterr().err == ""


def test_weights_stay_without_restore(drive: Any) -> None:
    stopping = EarlyStopping(restore_best_weights=False)
    drive.begin(stopping)
    for value in (0.25, 0.5):
        _fill(drive.model, value)
        drive.end_epoch(stopping, val_loss=value)
    drive.tell(stopping, "fit_end")
    assert float(drive.model.net[0].bias.detach()[0]) == 0.5


def test_a_baseline_that_is_never_beaten_ends_the_run(drive: Any) -> None:
    falling = [0.9, 0.8, 0.7, 0.6, 0.5]
    assert drive.run(EarlyStopping("loss", patience=3, baseline=0.1), "loss", falling) == 3
    assert drive.run(EarlyStopping("loss", patience=3, baseline=0.85), "loss", falling) == 5


def test_the_first_epochs_may_pass_unwatched(drive: Any) -> None:
    stopping = EarlyStopping("loss", start_from_epoch=3)
    assert drive.run(stopping, "loss", [0.1, 0.2, 0.3, 0.9, 0.8, 0.85]) == 6
    assert stopping.best_epoch == 5


def test_epochs_without_validation_count_for_nothing(drive: Any) -> None:
    stopping = EarlyStopping(patience=2)
    drive.begin(stopping)
    answers = []
    for epoch in range(1, 7):
        validated = {"val_loss": 0.5} if epoch % 2 == 0 else {}
        answers.append(drive.end_epoch(stopping, loss=0.1, **validated))
    assert [answer is not None for answer in answers] == [False] * 5 + [True]


def test_a_monitor_that_is_not_there_is_told_after_the_first_epoch(drive: Any) -> None:
    stopping = EarlyStopping("val_los", mode="min")
    drive.begin(stopping)
    with pytest.raises(UnknownNameError) as caught:
        drive.end_epoch(stopping, loss=0.5, val_loss=0.5)
    assert str(caught.value) == (
        "unknown EarlyStopping monitor 'val_los': did you mean 'val_loss' or 'loss'? "
        "Valid: loss, val_loss"
    )


def test_a_run_without_validation_warns_at_its_end(drive: Any) -> None:
    with pytest.warns(UserWarning, match=r"^EarlyStopping watched 'val_loss', which no epoch"):
        drive.run(EarlyStopping(), "loss", [0.5, 0.4])


def test_one_object_serves_two_runs(drive: Any) -> None:
    stopping = EarlyStopping("loss", patience=2)
    for _ in range(2):
        assert drive.run(stopping, "loss", [0.5, 0.6, 0.7, 0.8]) == 3
    assert drive.run(stopping, "loss", [0.9, 0.8]) == 2
    assert (stopping.best, stopping.stopped_epoch) == (0.8, 0)


def test_a_continued_run_remembers(drive: Any) -> None:
    first = EarlyStopping("loss", patience=3)
    drive.begin(first)
    _fill(drive.model, 0.25)
    drive.end_epoch(first, loss=0.25)
    _fill(drive.model, 0.5)
    drive.end_epoch(first, loss=0.5)
    state = {name: torch.as_tensor(value) for name, value in first.state().items()}

    second = EarlyStopping("loss", patience=3)
    assert isinstance(second, Stateful)
    drive.tell(second, "fit_begin")
    second.load_state(state)
    assert drive.end_epoch(second, loss=0.4) is None
    assert drive.end_epoch(second, loss=0.4) is not None
    drive.tell(second, "fit_end")
    assert second.best_epoch == 1
    assert float(drive.model.net[0].bias.detach()[0]) == 0.25


def test_bad_arguments_are_refused_at_once() -> None:
    with pytest.raises(InputError) as caught:
        EarlyStopping(patience=-1)
    assert str(caught.value) == (
        "EarlyStopping: patience and min_delta must be 0 or more, not -1 and 0.0"
    )
    with pytest.raises(InputError, match=r"^is a lower or a higher 'gain' better\?"):
        EarlyStopping("gain")
