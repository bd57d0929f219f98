from typing import Any

from lampas.callbacks import StopOnNaN


def test_it_names_epoch_and_step(drive: Any) -> None:
    drive.epoch = 3
    # `step` counts the steps done: the one that failed is the next.
    drive.tell(StopOnNaN(), "non_finite", step=16)
    assert drive.history.stopped == "StopOnNaN: the loss is not finite in epoch 3, step 17"


def test_it_hears_nothing_else(drive: Any) -> None:
    assert drive.end_epoch(StopOnNaN(), loss=float("nan")) is None
