"""Calls into a tracking library: a run is worth more than its log."""

from collections.abc import Callable
from typing import Any, final

from lampas.callbacks.say import say
from lampas.errors import InputError


@final
class Outside:
    """Calls into the library of the callback named `owner`, which may fail in any way it likes:
    the disk is full, the server is away. The first failure is said in one line on stderr, and
    then nothing more is tried, so that the run goes on without its log.

    >>> outside = Outside("MLflow")
    >>> outside.lost, outside.attempt(print, "written"), outside.lost
    written
    (False, None, False)
    """

    def __init__(self, owner: str, failure: str = "the log cannot be written") -> None:
        self._owner = owner
        self._failure = failure
        self.lost = False

    def start(self, call: Callable[..., Any], *given: Any) -> Any:
        """Before any training: what `call` returns; its failure is an `InputError` in one line."""
        self.lost = True
        try:
            answer = call(*given)
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{self._owner} cannot start a run: {reason_of(error)}") from error
        self.lost = False
        return answer

    def attempt(self, call: Callable[..., Any], *given: Any) -> None:
        """While the run is under way: make the call, unless one before has failed."""
        if not self.lost:
            self.attempt_anyway(call, *given)

    def attempt_anyway(self, call: Callable[..., Any], *given: Any) -> None:
        """The same also where one before has failed: what closes a run may have come back."""
        try:
            call(*given)
        except Exception as error:
            if not self.lost:
                say(
                    f"{self._owner}: {self._failure} ({reason_of(error)}): the run goes on "
                    "without it"
                )
            self.lost = True


def reason_of(error: BaseException) -> str:
    """An error of any library in one line.

    >>> reason_of(OSError(28, "No space left on device")), reason_of(KeyError())
    ('No space left on device', 'KeyError')
    >>> reason_of(ValueError("bad\\nas can be"))
    'bad'
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
