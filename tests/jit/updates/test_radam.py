from typing import Any

import pytest
import torch
from against_torch import Problem, assert_agrees, assert_traces, assert_walks, few, problems
from hypothesis import given
from hypothesis import strategies as st

from lampas.jit.updates.radam import RADAM

options = st.fixed_dictionaries(
    {
        "lr": st.floats(1e-3, 0.3),
        "betas": st.tuples(st.sampled_from([0.4, 0.9]), st.sampled_from([0.5, 0.9, 0.999])),
        "eps": st.sampled_from([1e-8, 1e-3]),
        "decoupled_weight_decay": st.booleans(),
        "weight_decay": st.sampled_from([0, 0.1]),
        "maximize": st.booleans(),
    }
)


@few
@given(options, problems)
def test_a_step_is_torchs(options: dict[str, Any], problem: Problem) -> None:
    assert_agrees(torch.optim.RAdam, RADAM, problem, **options)


ALL: dict[str, Any] = {
    "lr": 0.1,
    "betas": (0.8, 0.9),
    "eps": 1e-3,
    "weight_decay": 0.1,
    "maximize": True,
}


@pytest.mark.parametrize("options", [{}, ALL])
def test_ten_steps_are_torchs(options: dict[str, Any]) -> None:
    assert_walks(torch.optim.RAdam, RADAM, **options)


def test_no_number_stays_in_the_graph() -> None:
    other = {"lr": 0.2, "betas": (0.7, 0.85), "eps": 1e-2, "weight_decay": 0.3}
    assert_traces(torch.optim.RAdam, RADAM, other, **ALL)


def test_options_of_form_are_the_shape_and_numbers_are_not() -> None:
    group = torch.optim.RAdam([torch.nn.Parameter(torch.zeros(1))]).param_groups[0]
    others = [{}, {"weight_decay": 0.1}, {"maximize": True}]
    assert len({RADAM.shape({**group, **other}) for other in others}) == 3
    assert RADAM.shape({**group, "lr": 0.5, "eps": 0.1}) == RADAM.shape(group)
