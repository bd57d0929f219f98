from typing import Any

import pytest
import torch
from against_torch import (
    Problem,
    assert_agrees,
    assert_traces,
    assert_walks,
    few,
    numbers_of,
    problems,
    takes,
)
from hypothesis import given
from hypothesis import strategies as st

from lampas.jit.updates.adam import ADAM, ADAMW

betas = st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.sampled_from([0.0, 0.5, 0.9, 0.999]))
options = st.fixed_dictionaries(
    {
        "lr": st.floats(1e-3, 1),
        "betas": betas,
        "eps": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.sampled_from([0, 0.1]),
        "amsgrad": st.booleans(),
        "maximize": st.booleans(),
    }
)


@few
@given(options, problems, st.booleans())
def test_a_step_of_adam_is_torchs(
    options: dict[str, Any], problem: Problem, decoupled: bool
) -> None:
    # Older versions of torch do not have this option.
    more = {"decoupled_weight_decay": decoupled}
    more = more if takes(torch.optim.Adam, "decoupled_weight_decay") else {}
    assert_agrees(torch.optim.Adam, ADAM, problem, **options, **more)


@few
@given(options, problems)
def test_a_step_of_adamw_is_torchs(options: dict[str, Any], problem: Problem) -> None:
    assert_agrees(torch.optim.AdamW, ADAMW, problem, **options)


ALL: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.1, "amsgrad": True, "maximize": True}


@pytest.mark.parametrize("options", [{}, ALL])
def test_ten_steps_are_torchs(options: dict[str, Any]) -> None:
    assert_walks(torch.optim.Adam, ADAM, **options)
    assert_walks(torch.optim.AdamW, ADAMW, **options)


def test_no_number_stays_in_the_graph() -> None:
    other = {"lr": 0.2, "betas": (0.7, 0.8), "eps": 1e-2, "weight_decay": 0.3}
    now = {"betas": (0.9, 0.999), "eps": 1e-8}
    assert_traces(torch.optim.Adam, ADAM, other, **ALL, **now)
    assert_traces(torch.optim.AdamW, ADAMW, other, **ALL, **now)


@pytest.mark.parametrize("t", [1.0, 1000.0, 1e6])
def test_the_correction_is_computed_in_float64(t: float) -> None:
    """In float32, 1 - 0.9999^2 would be off by 1e-4 of it, and so would the step be."""
    group = {"lr": 1e-3, "betas": (0.9, 0.9999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False}
    m, v = torch.tensor([0.3]), torch.tensor([0.2])
    states = {"step": torch.tensor(t), "exp_avg": m, "exp_avg_sq": v}
    (numbers,) = ADAM.numbers_of_each(group, numbers_of(ADAM, group).unbind(), [states])
    p, after = ADAM.step(group, numbers, torch.zeros(1), m, states)
    m, v = after["exp_avg"].double(), after["exp_avg_sq"].double()
    scale = (v / (1 - 0.9999 ** (t + 1))).sqrt() + 1e-8
    torch.testing.assert_close(
        p.double(), -1e-3 / (1 - 0.9 ** (t + 1)) * m / scale, rtol=4e-7, atol=0
    )
    assert after["step"] == t + 1


def test_which_decay_is_of_the_shape_also_where_a_group_does_not_say() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    group = torch.optim.AdamW([weight]).param_groups[0]
    old = {name: value for name, value in group.items() if name != "decoupled_weight_decay"}
    assert ADAMW.shape(old) == ADAMW.shape(group)
    assert ADAMW.shape(old) != ADAM.shape(old)
    others = [{"weight_decay": 0}, {"amsgrad": True}, {"maximize": True}, {"lr": 0.5}]
    assert len({ADAMW.shape({**group, **other}) for other in others}) == 4
    assert ADAMW.shape({**group, "lr": 0.5, "betas": (0, 0)}) == ADAMW.shape(group)
