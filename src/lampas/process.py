"""Processes of our own that start from nothing: without the user's script, and deaf to Ctrl-C."""

import sys

# Ctrl-C reaches a whole group of processes; to end these is the parent's business.
_START = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = sys.argv[1:]
from {module} import serve
serve()
"""


def serving(module: str) -> list[str]:
    """The command of a process that runs `serve()` of this module of Lampas's, with the parent's
    paths of import.

    >>> serving("lampas.vision.worker")[1]
    '-c'
    """
    return [sys.executable, "-c", _START.format(module=module), *sys.path]
