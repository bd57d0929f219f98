import pytest
import torch
from torch import nn

from lampas.board.rows import StepRows, rates_of
from lampas.gradients import gradients_of


def test_rows_are_read_in_one_go() -> None:
    rows = StepRows()
    weight = nn.Parameter(torch.zeros(2))
    rows.keep(10, {"loss": torch.tensor(0.5)}, gradients_of([weight]), {"step/lr": 0.1})
    weight.grad = torch.tensor([3.0, 4.0])
    loss = torch.tensor(0.25, dtype=torch.float64)
    rows.keep(20, {"loss": loss}, gradients_of([weight]), {"step/lr": 0.2})
    assert len(rows) == 2
    first, second = rows.drain()
    assert (first[0], first[2]) == (10, {"step/loss": 0.5, "step/lr": 0.1})
    assert second[2] == {"step/loss": 0.25, "step/gradient_norm": 5.0, "step/lr": 0.2}
    assert rows.drain() == []


def test_rates_of_several_optimizers() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=torch.tensor(0.5))
    assert rates_of({"d": optimizer}) == {"step/lr_d": pytest.approx(0.5)}
