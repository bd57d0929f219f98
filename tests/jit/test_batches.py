import torch

from lampas.data.batch import Batch
from lampas.jit.batches import filled, form_of, tensors_of


def test_a_batch_is_filled_with_others_in_the_same_places() -> None:
    batch = Batch(
        (torch.zeros(2), {"a": torch.zeros(2, 1)}), torch.zeros(2), torch.ones(2), 2, opens=False
    )
    others = [torch.full_like(one, number) for number, one in enumerate(tensors_of(batch))]
    again = filled(batch, others)
    assert [one.flatten()[0].item() for one in tensors_of(again)] == [0, 1, 2, 3]
    assert not again.opens
    assert form_of(again) == form_of(batch)


def test_forms_differ_by_shape_stride_dtype_structure_and_place_in_a_group() -> None:
    x, y = torch.zeros(4, 4), torch.zeros(4)
    batches = [
        Batch(x, y, None, 4), Batch(x[:3], y[:3], None, 3), Batch(x.t(), y, None, 4),
        Batch(x.double(), y, None, 4), Batch((x,), y, None, 4), Batch({"a": x}, y, None, 4),
        Batch({"b": x}, y, None, 4), Batch(x, y, y, 4), Batch(x, None, None, 4),
        Batch(x, y, None, 4, opens=False), Batch(x, y, None, 4, closes=False),
    ]  # fmt: skip
    forms = [form_of(batch) for batch in batches]
    # A column-first square differs from a row-first one in its strides alone.
    assert len(set(forms)) == len(forms)
