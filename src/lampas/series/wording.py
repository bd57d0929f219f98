"""What was found in a series, and what was decided about it, in plain lines."""

import math
from collections.abc import Mapping
from typing import Any

from lampas.series.choosing import ENOUGH
from lampas.series.panel import Panel, carried


def about(panel: Panel, settings: Mapping[str, Any], levels: tuple[float, ...]) -> str:
    """What was found and how the steps are divided, in one line; then what is doubtful of it."""
    steps, filled = settings["steps"], carried(panel)
    told = f"; {filled} gaps hold the last value before them" if filled else ""
    many = f"{len(panel.series)} series, " if panel.columns.series else ""
    return (
        f"{many}{panel.end} {panel.clock} from {_short(panel.stamps[0])} to "
        f"{_short(panel.stamps[-1])}, season "
        f"{settings['season']}: lookback {settings['lookback']}, horizon {settings['horizon']}; "
        f"{steps['train']} to train, {steps['validation']} to validate, {steps['calibration']} to "
        f"calibrate, {steps['backtest']} held out{told}{_too_few(steps['calibration'], levels)}"
    )


def _short(stamp: Any) -> str:
    """A stamp without a time of day that is always midnight."""
    return str(stamp).removesuffix(" 00:00:00")


def _too_few(calibration: int, levels: tuple[float, ...]) -> str:
    """A line where no order statistic of so many scores covers what the outer pair should."""
    share = levels[-1] - levels[0]
    least = math.ceil(share / (1 - share) - 1e-9) if share else 0
    if not 0 < calibration < least:
        return ""
    return (
        f"\n{calibration} step{'s' if calibration > 1 else ''} to calibrate by cannot tell an "
        f"interval of {100 * share:.0f} %, which takes {least} or more: do not rely on it"
    )


def left_out(settings: Mapping[str, Any], bases: Mapping[str, str], net: str) -> list[str]:
    """A line for each target whose net was left out: its error on the validation steps, and why
    that is not enough. bases: {target: the name of its base}, of those alone."""
    judged = settings.get("judged")
    if judged is None:
        return []
    return [_left_out(target, base, net, judged, settings) for target, base in bases.items()]


def _left_out(
    target: str, base: str, net: str, judged: Mapping[str, Any], settings: Mapping[str, Any]
) -> str:
    steps, allowed = settings["steps"]["validation"], judged["allowed"]
    error = judged["errors"][target]
    if error is None:
        return f"{target}: {net} is left out: over the {steps} validation steps {base} was exact"
    line = (
        f"{target}: {net} is left out: over the {steps} validation steps its error was "
        f"{error:.2f} times that of {base}"
    )
    if allowed == 1:
        return line
    return (
        f"{line}, and below {allowed:.2f} is asked for where they are fewer than {ENOUGH} horizons "
        f"({ENOUGH * settings['horizon']})"
    )
