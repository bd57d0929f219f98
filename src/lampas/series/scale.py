"""How large the numbers of a series are, by its training span alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Scale:
    """Centre and scale of each column of one series; `apply` is (x - centre) / scale.

    A target's scale is the mean absolute error of the seasonal naive forecast one season ahead
    over the training span, so that errors in these units are MASE (Hyndman & Koehler 2006, "Another
    look at measures of forecast accuracy"). A covariate's is its standard deviation.

    >>> Scale.fit(np.array([[1.0], [3.0], [5.0]]), targets=1, season=1).scale
    (2.0,)
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, values: np.ndarray, targets: int, season: int) -> "Scale":
        """From the training rows (n, columns) of a series, nan where unknown; 1 for what is 0."""
        centre = _quiet_mean(values)
        apart = season if len(values) > season else 1
        steps = np.abs(values[apart:] - values[:-apart])[:, :targets]
        spread = np.sqrt(_quiet_mean((values - centre) ** 2))[targets:]
        scale = np.concatenate([_quiet_mean(steps), spread])
        return cls(tuple(centre.tolist()), tuple(np.where(scale > 0, scale, 1.0).tolist()))

    def apply(self, values: np.ndarray) -> np.ndarray:
        """`values` (n, columns) in units of the scale."""
        return (values - np.array(self.centre)) / np.array(self.scale)

    def undo(self, values: np.ndarray, target: int) -> np.ndarray:
        """Forecasts of one target, back in its own units."""
        return values * self.scale[target] + self.centre[target]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"centre": list(self.centre), "scale": list(self.scale)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Scale":
        """The scale that `to_json` described."""
        return cls(tuple(plain["centre"]), tuple(plain["scale"]))


def _quiet_mean(values: np.ndarray) -> np.ndarray:
    """The mean of each column over what is known; 0 where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return total / np.maximum(known.sum(axis=0), 1)
