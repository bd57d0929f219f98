"""A graph with some operations in another form, because what torch's inductor makes of that form is
faster on a CPU. The numbers are the same, but for the order in which convolutions add.
"""

from lampas.jit.rewrites.graph import rewritten

__all__ = ["rewritten"]
