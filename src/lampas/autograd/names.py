"""The names that a model gives to leaves of the graph, and the memory that is its own."""

from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lampas.errors import InputError
from lampas.weights import bare


class Names:
    """Parameters of a model by identity, all owned storages by address; empty without a model.

    >>> net = nn.Sequential(nn.Linear(2, 1), nn.ReLU())
    >>> names = Names(net)
    >>> names.of(net[0].bias), names.of(net[0].bias * 1), names.type_of("1")
    ('0.bias', '', 'ReLU')
    """

    def __init__(self, model: nn.Module | None) -> None:
        self.model = None if model is None else bare(model)
        self.parameters: dict[str, nn.Parameter] = {}
        self._by_id: dict[int, str] = {}
        self._owners: dict[int, str] = {}
        self.types: dict[str, str] = {}
        if self.model is None:
            return
        for name, parameter in self.model.named_parameters():
            self.parameters[name] = parameter
            self._by_id[id(parameter)] = name
            self.own(parameter, name)
        for name, buffer in self.model.named_buffers():
            self.own(buffer, name)
        self.types = {path: type(one).__name__ for path, one in self.model.named_modules()}

    def of(self, tensor: Tensor) -> str:
        """The model's name for a parameter; "" where it has none."""
        return self._by_id.get(id(tensor), "")

    def own(self, tensor: Tensor, name: str) -> None:
        """Know the memory of `tensor` as a parameter's or a buffer's."""
        address = None if is_lazy(tensor) else storage_of(tensor)
        if address is not None:
            self._owners.setdefault(address, name)

    def owner(self, address: int | None) -> str:
        """Whose memory lies at `address`; "" if nobody's."""
        return "" if address is None else self._owners.get(address, "")

    def type_of(self, path: str) -> str:
        """The class of the module at `path`."""
        return self.types.get(path, "")


def storage_of(tensor: Any) -> int | None:
    """The address of a tensor's storage, which views share; None for a tensor without one."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError, AttributeError):
        return None  # sparse tensors and some subclasses have none


def check_model(model: Any) -> None:
    """Raises `InputError` in one line for what is no module."""
    if isinstance(model, type):
        name = model.__name__
        raise InputError(f"model is the class {name}, not an object: pass the {name} in use")
    if model is not None and not isinstance(model, nn.Module):
        raise InputError(f"model is of type {type(model).__name__}: pass a torch.nn.Module")
