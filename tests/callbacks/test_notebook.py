import builtins
import subprocess
import sys
from typing import Any

import pytest

from lampas.callbacks import NotebookCurve
from lampas.errors import InputError, MissingExtraError

_PROGRAM = """
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from lampas.callbacks import Event, NotebookCurve
from lampas.history import History

shell = InteractiveShell.instance()
history, curve = History(), NotebookCurve(every_seconds={every})

def tell(kind):
    curve(Event(kind, torch.nn.Module(), history, len(history), 3, 0, 3, {{}}))

with capture_output() as captured:
    tell("fit_begin")
    for epoch in range(3):
        history.append({{"loss": 1.0 / (epoch + 1)}})
        tell("epoch_end")
    tell("fit_end")
outputs = captured.outputs
assert [sorted(o.data) for o in outputs] == [["image/png", "text/plain"]] * len(outputs)
assert len({{o.transient["display_id"] for o in outputs}}) == 1
print([o.update for o in outputs])
shell.history_manager.end_session() if shell.history_manager else None
"""


def _shown(every: float) -> str:
    pytest.importorskip("IPython", reason="IPython is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(every=every)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_one_display_is_redrawn_in_place() -> None:
    assert _shown(every=0) == "[False, True, True]"


def test_redraws_are_spaced_and_the_end_is_shown() -> None:
    assert _shown(every=1000) == "[False, True]"


def test_outside_ipython_nothing_is_shown(drive: Any, capsys: Any) -> None:
    pytest.importorskip("IPython", reason="IPython is not installed")
    assert drive.run(NotebookCurve(), "loss", [0.5, 0.4]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_a_missing_ipython_is_told_before_training(
    drive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "IPython":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError) as caught:
        drive.begin(NotebookCurve())
    assert str(caught.value) == "NotebookCurve needs IPython: pip install ipython"


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(InputError, match=r"^NotebookCurve: every_seconds must be 0 or more, not"):
        NotebookCurve(every_seconds=-1)
