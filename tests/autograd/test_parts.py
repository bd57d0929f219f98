"""The values of which a drawn graph is made."""

import torch

from lampas.autograd.parts import Form, Node, Saved, form_of, shape_text


def test_forms() -> None:
    assert form_of(torch.ones(2, 3, dtype=torch.bfloat16)) == Form((2, 3), "bfloat16")
    assert str(form_of(torch.tensor(1))) == "() int64"


def test_sizes_that_are_not_known() -> None:
    ragged = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    assert shape_text(form_of(ragged).shape) == "(2, ?)"


def test_bytes_of_a_node() -> None:
    saved = (Saved("a", None, 8), Saved("b", None, 4), Saved("c", None, 0, "weight"))
    assert Node(0, "function", "Mul", (), saved).saved_bytes == 12
