import pytest
import torch
from torch import Tensor

from lampas.jit.updates.base import Group, Numbers, States, like, penalized, reading, widened


def test_numbers_are_floats_in_the_order_asked() -> None:
    found = reading("betas", "lr")({"lr": 1, "betas": [0, 0.5], "eps": 9})
    assert found == (0.0, 0.5, 1.0)
    assert all(type(number) is float for number in found)


@pytest.mark.parametrize(
    ("dtype", "inside"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_a_rule_sees_float32_at_least_and_gives_what_it_was_given(
    dtype: torch.dtype, inside: torch.dtype
) -> None:
    seen: list[torch.dtype] = []

    def rule(
        group: Group, numbers: Numbers, p: Tensor, g: Tensor, states: States
    ) -> tuple[Tensor, States]:
        seen.extend(t.dtype for t in (p, g, states["s"], states["step"]))
        return p + g, {"step": states["step"] + 1, "s": states["s"] + g}

    one = torch.ones(2, dtype=dtype)
    states = {"s": one, "step": torch.tensor(1.0)}
    p, after = widened(rule)({}, [], one, one, states)
    assert seen == [inside, inside, inside, torch.float32]
    assert p.dtype == after["s"].dtype == dtype
    assert after["step"].dtype == torch.float32


def test_a_number_takes_a_0d_parameters_dtype() -> None:
    half = torch.tensor(0.5, dtype=torch.float64)
    assert (like(half, torch.tensor(1.0)) * torch.tensor(1.0)).dtype == torch.float32


def test_uphill_turns_the_loss_and_not_the_penalty() -> None:
    p, g, decay = torch.tensor([2.0]), torch.tensor([3.0]), torch.tensor(0.5)
    for uphill, expected in ((False, 4.0), (True, -2.0)):
        assert penalized({"maximize": uphill, "weight_decay": 0.5}, p, g, decay).item() == expected
    assert penalized({"weight_decay": 0}, p, g, decay).item() == 3.0
