"""A run stands where a state was taken, or as it stood before: nothing in between."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lampas.data.bookmark import Bookmark
from lampas.errors import ArtifactError
from lampas.pace import Pace
from lampas.run import Run
from lampas.state.likeness import ill_fitting
from lampas.state.snapshot import snapshot, state_of
from lampas.state.state import State, put_back, take
from lampas.tally import Tally

_ABOUT: dict[str, Any] = {"epochs": 0, "doubts": [], "net": "", "data": {}}  # nobody reads it


def stand(
    state: State, run: Run, pace: Pace, bookmark: Bookmark, also: Mapping[str, Any],
    tally: Tally | None,
) -> list[str]:  # fmt: skip
    """Make `run` stand where `state` was taken; returns why what follows may not be the same.

    Raises `ArtifactError` where the state does not fit; then all is as it was. That costs one
    copy of the weights meanwhile, at a moment when there are no gradients yet.
    """
    position = {name: state.position[name] for name in ("best", "finished")}
    own = take(run, pace, bookmark, _ABOUT, also, tally, position)
    why = ill_fitting(state, own)
    if why is not None:
        run.is_resumed = False
        raise ArtifactError(f"its state does not fit: {why}")
    # The averages begin anew with the run: they have none of their own yet.
    before = replace(state_of(snapshot(replace(own, history=[], sums=None))), averaging=None)
    try:
        return put_back(state, run, pace, bookmark, also, tally)
    except ArtifactError:
        put_back(before, run, pace, bookmark, also, None)
        run.is_resumed = False
        raise
