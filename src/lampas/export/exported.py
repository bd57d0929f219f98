"""What `export` gives back: what was written, and how near it is to the model."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from lampas.summary.show import bytes_of


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a file: its name, its shape with the names of free dimensions, and its
    dtype.

    >>> print(Port("x", ("batch", 3), "float32"))
    x (batch, 3) float32
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str

    @classmethod
    def of(cls, name: str, tensor: Tensor, free: dict[int, str]) -> "Port":
        """From a tensor whose `free` dimensions have names."""
        shape = tuple(free.get(axis, size) for axis, size in enumerate(tensor.shape))
        return cls(name, shape, str(tensor.dtype).removeprefix("torch."))

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(map(str, self.shape))}) {self.dtype}"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written, read back and found to answer as the model does.

    `path`, `size` (bytes), `inputs`, `outputs`. `difference`: the largest between the outputs of
    file and model, in the unit that `lampas.Model.export` states. `tolerance`: what was allowed.
    """

    path: Path
    size: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    difference: float
    tolerance: float

    def __str__(self) -> str:
        """One line."""
        head = f"{self.path}: {bytes_of(self.size)}"
        if not self.inputs:
            return f"{head}; weights alone, the same bit for bit"
        ports = f"{_listed(self.inputs)} -> {_listed(self.outputs)}"
        near = f"{self.difference:.1e} of {self.tolerance:.0e} allowed"
        return f"{head}; {ports}; largest difference {near}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "path": str(self.path)}


def _listed(ports: tuple[Port, ...]) -> str:
    return ", ".join(map(str, ports))
