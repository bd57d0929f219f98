"""`SeriesModel.export`: windows in their own units in, quantiles in the targets' units out."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from lampas.export.portable import Portable
from lampas.series.anchored import Anchored

if TYPE_CHECKING:
    from lampas.series.series_model import SeriesModel

_ROWS = 7


class Graph(nn.Module):
    """Each window in units of its series' scale, the net and its base, and back again, with the
    intervals as far as they reach at the training's end.

    centre, scale: (S, columns) of the S series. reach: (S, T, P) of each target's P intervals.
    known: which columns are known ahead; none: there is no input for the future. Where there is
    one series alone, there is no input for which.

    In float64 outside of the net: numbers may be large beside what they change by.
    """

    centre: Tensor
    scale: Tensor
    reach: Tensor

    def __init__(
        self, net: Anchored, centre: np.ndarray, scale: np.ndarray, reach: np.ndarray, known: slice
    ) -> None:
        super().__init__()
        self.net = net
        self.known = known
        self.register_buffer("centre", torch.from_numpy(centre))
        self.register_buffer("scale", torch.from_numpy(scale))
        self.register_buffer("reach", torch.from_numpy(reach))

    def forward(self, past: Tensor, *more: Tensor) -> Tensor:
        """past float64 (B, L, columns); future float64 (B, H, known), where some are known; series
        int64 (B,), where there are several: to float64 (B, H, T, Q)."""
        rest = list(more)
        future = rest.pop(0) if self.known.stop > self.known.start else None
        which = rest.pop(0) if rest else past.new_zeros(past.shape[0], dtype=torch.int64)
        centre, scale = self.centre[which].unsqueeze(1), self.scale[which].unsqueeze(1)
        horizon, targets, quantiles = self.net.shape
        if future is None:
            ahead = past.new_zeros(past.shape[0], horizon, 0)
        else:
            ahead = (future - centre[:, :, self.known]) / scale[:, :, self.known]
        said = self.net(((past - centre) / scale).float(), ahead.float()).double()
        said = said * scale[:, :, :targets, None] + centre[:, :, :targets, None]
        return _stretched(said, self.reach[which].unsqueeze(1), quantiles // 2)


def _stretched(said: Tensor, factors: Tensor, pairs: int) -> Tensor:
    """As `lampas.series.reach.stretched`."""
    middle = said[..., pairs : pairs + 1]
    each = torch.cat([factors, torch.ones_like(factors[..., :1]), factors.flip(-1)], dim=-1)
    return (middle + each * (said - middle)).sort(dim=-1).values


def portable(model: "SeriesModel") -> Portable:
    """The way from the last rows of a series to the horizon that was trained."""
    columns, sizes = model.columns, model.sizes
    keys = list(model.scales)
    centre = np.array([model.scales[key].centre for key in keys])
    scale = np.array([model.scales[key].scale for key in keys])
    usual = np.ones((sizes.targets, len(model.levels) // 2))
    reach = np.array([model.reach.get(key, usual) for key in keys])
    known = slice(sizes.targets, sizes.targets + sizes.known)
    graph = Graph(model.anchored, centre, scale, reach, known)
    inputs = _examples(model, centre, scale, known)
    told = {
        "kind": "timeseries",
        "time": columns.time,
        "clock": str(model.panel.clock),
        "targets": list(columns.targets),
        "past": list(columns.numbers),
        "future": list(columns.known),
        "series": keys if len(keys) > 1 else [],
        "quantiles": list(model.levels),
    }
    return Portable(graph, model.model.net, tuple(inputs.values()), names=tuple(inputs),
                    outputs=("quantiles",), about=told,
                    unit=torch.from_numpy(scale[:, : sizes.targets].min(0)[:, None]))  # fmt: skip


def _examples(
    model: "SeriesModel", centre: np.ndarray, scale: np.ndarray, known: slice
) -> dict[str, Tensor]:
    """Random walks in the units of the series."""
    own = np.random.default_rng(0)
    sizes = model.sizes
    which = np.arange(_ROWS) % len(centre)
    walks = own.normal(size=(_ROWS, sizes.lookback, sizes.inputs)).cumsum(1)
    found = {"past": walks * scale[which, None] + centre[which, None]}
    if sizes.known:
        ahead = own.normal(size=(_ROWS, sizes.horizon, sizes.known))
        found["future"] = ahead * scale[which, None, known] + centre[which, None, known]
    if len(centre) > 1:
        found["series"] = which
    return {name: torch.from_numpy(values) for name, values in found.items()}
