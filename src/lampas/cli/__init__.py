"""The shell: `lampas train`, `evaluate`, `predict`, `summary`, `board`, `demo`.

Exit codes: 0 done; 1 the job failed, and one line on stderr says why; 2 the command line cannot
be understood; 130 ended by Ctrl-C. What goes wrong unforeseen leaves its traceback, and code 1.
"""

import os
import sys


def main() -> None:
    """Run the command in `sys.argv` and exit with its code.

    Nothing but the standard library and typer is imported before a command needs more: `--help`
    answers at once.
    """
    _never_fail_on_a_letter()
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        _flush()


def _run() -> None:
    from lampas.cli.app import app
    from lampas.cli.usage import UsageError
    from lampas.errors import LampasError

    try:
        app(prog_name="lampas")
    except LampasError as error:
        line = " ".join(str(error).splitlines())
        more = getattr(error, "__notes__", [])
        print(f"lampas: error: {line}", *more, sep="\n", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)


def _never_fail_on_a_letter() -> None:
    """A terminal that lacks a letter shows "?" for it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _flush() -> None:
    """Write what is left; a reader that is gone, as `head`, is no reason for a traceback."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
