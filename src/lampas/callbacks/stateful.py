"""What a callback with a memory offers to a run that is to be continued later."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor

State = dict[str, float | Tensor]


@runtime_checkable
class Stateful(Protocol):
    """A callback whose memory is a flat dict of numbers and tensors.

    A run that is continued calls `load_state` after the "fit_begin" event, because that event
    makes a callback forget whatever an earlier run left in it.

    >>> from lampas.callbacks import EarlyStopping, TimeLimit
    >>> isinstance(EarlyStopping(), Stateful), isinstance(TimeLimit(60), Stateful)
    (True, False)
    """

    def state(self) -> State:
        """The memory as it is now; its tensors are the callback's own, so copy or save them."""
        ...

    def load_state(self, state: Mapping[str, float | Tensor]) -> None:
        """Take up the memory that `state` gave."""
        ...
