"""What typer says of a wrong command line, in one line that repeats what was typed."""

from typing import Any

from lampas.errors import did_you_mean

_ALIKE = 0.8  # --length is not what --learning-rate meant


def wrong_usage(error: Exception) -> str | None:
    """The line for an error of typer's; None for any other exception.

    Told by what it can do and not by its class: which that is differs between typer's versions.
    """
    if not hasattr(error, "format_message"):
        return None
    found: Any = error
    said = _unknown_option(found) or _wrong_value(found) or _of_typer(found)
    if found.ctx is None:
        return said
    see = "See" if said.endswith("?") else "see"
    return f"{said}{' ' if said.endswith('?') else '; '}{see} {found.ctx.command_path} --help"


def _unknown_option(error: Any) -> str | None:
    if not hasattr(error, "possibilities"):
        return None
    there = [name for one in error.ctx.command.params for name in one.opts]
    hint = did_you_mean(error.option_name, there, _ALIKE)
    return f"unknown option {error.option_name}{f': {hint}' if hint else ''}"


def _wrong_value(error: Any) -> str | None:
    """Which option's value is wrong, the value, and what is needed; all of ours are integers."""
    errors = getattr(error.__cause__, "errors", None)  # pydantic's, which typer raises from
    if errors is None:
        return None
    first = errors()[0]
    least = first.get("ctx", {}).get("ge")
    need = "a whole number is needed" if least is None else f"it must be {least} or more"
    return f"{error.param.opts[0]} {first['input']}: {need}"


def _of_typer(error: Any) -> str:
    said = " ".join(error.format_message().split()).rstrip(".")
    return said[:1].lower() + said[1:]
