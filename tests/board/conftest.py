"""What TensorBoard itself reads out of a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorboard", reason="tensorboard is not installed")

Read = Callable[[Path], Any]


@pytest.fixture
def read() -> Read:
    """Loads the event files of a folder with TensorBoard's own reader."""

    def load(folder: Path) -> Any:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        every = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
        found = EventAccumulator(str(folder), size_guidance=every)
        found.Reload()
        return found

    return load
