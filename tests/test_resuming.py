from pathlib import Path

import pytest
import torch
from torch import nn

import lampas


def test_the_saved_learning_rate_goes_on_and_says_so(tmp_path: Path) -> None:
    x, y = torch.randn(8, 2), torch.randn(8, 1)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.1), "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=nn.Linear(2, 1))
    with pytest.warns(UserWarning, match="goes on") as caught:
        again.compile(torch.optim.Adam(again.parameters(), lr=0.5), "mse")
    assert str(caught[0].message) == (
        "the optimizer goes on with the learning rate that was saved, 0.1, not 0.5: set "
        "model.optimizer.param_groups[0]['lr'] to change it"
    )
    assert caught[0].filename == __file__
    assert again.optimizer.param_groups[0]["lr"] == 0.1
