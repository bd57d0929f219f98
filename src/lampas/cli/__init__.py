"""The shell: `lampas train`, `evaluate`, `predict`, `runs`, `compare`, `summary`, `board`, `demo`.

Exit codes: 0 done; 1 the job failed, and one line on stderr says why; 2 the command line cannot
be understood; 75 a signal or a time limit stopped the training, and --resume goes on; 130 ended by
Ctrl-C; 141 the reader of a pipe is gone, as `head` when it has seen enough. What goes wrong
unforeseen leaves its traceback, and code 1.
"""

import os
import sys
from collections.abc import Sequence

_INTERRUPTED, _NO_READER = 130, 141  # 128 and the number of the signal, as shells give it


def main() -> None:
    """Run the command in `sys.argv` and exit with its code.

    Nothing but the standard library and typer is imported before a command needs more: `--help`
    answers at once.
    """
    _never_fail_on_a_letter()
    try:
        code = _code()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code if _flushed() else _NO_READER)


def _code() -> int:
    from lampas.cli.app import app
    from lampas.cli.usage import UsageError
    from lampas.cli.wording import wrong_usage
    from lampas.errors import LampasError

    try:
        answer = app(prog_name="lampas", standalone_mode=False)
    except LampasError as error:
        more = getattr(error, "__notes__", [])  # as the layers up to the one that refuses
        return _failed(str(error), 2 if isinstance(error, UsageError) else 1, more)
    except PermissionError as error:
        if error.filename is None:
            raise
        return _failed(f"{error.filename}: cannot be opened ({error.strerror})", 1)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which typer makes a code 1 of
            return _NO_READER
        raise
    except Exception as error:
        line = wrong_usage(error)
        if line is None:
            raise
        return _failed(line, 2)
    return answer if isinstance(answer, int) else 0


def _failed(reason: str, code: int, more: Sequence[str] = ()) -> int:
    from lampas.printing import visible

    lines = (visible(one) for one in (" ".join(reason.splitlines()), *more))
    print(f"lampas: error: {next(lines)}", *lines, sep="\n", file=sys.stderr)
    return code


def _never_fail_on_a_letter() -> None:
    """A terminal that lacks a letter shows "?" for it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _flushed() -> bool:
    """Write what is left; False where the reader is gone: no reason for a traceback."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
