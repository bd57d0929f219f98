"""Processes that start from nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from lampas.process import serving

MODULE = """
import signal, sys

def serve():
    print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, "lampas" in sys.modules, __name__)
"""


def test_it_serves_from_the_parents_paths_and_is_deaf_to_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server_of_a_test.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    done = subprocess.run(
        serving("server_of_a_test"), capture_output=True, text=True, check=True, cwd="/"
    )
    assert done.stdout == "True False server_of_a_test\n"
