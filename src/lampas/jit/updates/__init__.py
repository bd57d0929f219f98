"""One step of torch's optimizers as functions of tensors alone, for a graph that is compiled."""

from lampas.jit.updates.base import Group, Numbers, States, Step, Update
from lampas.jit.updates.table import UPDATES, update_of

__all__ = ["UPDATES", "Group", "Numbers", "States", "Step", "Update", "update_of"]
