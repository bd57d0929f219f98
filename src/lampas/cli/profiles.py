"""What `lampas train --profile` keeps and tells."""

from pathlib import Path

from lampas.profiling import Profiler
from lampas.record.files import PROFILE, PROFILE_DATA, TRACE, write_json, write_text

_SHORT = "The run was too short to be profiled: it takes four steps"
_NO_TRACE = "No operations and no trace: these come after the 23rd step"


def profiler(folder: Path) -> Profiler:
    """What times the first steps of a run in `folder`, with a trace of five of them."""
    return Profiler(trace=folder / TRACE)


def keep(profiler: Profiler, folder: Path) -> None:
    """Write what was measured into the run's folder, in words and as JSON."""
    if profiler.result is not None:
        write_text(folder / PROFILE, str(profiler.result))
        write_json(folder / PROFILE_DATA, profiler.result.to_json())


def told(profiler: Profiler) -> str:
    """Where the time goes, in words and as tables, and where the trace is."""
    found = profiler.result
    if found is None:
        return _SHORT
    return str(found) if found.trace is not None else f"{found}\n\n{_NO_TRACE}"
