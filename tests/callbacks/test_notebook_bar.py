import re
from typing import Any

import pytest

from lampas.callbacks import Progress
from lampas.callbacks.bar import new_bar
from lampas.callbacks.notebook_bar import NotebookBar

display = pytest.importorskip("IPython.display", reason="IPython is not installed")


class Handle:
    """What IPython's `display` gives: keeps all that it is shown."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []

    def __call__(self, data: dict[str, str], raw: bool, display_id: bool) -> "Handle":
        assert raw
        assert display_id
        assert not self.seen  # one display
        return self.update(data, raw)

    def update(self, data: dict[str, str], raw: bool) -> "Handle":
        assert raw
        self.seen.append(data)
        return self


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    handle = Handle()
    monkeypatch.setattr("IPython.display.display", handle)
    monkeypatch.setattr("lampas.callbacks.bar.in_notebook", lambda: True)
    return handle.seen


def test_a_run_is_one_display_and_a_line_an_epoch(drive: Any, shown: Any, capsys: Any) -> None:
    progress = Progress()
    drive.begin(progress)
    for epoch in range(2):
        drive.tell(progress, "epoch_begin")
        drive.tell(progress, "look", {"loss": 0.5}, step=3 + epoch)
        drive.end_epoch(progress, loss=0.5)
    drive.tell(progress, "fit_end")
    texts = [one["text/plain"] for one in shown]
    assert re.fullmatch(r"Epoch   0/100  3/10, \d+ms<\d+ms  loss 0\.5000", texts[0])
    assert len(texts) == 3
    assert texts[-1] == shown[-1]["text/html"] == ""
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_it_is_escaped_and_may_not_know_its_end(shown: Any) -> None:
    bar = new_bar()
    assert isinstance(bar, NotebookBar)
    bar.begin("<b>", 4)
    bar.show(1, "")
    bar.fill(4)
    bar.begin("Epoch 2", None)
    bar.show(7, "loss 1")
    assert shown[0]["text/html"].startswith('<progress value="1" max="4"></progress> &lt;b&gt;  ')
    assert re.fullmatch(r"Epoch 2  7 steps, \d+ms  loss 1", shown[1]["text/html"])


def test_what_never_moved_shows_nothing(shown: Any) -> None:
    bar = new_bar()
    bar.begin("Epoch 1", 4)
    bar.close()
    assert shown == []
