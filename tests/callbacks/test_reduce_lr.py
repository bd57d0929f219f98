from typing import Any

import pytest
import torch

from lampas.callbacks import ReduceLROnPlateau, Stateful
from lampas.errors import InputError


def _rates(drive: Any, callback: ReduceLROnPlateau, values: list[float]) -> list[float]:
    """The learning rate after each epoch."""
    drive.begin(callback)
    rates = []
    for value in values:
        drive.end_epoch(callback, val_loss=value)
        rates.append(round(float(drive.model.optimizer.param_groups[0]["lr"]), 8))
    drive.tell(callback, "fit_end")
    return rates


def test_the_rate_falls_after_patience_and_one_line_says_so(drive: Any, capsys: Any) -> None:
    callback = ReduceLROnPlateau(factor=0.5, patience=2)
    assert _rates(drive, callback, [0.5, 0.5, 0.5, 0.5, 0.5]) == [0.1, 0.1, 0.05, 0.05, 0.025]
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == (
        "ReduceLROnPlateau: epoch 3: learning rate 0.1 → 0.05 "
        "(val_loss no better than 0.5000 for 2 epochs)"
    )
    assert len(printed.err.splitlines()) == 2
    assert printed.out == ""


def test_an_improvement_starts_patience_anew(drive: Any) -> None:
    rates = _rates(drive, ReduceLROnPlateau(patience=2), [0.5, 0.6, 0.4, 0.4, 0.3])
    assert rates == [0.1] * 5


def test_a_step_within_min_delta_is_no_improvement(drive: Any) -> None:
    rates = _rates(drive, ReduceLROnPlateau(patience=1, min_delta=0.2), [0.5, 0.4])
    assert rates == [0.1, 0.01]


def test_the_cooldown_passes_before_patience_counts(drive: Any) -> None:
    callback = ReduceLROnPlateau(factor=0.5, patience=1, cooldown=3)
    # As in Keras, the cooldown's last epoch counts again.
    assert _rates(drive, callback, [0.5] * 6) == [0.1, 0.05, 0.05, 0.05, 0.025, 0.025]


def test_the_rate_stays_above_min_lr_and_is_never_raised(drive: Any, capsys: Any) -> None:
    callback = ReduceLROnPlateau(patience=1, min_lr=0.05)
    assert _rates(drive, callback, [0.5] * 4) == [0.1, 0.05, 0.05, 0.05]
    assert len(capsys.readouterr().err.splitlines()) == 1
    drive.model.optimizer.param_groups[0]["lr"] = 0.01
    assert _rates(drive, callback, [0.5] * 3) == [0.01] * 3


def test_each_group_and_each_optimiser_keeps_its_proportion(drive: Any, capsys: Any) -> None:
    one, two, three = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
    groups = [{"params": [one], "lr": 0.1}, {"params": [two], "lr": 0.01}]
    several = {"a": torch.optim.SGD(groups), "b": torch.optim.SGD([three], lr=0.001)}
    drive.model.optimizer = several
    callback = ReduceLROnPlateau(patience=1)
    drive.begin(callback)
    drive.end_epoch(callback, val_loss=1.0)
    drive.end_epoch(callback, val_loss=1.0)
    rates = [group["lr"] for optimizer in several.values() for group in optimizer.param_groups]
    assert rates == pytest.approx([0.01, 0.001, 0.0001])
    assert "learning rate 0.1 → 0.01, 0.01 → 0.001, 0.001 → 0.0001 (" in capsys.readouterr().err


def test_a_tensor_rate_is_filled_in_place(drive: Any) -> None:
    rate = torch.tensor(0.5)
    drive.model.optimizer = torch.optim.Adam(drive.model.parameters(), lr=rate, foreach=False)
    held = drive.model.optimizer.param_groups[0]["lr"]
    assert _rates(drive, ReduceLROnPlateau(patience=1), [0.5, 0.5]) == [0.5, 0.05]
    assert drive.model.optimizer.param_groups[0]["lr"] is held
    assert held.item() == pytest.approx(0.05)


def test_a_continued_run_remembers(drive: Any) -> None:
    first = ReduceLROnPlateau(patience=3)
    _rates(drive, first, [0.5, 0.5])
    second = ReduceLROnPlateau(patience=3)
    assert isinstance(second, Stateful)
    drive.begin(second)
    second.load_state(first.state())
    drive.end_epoch(second, val_loss=0.5)
    assert drive.model.optimizer.param_groups[0]["lr"] == 0.1
    drive.end_epoch(second, val_loss=0.5)
    assert drive.model.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_one_object_serves_two_runs(drive: Any) -> None:
    callback = ReduceLROnPlateau(patience=2)
    assert _rates(drive, callback, [0.1, 0.1]) == [0.1, 0.1]
    assert _rates(drive, callback, [0.5, 0.5]) == [0.1, 0.1]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"factor": 1.0}, "factor must be between 0 and 1, not 1.0"),
        ({"factor": 0.0}, "factor must be between 0 and 1, not 0.0"),
        ({"patience": -1}, "patience must be 0 or more, not -1"),
        ({"min_delta": -0.1}, "min_delta must be 0 or more, not -0.1"),
        ({"cooldown": -2}, "cooldown must be 0 or more, not -2"),
        ({"min_lr": -1e-3}, "min_lr must be 0 or more, not -0.001"),
    ],
)
def test_bad_arguments_are_refused_at_once(argument: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        ReduceLROnPlateau(**argument)
    assert str(caught.value) == f"ReduceLROnPlateau: {message}"
