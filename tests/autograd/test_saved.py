"""What is kept for backward, each storage once."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks

from lampas.autograd.names import Names
from lampas.autograd.parts import Node
from lampas.autograd.saved import FREED, PACKED
from lampas.autograd.walk import walk


def nodes_of(loss: Tensor, model: nn.Module | None = None) -> tuple[Node, ...]:
    return walk([("loss", loss)], Names(model)).nodes


def total(loss: Tensor, model: nn.Module | None = None) -> int:
    return sum(node.saved_bytes for node in nodes_of(loss, model))


def small_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)
    )


def attention() -> nn.Module:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


@pytest.mark.parametrize(
    ("make", "shape"),
    [(small_cnn, (2, 3, 8, 8)), (attention, (2, 5, 8)), (small_cnn, (1, 3, 8, 8))],
)
def test_bytes_are_those_that_hooks_see(make: Any, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = make()
    seen: dict[int, Any] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage._cdata] = storage
        return tensor

    x = torch.randn(shape)
    for dropout in (m for m in model.modules() if isinstance(m, nn.Dropout)):
        dropout.p = 0.0
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        model(x).square().mean()
    own = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
    expected = sum(storage.nbytes() for key, storage in seen.items() if key not in own)
    assert total(model(x).square().mean(), model) == expected


def test_a_storage_is_counted_once_and_whole() -> None:
    x = torch.ones(10, requires_grad=True)
    y = x.exp()  # its result is saved, and so is the view of it that the product takes
    loss = (y[:2] * y[:2].detach()).sum() + y.sum()
    assert total(loss) == 40
    notes = [one.note for node in nodes_of(loss) for one in node.saved]
    assert any(note.startswith("counted at Mul") for note in notes)


def test_parameters_and_buffers_take_no_more() -> None:
    x = torch.ones(3, 4)
    layer = nn.Linear(4, 2)
    found = nodes_of(layer(x.requires_grad_()).sum(), layer)
    addmm = next(node for node in found if node.name == "Addmm")
    assert {one.name: (one.bytes, one.note) for one in addmm.saved} == {
        "mat1": (48, ""),
        "mat2": (0, "weight"),
    }
    norm = nn.BatchNorm1d(4)
    bare = total(norm(x).sum())
    assert total(norm(x).sum(), norm) == bare - 2 * 4 * 4


def test_freed_by_backward() -> None:
    loss = torch.ones(2, requires_grad=True).exp().sum()
    loss.backward()
    assert [one.note for node in nodes_of(loss) for one in node.saved] == [FREED]


def test_freed_in_a_custom_function() -> None:
    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            ctx.more = [x * 2]
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0]

    loss = Keep.apply(torch.ones(2, requires_grad=True)).sum()
    assert total(loss) == 16
    loss.backward()
    assert FREED in [one.note for node in nodes_of(loss) for one in node.saved]


def test_packed_tensors_stay_packed() -> None:
    unpacked: list[Any] = []
    with saved_tensors_hooks(lambda tensor: "packed", unpacked.append):
        loss = torch.ones(2, requires_grad=True).exp().sum()
    assert [one.note for node in nodes_of(loss) for one in node.saved] == [PACKED]
    assert not unpacked
    with save_on_cpu():
        loss = torch.ones(2, requires_grad=True).exp().sum()
    assert [one.note for node in nodes_of(loss) for one in node.saved] == [PACKED]


def test_changed_in_place_is_still_read() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    kept = y.clone()
    loss = (y.sin() + kept).sum()
    y.add_(1)
    assert total(loss) == 8


def test_indices_and_sparse_tensors() -> None:
    x = torch.ones(4, requires_grad=True)
    found = nodes_of(x[torch.tensor([0, 1])].sum())
    assert [one.name for node in found for one in node.saved] == ["indices[0]"]
    sparse = torch.eye(3).to_sparse()
    loss = torch.sparse.mm(sparse, torch.ones(3, 2, requires_grad=True)).sum()
    assert total(loss) == 3 * 2 * 8 + 3 * 4


def test_looking_keeps_nothing_alive() -> None:
    import weakref

    x = torch.ones(1000, requires_grad=True)
    y = x.exp()
    found, reference = nodes_of(y.sum()), weakref.ref(y)
    del y
    assert reference() is None
    assert found
