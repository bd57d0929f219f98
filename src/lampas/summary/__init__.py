"""What a net is, however large: its layers, their shapes, what they cost, without a real pass."""

from lampas.summary.memory import Memory
from lampas.summary.rows import Row
from lampas.summary.table import Summary, summarize

__all__ = ["Memory", "Row", "Summary", "summarize"]
