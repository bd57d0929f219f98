from typing import Any

import pytest
import torch
from against_torch import Problem, assert_agrees, assert_traces, assert_walks, few, problems
from hypothesis import given
from hypothesis import strategies as st

from lampas.jit.updates.rmsprop import RMSPROP

numbers = {
    "lr": st.floats(1e-3, 0.1),
    "alpha": st.floats(0.5, 0.99),
    "eps": st.sampled_from([1e-8, 1e-3]),
    "weight_decay": st.sampled_from([0, 0.1]),
    "momentum": st.sampled_from([0, 0.9]),
    "maximize": st.booleans(),
}


@few
@given(st.fixed_dictionaries({**numbers, "centered": st.booleans()}), problems)
def test_a_step_is_torchs(options: dict[str, Any], problem: Problem) -> None:
    # In bfloat16 the difference v - a² of torch's loop has few right digits, or is below zero.
    if options["centered"] and problem.dtype == torch.bfloat16:
        options = {**options, "centered": False}
    assert_agrees(torch.optim.RMSprop, RMSPROP, problem, **options)


ALL: dict[str, Any] = {
    "lr": 0.01,
    "alpha": 0.9,
    "eps": 1e-3,
    "momentum": 0.9,
    "weight_decay": 0.1,
    "centered": True,
    "maximize": True,
}


@pytest.mark.parametrize("options", [{}, ALL])
def test_ten_steps_are_torchs(options: dict[str, Any]) -> None:
    assert_walks(torch.optim.RMSprop, RMSPROP, **options)


def test_no_number_stays_in_the_graph() -> None:
    other = {"lr": 0.02, "alpha": 0.8, "eps": 1e-2, "weight_decay": 0.3, "momentum": 0.5}
    assert_traces(torch.optim.RMSprop, RMSPROP, other, **ALL)


def test_options_of_form_are_the_shape_and_numbers_are_not() -> None:
    group = torch.optim.RMSprop([torch.nn.Parameter(torch.zeros(1))], **ALL).param_groups[0]
    others = [{}, {"weight_decay": 0}, {"momentum": 0}, {"centered": False}, {"maximize": False}]
    assert len({RMSPROP.shape({**group, **other}) for other in others}) == 5
    assert RMSPROP.shape({**group, "lr": 0.5, "momentum": 0.1}) == RMSPROP.shape(group)
