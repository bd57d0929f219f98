import functools
from typing import Any

import pytest

from lampas.callbacks import EarlyStopping, EpochLines, Event, TimeLimit, as_list, listeners
from lampas.errors import InputError


def _look(event: Event) -> None:
    pass


def _nothing() -> None:
    pass


def _two(event: Event, model: object) -> None:
    pass


def test_one_alone_none_and_several() -> None:
    stopping = EarlyStopping()
    assert as_list(None) == []
    assert as_list(stopping) == [stopping]
    assert as_list(_look) == [_look]
    assert as_list((stopping, _look)) == [stopping, _look]


def test_whatever_takes_one_event_is_a_callback() -> None:
    rows: list[Event] = []
    accepted = [
        rows.append,
        functools.partial(_two, model=None),
        lambda event, extra=1: None,
        print,
    ]
    assert as_list(accepted) == accepted


NO_CALLBACK = ", not a callback: pass an object of lampas.callbacks, or a function of one event"


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([_look, EarlyStopping], "callbacks[1] is the class EarlyStopping, not an object: "
         "write EarlyStopping()"),
        (TimeLimit, "callbacks is the class TimeLimit, not an object: write TimeLimit()"),
        (["early_stopping"], f"callbacks[0] is 'early_stopping'{NO_CALLBACK}"),
        ("early_stopping", f"callbacks is 'early_stopping'{NO_CALLBACK}"),
        ({"a": _look}, f"callbacks is a dict{NO_CALLBACK}"),
        (3, f"callbacks is 3{NO_CALLBACK}"),
        ([None], f"callbacks[0] is None{NO_CALLBACK}"),
        ([[_look]], f"callbacks[0] is a list{NO_CALLBACK}"),
        ([_nothing], "callbacks[0], _nothing() -> None, cannot be called with one event: "
         "write def _nothing(event): ..."),
        ([_two], "callbacks[0], _two(event: lampas.callbacks.base.Event, model: object) -> None, "
         "cannot be called with one event: write def _two(event): ..."),
    ],
)  # fmt: skip
def test_what_is_no_callback_is_refused_with_its_place(callbacks: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        as_list(callbacks)
    assert str(caught.value) == message


def test_the_display_comes_first() -> None:
    found = listeners([_look], verbose=2)
    assert [type(found[0]), found[1]] == [EpochLines, _look]
    assert listeners([_look], verbose=0) == [_look]
