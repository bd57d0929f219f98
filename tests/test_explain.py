"""What a failed step says: one line where it can be known, else the error itself with a note."""

from typing import Any

import pytest
import torch
from torch import nn

from lampas.data.arrays import make_rows
from lampas.data.batch import Batch
from lampas.errors import DataError, DtypeError, InputError, NonFiniteError
from lampas.explain import check_inputs, explain, non_finite

NAN = float("nan")
NET = nn.Linear(3, 1)


def _batch(x: Any = None, y: Any = None) -> Batch:
    x = torch.ones(2, 3) if x is None else x
    return Batch(x, torch.ones(2, 1) if y is None else y, None, 2)


def _raised(net: nn.Module, batch: Batch) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is
        net(*batch.args, **batch.kwargs)
    return caught.value


def _said(net: nn.Module, x: Any) -> Exception:
    batch = _batch(x)
    return explain(_raised(net, batch), net, batch, "in epoch 1, step 1")


def test_an_unknown_error_is_the_same_with_a_note() -> None:
    error = KeyError("k")
    batch = _batch({"a": torch.ones(2, 3), "b": (torch.ones(2), None)})
    assert explain(error, NET, batch, "in epoch 3, step 9") is error
    assert error.__notes__ == [
        "lampas: in epoch 3, step 9, with x['a'] (2, 3) torch.float32, x['b'][0] (2,) torch.float32"
    ]


def test_our_own_errors_say_enough() -> None:
    error = DataError("clear")
    assert explain(error, NET, _batch(), "in evaluation") is error
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize(("net", "x", "kind", "line"), [
    (NET, torch.ones(2, 3).double(), DtypeError,
     "x is torch.float64 but the model's parameters are torch.float32: pass x.to(torch.float32), "
     "or convert the model with model.to(torch.float64)"),
    (NET, torch.ones(2, 3).long(), DtypeError,
     "x is torch.int64 but the model's parameters are torch.float32: pass x.to(torch.float32)"),
    (nn.Embedding(3, 2), torch.ones(2, 3), DtypeError,
     "x is torch.float32 but an embedding reads indices: pass x.long()"),
    (NET, torch.ones(2, 3, device="meta"), InputError,
     "x is on meta but the model is on cpu: compile(device=...) moves the model, and its data "
     "with it"),
])  # fmt: skip
def test_dtypes_and_devices(net: nn.Module, x: Any, kind: type, line: str) -> None:
    said = _said(net, x)
    assert type(said) is kind
    assert str(said) == line


def test_several_inputs_are_told_apart() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.table = nn.Linear(3, 2), nn.Embedding(5, 2)

        def forward(self, numbers: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
            return self.linear(numbers) + self.table(words)

    said = _said(Two(), {"numbers": torch.ones(2, 3).double(), "words": torch.ones(2).long()})
    assert str(said).startswith("x['numbers'] is torch.float64 but")
    # Which of two integers the net meant to be numbers nobody knows.
    said = _said(Two(), (torch.ones(2, 3).long(), torch.ones(2).long()))
    assert str(said).startswith("in epoch 1, step 1: linear, Linear(in_features=3, out_")


def test_a_net_on_several_devices_moves_its_tensors_itself() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1, device="meta"))
    error = RuntimeError("Expected all tensors to be on the same device")
    assert explain(error, net, _batch(), "here") is error


def test_a_loss_without_a_graph() -> None:
    batch = _batch()
    with pytest.raises(RuntimeError) as caught:
        torch.ones(()).backward()
    said = explain(caught.value, NET, batch, "here")
    assert type(said) is InputError
    assert str(said).startswith("the loss does not depend on the model's parameters, so nothing ")


def test_one_sample_for_batchnorm() -> None:
    norm = nn.BatchNorm1d(3)
    batch = Batch(torch.ones(1, 3), None, None, 1)
    said = explain(_raised(norm, batch), norm, batch, "here")
    assert str(said).startswith("a batch of 1 sample cannot train BatchNorm, whose variance ")
    # Two samples that a net reduces to one value each are another fault.
    error = ValueError("Expected more than 1 value per channel when training, got ...")
    assert explain(error, norm, _batch(), "here") is error


def _with_nan(row: int, column: int) -> torch.Tensor:
    x = torch.ones(2, 3)
    x[row, column] = NAN
    return x


@pytest.mark.parametrize(("batch", "cause"), [
    (_batch(_with_nan(1, 2)), "x has nan in row 1, column 2"),
    (_batch(y=_with_nan(0, 1)), "y has nan in row 0, column 1"),
    (_batch({"a": _with_nan(1, 0)}), "x['a'] has nan in row 1, column 0"),
    (_batch(), "the data of this batch are finite: lower the learning rate or clip gradients "
               "(clip_norm=1.0)"),
])  # fmt: skip
def test_why_a_loss_is_nan(batch: Batch, cause: str) -> None:
    error = non_finite(NonFiniteError("the loss is nan"), NET, batch, "in epoch 2, step 7")
    assert str(error) == f"the loss is nan in epoch 2, step 7: {cause}"


def test_weights_and_buffers_that_are_nan() -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    assert net[1].running_var is not None
    net[1].running_var[0] = float("inf")
    error = non_finite(NonFiniteError("the loss is nan"), net, _batch(), "here")
    assert str(error).startswith("the loss is nan here: 1.running_var holds nan or infinity: ")


def test_a_loss_found_late() -> None:
    error = non_finite(NonFiniteError("loss is inf at step 3"), NET, None, "in epoch 1, step 9")
    assert str(error) == (
        "loss is inf at step 3 of the epoch: the weights are damaged since; lower the learning "
        "rate or clip gradients (clip_norm=1.0)"
    )


def test_inputs_with_gaps_are_tried_on_the_net() -> None:
    class Filled(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.nan_to_num())

    rows = make_rows(_with_nan(1, 2), None, None, torch.float32)
    net = nn.Sequential(Filled(3, 2), nn.BatchNorm1d(2)).train()
    net[1].eval()
    before = [b.clone() for b in net.buffers()]
    check_inputs(net, rows)
    assert net[0].training
    assert not net[1].training
    for now, then in zip(net.buffers(), before, strict=True):
        assert torch.equal(now, then)
    with pytest.raises(DataError, match=r"^x has nan in row 1, column 2, and the net turns it in"):
        check_inputs(NET, rows)
    check_inputs(nn.Linear(5, 1), rows)  # another fault, which the first step tells


def test_images_in_another_order_of_memory_are_named() -> None:
    class Flat(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.view(len(x), -1)

    x = torch.ones(2, 3, 4, 4).to(memory_format=torch.channels_last)
    found = _said(Flat(), x)
    assert isinstance(found, InputError)
    assert "x (2, 3, 4, 4) lies in memory in another order" in str(found)
    assert "pass x.contiguous()" in str(found)
