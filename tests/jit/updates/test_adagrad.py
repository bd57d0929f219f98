from typing import Any

import pytest
import torch
from against_torch import Problem, assert_agrees, assert_traces, assert_walks, few, problems
from hypothesis import given
from hypothesis import strategies as st

from lampas.jit.updates.adagrad import ADAGRAD

options = st.fixed_dictionaries(
    {
        "lr": st.floats(1e-3, 1),
        "lr_decay": st.sampled_from([0, 0.1, 2.0]),
        "weight_decay": st.sampled_from([0, 0.1]),
        "initial_accumulator_value": st.sampled_from([0, 0.5]),
        "eps": st.sampled_from([1e-10, 1e-3]),
        "maximize": st.booleans(),
    }
)


@few
@given(options, problems)
def test_a_step_is_torchs(options: dict[str, Any], problem: Problem) -> None:
    assert_agrees(torch.optim.Adagrad, ADAGRAD, problem, **options)


ALL: dict[str, Any] = {
    "lr": 0.1,
    "lr_decay": 0.2,
    "weight_decay": 0.1,
    "eps": 1e-3,
    "maximize": True,
}


@pytest.mark.parametrize("options", [{}, ALL])
def test_ten_steps_are_torchs(options: dict[str, Any]) -> None:
    assert_walks(torch.optim.Adagrad, ADAGRAD, **options)


def test_no_number_stays_in_the_graph() -> None:
    other = {"lr": 0.2, "lr_decay": 0.3, "eps": 1e-2, "weight_decay": 0.3}
    assert_traces(torch.optim.Adagrad, ADAGRAD, other, **ALL)


def test_options_of_form_are_the_shape_and_numbers_are_not() -> None:
    group = torch.optim.Adagrad([torch.nn.Parameter(torch.zeros(1))]).param_groups[0]
    others = [{}, {"weight_decay": 0.1}, {"maximize": True}]
    assert len({ADAGRAD.shape({**group, **other}) for other in others}) == 3
    assert ADAGRAD.shape({**group, "lr": 0.5, "lr_decay": 0.1}) == ADAGRAD.shape(group)
