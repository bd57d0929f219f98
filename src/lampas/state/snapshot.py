"""A state as values and copies of its tensors on the CPU, apart from the run that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from torch import Tensor

from lampas.errors import ArtifactError
from lampas.state.form import malformed
from lampas.state.state import State
from lampas.tree import Json, pack, unpack


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`tree`: the state as strict JSON that refers to `tensors` by name; `on_device`: the names
    of those that were on another device than the CPU."""

    tree: Mapping[str, Json]
    tensors: Mapping[str, Tensor]
    on_device: frozenset[str]

    @property
    def bytes(self) -> int:
        """What the tensors take."""
        return sum(one.nbytes for one in self.tensors.values())


def snapshot(state: State) -> Snapshot:
    """A copy of `state`: what the run does next does not reach it.

    Raises `InputError` with the name of what no file can hold.
    """
    tree, tensors = pack(state.values())
    away = frozenset(name for name, one in tensors.items() if one.device.type != "cpu")
    copies = {name: one.cpu() if name in away else one.clone() for name, one in tensors.items()}
    return Snapshot(cast(Mapping[str, Json], tree), copies, away)


def state_of(found: Snapshot) -> State:
    """The state that was taken. Raises `ArtifactError` where it is none."""
    values = unpack(found.tree, found.tensors)
    try:
        state = State(**values)
    except TypeError as error:
        raise ArtifactError(f"it holds no state of a run: {error}") from error
    why = malformed(values)
    if why is not None:
        raise ArtifactError(f"it holds no state of a run: {why}")
    return state
