from typing import Any

import numpy as np
import pytest
import torch

from lampas.board import checks
from lampas.errors import InputError


def _line(call: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    return str(caught.value)


def test_tensors_are_cut_and_copied_to_the_host() -> None:
    found = checks.as_tensor(torch.ones(2, dtype=torch.float16, requires_grad=True), "x")
    assert (found.requires_grad, found.dtype) == (False, torch.float32)
    assert checks.as_tensor(np.ones(2), "x").dtype == torch.float64


def test_what_is_no_number() -> None:
    assert _line(checks.as_tensor, "a", "scalar 'x'") == (
        "scalar 'x' is of type str: pass a tensor or an array of numbers"
    )
    assert _line(checks.as_tensor, torch.ones(1, dtype=torch.complex64), "x") == (
        "x is complex: pass its abs(), its real or its imag part"
    )
    assert _line(checks.as_number, torch.ones(2, 1), "scalar 'x'") == (
        "scalar 'x' has shape (2, 1): a scalar is one number"
    )


def test_images() -> None:
    assert checks.as_images(torch.zeros(1, 2, 2, dtype=torch.uint8), "x", 3).dtype == torch.uint8
    assert _line(checks.as_images, torch.zeros(4, 4, 3), "image 'x'", 3) == (
        "image 'x' has shape (4, 4, 3): pass (C, H, W) with C 1 or 3"
    )
    assert _line(checks.as_images, torch.zeros(3, 4, 4), "images 'x'", 4) == (
        "images 'x' has shape (3, 4, 4): pass (N, C, H, W) with C 1 or 3"
    )
    assert _line(checks.as_images, torch.zeros(3, 4, 4).long(), "x", 3) == (
        "x is int64: pass uint8, or floats from 0 to 1"
    )
    assert _line(checks.as_images, torch.full((3, 4, 4), 255.0), "x", 3) == (
        "x has values from 255 to 255: floats go from 0 to 1, uint8 to 255"
    )
    assert "values from nan" in _line(checks.as_images, torch.full((3, 4, 4), torch.nan), "x", 3)


def test_curves() -> None:
    assert _line(checks.as_curve, [0, 1], [0.5], "c") == (
        "c: targets have shape (2,), probabilities (1,): pass as many of both"
    )
    assert _line(checks.as_curve, [0, 2], [0.5, 0.5], "c") == (
        "c: targets of a PR curve are 0 or 1; take one class at a time"
    )
    assert _line(checks.as_curve, [0, 1], [0.5, 3.0], "c") == (
        "c: probabilities go from 0 to 1; pass logits through sigmoid()"
    )


def test_vectors() -> None:
    assert _line(checks.as_vectors, [1.0], "e") == "e has shape (1,): vectors are (N, D)"
    assert _line(checks.as_vectors, [[torch.inf]], "e") == (
        "e holds nan or infinity, which have no place in space"
    )
