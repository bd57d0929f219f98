"""Activation checkpointing: what blocks keep for backward is dropped, and computed again.

`blocks` decides which modules, `aside` keeps what a second computation must not change, `recompute`
puts itself in the place of their `forward` while a step is made.
"""

from lampas.recompute.blocks import RecomputeLike, paths_of
from lampas.recompute.recompute import (
    Recompute,
    is_recomputing,
    make_recompute,
    not_repeatable,
)

__all__ = [
    "Recompute",
    "RecomputeLike",
    "is_recomputing",
    "make_recompute",
    "not_repeatable",
    "paths_of",
]
