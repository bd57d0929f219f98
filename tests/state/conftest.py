import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # small_run.py, for a process too

from small_run import Dies, KillError, fit, small


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """The folder of a run that ended after 9 of its 20 steps."""
    with pytest.raises(KillError):
        fit(small(), tmp_path / "run", callbacks=Dies(10))
    return tmp_path / "run"
