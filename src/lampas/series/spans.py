"""Which steps are trained on, which decide, which calibrate, and which are held out."""

from dataclasses import dataclass

from lampas.errors import DataError, InputError


@dataclass(frozen=True, slots=True)
class Spans:
    """Places on the grid, one after the other: [0, train) is learnt from, [train, validation)
    ends the training and chooses, [validation, calibration) gives the intervals' margins, and
    [calibration, end) is held out: a net sees it in no way before the backtest."""

    train: int
    validation: int
    calibration: int
    end: int


def divide(
    steps: int, lookback: int, horizon: int, backtest: float, validation: float, calibration: float
) -> Spans:
    """The spans of a grid of so many steps.

    backtest: a share of the steps, or from 1 on their number. validation, calibration: shares of
    the rest, at least a horizon, or 0. Raises `InputError` for shares that are none, `DataError`
    where what is left to train on is shorter than one window.

    >>> divide(100, 10, 5, backtest=20, validation=0.1, calibration=0.1)
    Spans(train=64, validation=72, calibration=80, end=100)
    """
    if backtest < 0 or (backtest > 1 and backtest != int(backtest)):
        raise InputError(f"backtest={backtest!r}: a share of the steps, or how many, is needed")
    for name, share in (("validation", validation), ("calibration", calibration)):
        if not 0 <= share < 1:
            raise InputError(f"{name}={share!r}: a share from 0 to below 1 is needed")
    held = int(backtest) if backtest >= 1 else round(backtest * steps)
    rest = steps - held
    check = max(horizon, round(validation * rest)) if validation else 0
    margin = max(horizon, round(calibration * rest)) if calibration else 0
    train = rest - check - margin
    if train < lookback + horizon:
        raise DataError(
            f"{max(train, 0)} of {steps} steps are left to train on, fewer than one window of "
            f"lookback {lookback} + horizon {horizon} ({check} validate, {margin} calibrate, "
            f"{held} are held out): pass a smaller horizon, lookback or backtest, or more data"
        )
    return Spans(train, train + check, rest, steps)
