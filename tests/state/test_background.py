import threading
from contextlib import suppress

import pytest

from lampas.state.background import Background


def test_one_task_at_a_time_and_the_next_one_waits() -> None:
    background, go, seen = Background(), threading.Event(), []

    def first() -> None:
        go.wait()
        seen.append(1)

    background.start(first)
    background.look()  # does not wait
    assert seen == []
    threading.Timer(0.05, go.set).start()
    background.start(lambda: seen.append(2))
    assert seen[0] == 1
    background.wait()
    assert seen == [1, 2]
    background.end()


def test_what_goes_wrong_is_raised_once_at_the_next_look() -> None:
    background = Background()

    def fails() -> None:
        raise OSError("no room")

    background.start(fails)
    with suppress(OSError):
        while True:
            background.look()
    background.look()
    background.start(fails)
    with pytest.raises(OSError, match="no room"):
        background.start(lambda: None)
    background.wait()
    background.start(fails)
    background.end()  # raises nothing
