import pytest
import torch

from lampas.errors import InputError
from lampas.optim.asked import asked


def test_a_name_stays_and_a_function_makes_one():
    net = torch.nn.Linear(2, 1)
    assert asked("sgd", net.parameters()) == "sgd"
    made = asked(lambda p: torch.optim.SGD(p, lr=0.5), net.parameters())
    assert made.param_groups[0]["lr"] == 0.5
    assert made.param_groups[0]["params"] == [*net.parameters()]


def test_one_that_is_made_already_is_refused():
    made = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1)
    with pytest.raises(InputError) as caught:
        asked(made, [])
    assert str(caught.value) == (
        "optimizer was made before the net: pass its name, or a function of the parameters, "
        "as lambda p: torch.optim.SGD(p, lr=0.1)"
    )
