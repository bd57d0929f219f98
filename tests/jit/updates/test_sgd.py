from typing import Any

import pytest
import torch
from against_torch import Problem, assert_agrees, assert_traces, assert_walks, few, problems
from hypothesis import given
from hypothesis import strategies as st

from lampas.jit.updates.sgd import SGD

plain = {"weight_decay": st.sampled_from([0, 0.1]), "maximize": st.booleans()}
rates = st.floats(1e-3, 1)
options = st.one_of(
    st.fixed_dictionaries({"lr": rates, **plain}),
    st.fixed_dictionaries(
        {"lr": rates, "momentum": st.floats(0.1, 0.95), "dampening": st.floats(0, 0.9), **plain}
    ),
    st.fixed_dictionaries(
        {"lr": rates, "momentum": st.floats(0.1, 0.95), "nesterov": st.just(True), **plain}
    ),
)


@few
@given(options, problems)
def test_a_step_is_torchs(options: dict[str, Any], problem: Problem) -> None:
    assert_agrees(torch.optim.SGD, SGD, problem, **options)


NESTEROV = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}
DAMPENED = {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01, "maximize": True}


@pytest.mark.parametrize("options", [{"lr": 0.1}, NESTEROV, DAMPENED])
def test_ten_steps_are_torchs(options: dict[str, Any]) -> None:
    assert_walks(torch.optim.SGD, SGD, **options)


def test_no_number_stays_in_the_graph() -> None:
    other = {"lr": 0.3, "momentum": 0.5, "dampening": 0.1, "weight_decay": 0.2}
    assert_traces(torch.optim.SGD, SGD, other, **DAMPENED)


def test_options_of_form_are_the_shape_and_numbers_are_not() -> None:
    def shape(**options: Any) -> Any:
        weight = torch.nn.Parameter(torch.zeros(1))
        return SGD.shape(torch.optim.SGD([weight], **{**NESTEROV, **options}).param_groups[0])

    assert shape() == shape(lr=0.5, momentum=0.1, weight_decay=1.0)
    others: list[dict[str, Any]] = [
        {"momentum": 0, "nesterov": False},
        {"nesterov": False},
        {"weight_decay": 0},
        {"maximize": True},
    ]
    assert len({shape(), *(shape(**o) for o in others)}) == 5
