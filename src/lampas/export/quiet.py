"""torch's exporters without their pages: what goes wrong is raised, and said in one line."""

import contextlib
import io
import logging
import warnings
from collections.abc import Generator

_TALKATIVE = ("torch", "onnxscript", "onnx_ir")


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """A block in which torch and onnxscript log, print and warn of nothing.

    They tell of their own insides: libraries that are not installed, functions of theirs that
    others of theirs still call, the graph up to the place of an error.
    """
    with contextlib.ExitStack() as stack:
        for logger in _outlets():
            stack.enter_context(_silent(logger))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield


def _outlets() -> list[logging.Logger]:
    """The loggers that write: those at the top, and some of torch's below with handlers of their
    own."""
    known = logging.root.manager.loggerDict.items()
    below = [
        one
        for name, one in known
        if name.startswith("torch.") and isinstance(one, logging.Logger) and one.handlers
    ]
    return [*map(logging.getLogger, _TALKATIVE), *below]


@contextlib.contextmanager
def _silent(logger: logging.Logger) -> Generator[None]:
    """Nothing of `logger` and those below it is handled; also of those that are made inside."""
    handlers, propagate = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
