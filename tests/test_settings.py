import math

import torch
from torch import nn

import lampas
from lampas.settings import results_of, settings_of


def _compiled(**named: object) -> lampas.Model:
    model = lampas.Model(nn.Linear(2, 1))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9), nn.MSELoss(), **named)  # pyright: ignore
    return model


def test_what_compile_was_told() -> None:
    model = _compiled(accumulate=2, clip_norm=1.0, averaging=lampas.optim.EMA())
    assert settings_of(model) == {
        "optimizer": "SGD", "lr": 0.5, "weight_decay": 0.0, "momentum": 0.9, "loss": "MSELoss",
        "precision": "float32", "accumulate": 2, "jit": "auto",
        "clip_norm": 1.0, "averaging": "EMA",
        "parameters": 3,
    }  # fmt: skip


def test_a_schedule_does_not_hide_the_rate() -> None:
    model = _compiled(scheduler=lampas.optim.schedules.cosine())
    model.optimizer.param_groups[0]["lr"] = 0.0
    found = settings_of(model)
    assert (found["lr"], found["schedule"]) == (0.5, True)
    model = lampas.Model(nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model.compile(optimizer, "mse", scheduler=torch.optim.lr_scheduler.StepLR(optimizer, 1))
    optimizer.param_groups[0]["lr"] = 0.0
    assert settings_of(model)["lr"] == 0.5


def test_several_optimizers_and_the_models_own_loss() -> None:
    class Own(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(1, 1), nn.Linear(1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.b(self.a(x)).mean()

    model = Own()
    model.compile({"a": torch.optim.SGD(model.a.parameters(), 0.1),
                   "b": torch.optim.Adam(model.b.parameters(), 0.2)})  # fmt: skip
    found = settings_of(model)
    assert (found["a.optimizer"], found["b.lr"], found["loss"]) == ("SGD", 0.2, "OwnLoss")


def test_results_are_those_of_the_best_epoch() -> None:
    rows = [{"loss": 0.9, "val_loss": 0.2}, {"loss": 0.1, "val_loss": 0.3}]
    found = results_of(lampas.History.from_rows(rows))
    assert found == {"best_epoch": 1.0, "loss": 0.9, "val_loss": 0.2}
    assert results_of(lampas.History()) == {}
    nan = results_of(lampas.History.from_rows([{"loss": math.nan}]))
    assert nan["best_epoch"] == 1.0
