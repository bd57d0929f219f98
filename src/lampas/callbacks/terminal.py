"""Who is watching: a terminal, a notebook, or nobody."""

import sys
from typing import Any


def is_watched() -> bool:
    """Whether stderr is shown live: on a terminal or in a notebook."""
    stream = sys.stderr
    return bool(stream is not None and stream.isatty()) or in_notebook()


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this program; does not import IPython to know.

    >>> in_notebook()
    False
    """
    return getattr(shell(), "kernel", None) is not None


def shell() -> Any | None:
    """The IPython shell that runs this program, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
