"""The bar while images are read: on a terminal alone."""

import io
import sys

import pytest

from lampas.vision import watch
from lampas.vision.watch import watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("shown", [True, False])
def test_a_bar_on_a_terminal_where_it_is_wanted(monkeypatch, shown):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(watch, "_PAUSE", 0.0)
    assert list(watched(range(50), "Reading images", 50, shown)) == list(range(50))
    assert ("Reading images" in sys.stderr.getvalue()) is shown


def test_no_bar_in_a_file(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(watch, "_PAUSE", 0.0)
    assert list(watched("abc", "Reading images", 3, True)) == ["a", "b", "c"]
    assert sys.stderr.getvalue() == ""
