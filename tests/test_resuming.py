from pathlib import Path

import pytest
import torch
from torch import nn

import lampas


def test_the_learning_rate_asked_for_goes_on_and_says_so(tmp_path: Path) -> None:
    x, y = torch.randn(8, 2), torch.randn(8, 1)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.1), "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=nn.Linear(2, 1))
    with pytest.warns(UserWarning, match="goes on") as caught:
        again.compile(torch.optim.Adam(again.parameters(), lr=0.5), "mse")
    assert str(caught[0].message) == (
        "the optimizer goes on with the learning rate asked for, 0.5; the saved run had ended "
        "at 0.1"
    )
    assert caught[0].filename == __file__
    assert again.optimizer.param_groups[0]["lr"] == 0.5
    assert again.optimizer.state  # the moments are those that were saved


def test_a_run_goes_on_after_a_finished_cosine(tmp_path: Path) -> None:
    x, y = torch.randn(8, 2), torch.randn(8, 1)
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.Adam(model.parameters(), lr=0.1), "mse", scheduler="cosine")
    model.fit(x, y, epochs=3, verbose=0)
    model.save(tmp_path / "m.lampas")
    again = lampas.load(tmp_path / "m.lampas", net=nn.Linear(2, 1))
    again.compile(torch.optim.Adam(again.parameters(), lr=0.1), "mse", scheduler="cosine")
    before = again.predict(x)
    history = again.fit(x, y, epochs=6, initial_epoch=3, verbose=0)
    assert [row["epoch"] for row in history.rows] == [1, 2, 3, 4, 5, 6]
    assert not torch.equal(again.predict(x), before)
