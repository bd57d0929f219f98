"""The older torchkeras face: six programs as their authors would run them, and its promises."""

import copy
import pickle
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.errors import InputError, LampasError, NotCompiledError
from lampas.torchkeras import Model, summary

PROGRAMS = Path(__file__).parent / "torchkeras_programs"
ALL = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(PROGRAMS / f"{name}.py"), run_name="__main__")


def test_linear_regression(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    done = run("linear_regression")
    frame = done["dfhistory"]
    assert list(frame) == ["epoch", "loss", "mae", "mape", "val_loss", "val_mae", "val_mape"]
    assert frame["epoch"].tolist() == list(range(1, 61))
    assert frame["val_mae"].iloc[-1] < 1.0 < frame["val_mae"].iloc[0]
    assert torch.allclose(done["w"], torch.tensor([[2.0, -3.0]]), atol=0.2)
    assert done["scores"]["val_loss"] == pytest.approx(frame["val_loss"].iloc[-1])
    out = capsys.readouterr().out
    assert out.count("{'step': 20, 'loss': ") == 60  # 28 steps an epoch


def test_rings(run: Any) -> None:
    done = run("rings")
    frame, clone, loader = done["dfhistory"], done["clone"], done["dl_valid"]
    assert list(frame) == ALL
    assert frame["val_accuracy"].iloc[-1] > 0.93
    assert clone.evaluate(loader) == done["model"].evaluate(loader)
    assert list(torch.load("model.pkl")) == [f"net.{key}" for key in torch.load("net.pkl")]


def test_text_conv1d(run: Any) -> None:
    done = run("text_conv1d")
    assert list(done["dfhistory"]) == ALL
    assert done["dfhistory"]["val_accuracy"].iloc[-1] > 0.9
    hits = (done["predicted"] > 0.5).float() == done["dl_test"].dataset.labels
    assert hits.float().mean().item() == pytest.approx(done["dfhistory"]["val_accuracy"].iloc[-1])


def test_epidemic_lstm(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    done = run("epidemic_lstm")
    frame = done["dfhistory"]
    assert list(frame) == ["epoch", "loss"]
    assert len(frame) == 100
    assert frame["loss"].iloc[-1] < 0.2 * frame["loss"].iloc[0]
    assert len(done["ahead"]) == 51
    assert "{'step'" not in capsys.readouterr().out  # one step an epoch, and a line each ten


def test_digits_cnn(run: Any) -> None:
    done = run("digits_cnn")
    assert list(done["dfhistory"]) == ALL
    assert done["dfhistory"]["val_accuracy"].iloc[-1] > 0.8
    assert done["scores"]["val_accuracy"] == pytest.approx(
        done["dfhistory"]["val_accuracy"].iloc[-1]
    )


def test_focal_l2(run: Any) -> None:
    done = run("focal_l2")
    assert list(done["dfhistory"]) == ["epoch", "loss", "recall", "val_loss", "val_recall"]
    assert done["dfhistory"]["val_recall"].iloc[-1] > 0.85
    # The penalty is part of what is minimised: it alone is a good part of the loss.
    assert done["dfhistory"]["loss"].iloc[-1] > done["l2_loss"](done["model"], 0.0005).item()


def test_a_program_runs_from_the_shell(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(PROGRAMS / "linear_regression.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "-" * 64
    assert "Start Training ..." in lines
    assert "Finished Training..." in lines


torch.manual_seed(0)
X = torch.randn(37, 4)
Y = (X.sum(1, keepdim=True) > 0).float()
LOADER: Any = DataLoader(TensorDataset(X, Y), 8)


def accuracy(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
    return ((y_pred > 0) == (y_true > 0.5)).float().mean()


def f1(y_pred: torch.Tensor, y_true: torch.Tensor) -> float:
    return f1_score(y_true.numpy(), y_pred.numpy() > 0, zero_division=0)


def _model(**options: Any) -> Model:
    torch.manual_seed(1)
    model = Model(nn.Linear(4, 1))
    model.compile(nn.BCEWithLogitsLoss(), **options)
    return model


def test_the_loss_alone_suffices_to_evaluate_and_to_train() -> None:
    model = _model()
    exact = nn.functional.binary_cross_entropy_with_logits(model(X), Y).item()
    assert model.evaluate(LOADER) == {"val_loss": pytest.approx(exact)}
    assert isinstance(model.optimizer, torch.optim.Adam)
    assert model.optimizer.param_groups[0]["lr"] == 0.001
    assert model.fit(2, LOADER, log_step_freq=9)["loss"].is_monotonic_decreasing


def test_a_net_without_weights_is_evaluated() -> None:
    model = Model(nn.Flatten())
    model.compile(nn.MSELoss())
    assert model.evaluate(DataLoader(TensorDataset(X, X), 8)) == {"val_loss": 0.0}
    with pytest.raises(NotCompiledError):
        model.fit(1, LOADER)


def test_metrics_give_what_they_like_and_are_exact() -> None:
    model = _model(
        metrics_dict={
            "f1": f1,
            "tensor": accuracy,
            "float": lambda p, t: accuracy(p, t).item(),
            "numpy": lambda p, t: np.float64(accuracy(p, t).item()),
            "array": lambda p, t: accuracy(p, t).numpy()[None],
            "named": "accuracy",
        }
    )
    found = model.evaluate(LOADER)
    assert found["val_f1"] == pytest.approx(f1(model(X).detach(), Y))
    exact = accuracy(model(X), Y).item()
    for name in ("tensor", "float", "numpy", "array", "named"):
        assert found[f"val_{name}"] == pytest.approx(exact)


def test_the_lines_average_the_answers_since_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[int] = []

    def rows(y_pred: torch.Tensor, y_true: torch.Tensor) -> float:
        seen.append(len(y_pred))
        return float(len(y_pred))

    model = _model(metrics_dict={"rows": rows, "acc": "accuracy"})
    frame = model.fit(1, LOADER, log_step_freq=2)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [eval(line)["step"] for line in lines] == [2, 4]
    assert [list(eval(line)) for line in lines] == [["step", "loss", "rows", "acc"]] * 2
    assert seen == [16, 16, 37]
    assert frame["rows"].tolist() == [37.0]


def test_batches_that_cannot_be_joined_are_averaged_by_their_rows() -> None:
    batches = [(torch.zeros(2, 3), torch.ones(2, 3)), (torch.zeros(4, 5), torch.zeros(4, 5))]
    model = Model(nn.Identity())
    model.compile(nn.L1Loss(), metrics_dict={"miss": lambda p, t: (p - t).abs().mean()})
    assert model.evaluate(batches)["val_miss"] == pytest.approx(2 / 6)


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    _model(metrics_dict={"accuracy": accuracy}).fit(1, LOADER, LOADER, log_step_freq=5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Start Training ..."
    assert lines[1].startswith("=" * 80 + "2")
    assert lines[2].startswith("{'step': 5, 'loss': 0.")
    assert lines[4] == "epoch    loss  accuracy  val_loss  val_accuracy"
    assert lines[5].split()[0] == "1"
    assert lines[7:] == ["Finished Training..."]


def test_a_second_fit_goes_on_and_compile_begins_anew() -> None:
    model = _model()
    model.fit(2, LOADER)
    assert model.fit(1, LOADER)["epoch"].tolist() == [1, 2, 3]
    assert len(model.history["loss"]) == 3
    model.compile(nn.BCEWithLogitsLoss())
    assert model.fit(1, LOADER)["epoch"].tolist() == [1]


def test_it_trains_as_the_engine_does() -> None:
    def torchkeras() -> pd.DataFrame:
        model = _model(metrics_dict={"acc": accuracy})
        torch.manual_seed(5)
        return model.fit(3, DataLoader(TensorDataset(X, Y), 8, shuffle=True), LOADER)

    torch.manual_seed(1)
    model = lampas.Model(nn.Linear(4, 1))
    model.compile(torch.optim.Adam(model.parameters()), nn.BCEWithLogitsLoss(), {"acc": accuracy})
    torch.manual_seed(5)
    loader: Any = DataLoader(TensorDataset(X, Y), 8, shuffle=True)
    history = model.fit(loader, epochs=3, validation_data=LOADER, verbose=0)
    pd.testing.assert_frame_equal(torchkeras(), history.frame)


def test_it_takes_the_steps_of_the_old_loop() -> None:
    def loader() -> Any:
        torch.manual_seed(5)
        return DataLoader(TensorDataset(X, Y), 8, shuffle=True)

    model = _model()
    model.compile(nn.BCEWithLogitsLoss(), torch.optim.Adam(model.parameters(), lr=0.1))
    by_hand = copy.deepcopy(model.net)
    assert by_hand is not None
    model.fit(3, loader(), LOADER)

    optimizer = torch.optim.Adam(by_hand.parameters(), lr=0.1)
    train = loader()
    for _ in range(3):
        for x, y in train:
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(by_hand(x), y).backward()
            optimizer.step()
        for _ in LOADER:  # validating drew a seed as well
            pass
    for name, weight in by_hand.state_dict().items():
        torch.testing.assert_close(model.state_dict()[f"net.{name}"], weight)


@pytest.mark.parametrize("size", [1, 5, 37])
def test_evaluate_does_not_depend_on_the_batches(size: int) -> None:
    model = _model(metrics_dict={"f1": f1, "accuracy": accuracy})
    found = model.evaluate(DataLoader(TensorDataset(X, Y), size))
    assert found == pytest.approx(model.evaluate(LOADER), rel=1e-5)


@pytest.mark.parametrize(
    "loader", [LOADER, DataLoader(X, 8), DataLoader(TensorDataset(X), 8)]  # type: ignore[arg-type]
)  # fmt: skip
def test_predict_gives_one_tensor_with_or_without_compile(loader: Any) -> None:
    model = _model()
    with torch.no_grad():
        expected = model(X)
    assert torch.equal(model.predict(loader), expected)
    assert torch.equal(Model(model.net).predict(loader), expected)


class Pair(Model):
    """Takes both its inputs as one argument, as the old loop handed them over."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 1)

    def forward(self, x: Any) -> Any:
        first, second = x.values() if isinstance(x, dict) else x
        return self.fc(first + second)


@pytest.mark.parametrize("features", [lambda x: (x, x), lambda x: {"a": x, "b": x}])
def test_several_features_stay_one_argument(features: Any) -> None:
    rows: Any = [(features(x), y) for x, y in zip(X, Y, strict=True)]
    model = Pair()
    model.compile(nn.BCEWithLogitsLoss(), torch.optim.Adam(model.parameters(), lr=0.1))
    frame = model.fit(5, DataLoader(rows, 8), log_step_freq=99)
    assert frame["loss"].iloc[-1] < frame["loss"].iloc[0]


def test_state_dicts_of_old_files_load() -> None:
    model = _model()
    fresh = Model(nn.Linear(4, 1))
    old = {**model.state_dict(), "loss_func.weight": torch.ones(2)}
    assert list(old) == ["net.weight", "net.bias", "loss_func.weight"]
    fresh.load_state_dict(old)
    assert torch.equal(fresh(X), model(X))
    other = Model(nn.Linear(4, 1))
    other.load_state_dict(model.net.state_dict())  # type: ignore[union-attr]
    assert torch.equal(other(X), model(X))
    plain = nn.Linear(4, 1)
    plain.load_state_dict(model.net.state_dict())  # type: ignore[union-attr]
    assert list(Pair().state_dict()) == ["fc.weight", "fc.bias"]
    with pytest.raises(RuntimeError, match="size mismatch"):
        Model(nn.Linear(3, 1)).load_state_dict(model.state_dict())


class Named(Model):
    """Has names of its own that the face uses too."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ReLU()
        self.fc = nn.Linear(4, 1)
        self.history, self.device = [], "mine"

    def forward(self, x: Any) -> Any:
        return self.fc(self.net(x))


def test_a_subclass_may_have_a_net_and_a_history() -> None:
    model, other = Named(), Named()
    model.compile(nn.BCEWithLogitsLoss())
    model.fit(1, LOADER)
    assert list(model.history) == ["loss"]
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(X), model(X))


def test_a_weighted_loss_leaves_no_trace_in_the_state() -> None:
    model = Model(nn.Linear(4, 2))
    model.compile(nn.CrossEntropyLoss(weight=torch.ones(2)))
    assert list(model.state_dict()) == ["net.weight", "net.bias"]
    assert [name for name, _ in model.named_modules()] == ["", "net"]


def test_copies_and_pickles_carry_the_net_alone() -> None:
    model = _model(metrics_dict={"local": lambda p, t: 0.0})
    assert copy.deepcopy(Named()).device == "mine"
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(X), model(X))
        with pytest.raises(NotCompiledError):
            twin.evaluate(LOADER)


def test_a_missing_cuda_device_is_told_and_the_cpu_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.warns(UserWarning, match="there is no cuda:0 here: the model runs on the CPU"):
        model = _model(device="cuda:0")
    assert model.predict(LOADER).device.type == "cpu"


def test_summary_of_several_inputs_shared_layers_and_unnamed_weights(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))
            self.embed = nn.Embedding(10, 8)
            self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
            self.fc = nn.Linear(8, 8)
            self.fc.bias.requires_grad = False

        def forward(self, tokens: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            h = self.embed(tokens)
            h, _ = self.attend(h, h, h)
            return self.fc(self.fc(h)).sum() + (x * self.scale).sum() + x

    shapes, dtypes = [(5,), (3,)], [torch.LongTensor, torch.FloatTensor]
    assert summary(Odd(), input_shape=shapes, input_dtype=dtypes) is None
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[3:8]] == [
        ["Embedding-1", "[-1,", "5,", "8]", "80"],
        ["MultiheadAttention-2", "[-1,", "5,", "8]", "288"],
        ["Linear-3", "[-1,", "5,", "8]", "72"],
        ["Linear-4", "[-1,", "5,", "8]", "(recursive)"],
        ["Odd-5", "[-1,", "3]", "3"],
    ]
    assert lines[9:12] == ["Total params: 443", "Trainable params: 435", "Non-trainable params: 8"]
    assert lines[13] == f"Input size (MB): {(5 * 8 + 3 * 4) / 2**20:.6f}"


def test_summary_of_a_net_that_squeezes(capsys: pytest.CaptureFixture[str]) -> None:
    class Squeezes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv1d(1, 1, 3), nn.Linear(4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.conv(x).squeeze())

    summary(Squeezes(), input_shape=(1, 6))
    assert "Linear-2                   [-1, 1]               5" in capsys.readouterr().out


def test_summaries_of_wrapped_nets_are_those_of_the_net(
    capsys: pytest.CaptureFixture[str],
) -> None:
    net = nn.Linear(4, 1)
    printed = []
    for one in (net, Model(net), nn.DataParallel(net), Model(nn.DataParallel(net))):
        summary(one, (4,))
        printed.append(capsys.readouterr().out)
    Model(net).summary(input_shape=(4,), input_dtype=torch.float32)
    printed.append(capsys.readouterr().out)
    assert len(set(printed)) == 1


class OwnStep(Model):
    def train_step(self, features: Any, labels: Any) -> Any: ...


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (lambda: Model(nn.Linear), "net is <class 'torch.nn.modules.linear.Linear'>: pass an "
                                   "object of a module, as Model(Net())"),
        (lambda: Model()(X), "Model has no net and no forward: write Model(net), or a forward"),
        (lambda: OwnStep().compile(nn.MSELoss()),
         "OwnStep.train_step would never be called here: subclass lampas.Model, and write its "
         "train_step(self, batch)"),
        (lambda: Model(nn.Linear(4, 1)).fit(1, LOADER),
         "fit came before compile: call model.compile(loss_func, ...)"),
        (lambda: Model(nn.Linear(4, 1)).evaluate(LOADER),
         "evaluate came before compile: call model.compile(loss_func, ...)"),
        (lambda: _model().fit(0, LOADER), "epochs is 0: it must be a whole number, 1 or more"),
        (lambda: _model().fit(1, LOADER, log_step_freq=0),
         "log_step_freq is 0: it must be a whole number, 1 or more"),
        (lambda: _model(metrics_dict={"odd": lambda p, t: p}).evaluate(LOADER),
         "metric 'odd' must give one number, got a Tensor of shape (37, 1)"),
        (lambda: _model(metrics_dict={"loss": accuracy}),
         "a metric cannot be called 'loss', which the history uses itself: pass "
         "metrics={'another_name': ...}"),
        (lambda: _model().summary(input_shape=(3,)), None),
    ],
)  # fmt: skip
def test_bad_input(act: Any, line: str | None) -> None:
    with pytest.raises(LampasError) as caught:
        act()
    if line is not None:
        assert str(caught.value) == line
    else:
        assert "got (2, 3) float32 and takes (*, 4)" in str(caught.value)
    assert isinstance(caught.value, (InputError, NotCompiledError))
