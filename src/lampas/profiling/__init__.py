"""Where the time of a training step goes: in words, as a table, as a trace."""

from lampas.profiling.profile import Profile
from lampas.profiling.profiler import Profiler, profile

__all__ = ["Profile", "Profiler", "profile"]
