"""Whole runs, read back by TensorBoard's own reader."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.callbacks import TensorBoard
from lampas.errors import InputError

pytest.importorskip("tensorboard", reason="tensorboard is not installed")

X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
Y = (X.sum(1, keepdim=True) > 0).float()


def _model() -> lampas.Model:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1))
    model = lampas.Model(net)
    model.compile(torch.optim.Adam(model.parameters(), lr=0.01), "bce_with_logits", ["accuracy"],
                  clip_norm=1.0)  # fmt: skip
    return model


def _fit(model: lampas.Model, callbacks: Any, **named: Any) -> lampas.History:
    given = {"epochs": 3, "batch_size": 8, "validation_split": 0.25, "verbose": 0, **named}
    return model.fit(X, Y, callbacks=callbacks, **given)


def _read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    found.Reload()
    return found


def _told(found: Any) -> Any:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    return HParamsPluginData.FromString(content).session_start_info.hparams


def test_everything_is_there(tmp_path: Path) -> None:
    model = _model()
    images = torch.zeros(4, 1, 3, 3)
    board = TensorBoard(
        tmp_path, every=2, images=images, pr_curves=(X, Y), embeddings="0", hparams={"seed": 0}
    )
    history = _fit(model, board)
    train, validation = _read(tmp_path / "train"), _read(tmp_path / "validation")
    assert [e.step for e in train.Scalars("step/loss")] == list(range(2, 19, 2))
    assert [e.step for e in train.Scalars("step/lr")] == list(range(2, 19, 2))
    assert all(0 < e.value < 1.001 for e in train.Scalars("step/gradient_norm"))  # clipped
    for run, prefix in ((train, ""), (validation, "val_")):
        found = [event.value for event in run.Scalars("epoch/loss")]
        assert found == pytest.approx(history.history[f"{prefix}loss"])
    assert [e.step for e in train.Histograms("weights/net.0.weight")] == [1, 2, 3]
    assert [e.step for e in train.Histograms("gradients/net.0.weight")] == [1, 2, 3]
    last = train.Histograms("weights/net.3.bias")[-1].histogram_value
    assert last.sum == pytest.approx(model.net[3].bias.item())
    assert any("Linear[0]" in node.name for node in train.Graph().node)
    assert [e.step for e in train.Images("images")] == [0]
    assert [e.step for e in train.Tensors("pr_curve")] == [0, 1, 2, 3]
    assert (tmp_path / "train" / "projector_config.pbtxt").exists()
    best = history.best
    assert train.Scalars("result/val_loss")[0].value == pytest.approx(best["val_loss"])
    told = _told(train)
    assert (told["batch_size"].number_value, told["seed"].number_value) == (8, 0)
    assert told["optimizer"].string_value == "Adam"
    assert not model._forward_pre_hooks


def test_switches_off(tmp_path: Path) -> None:
    _fit(_model(), TensorBoard(tmp_path, every=0, histograms=0, graph=False, hparams=False))
    tags = _read(tmp_path / "train").Tags()
    assert tags["scalars"] == ["epoch/loss", "epoch/accuracy"]
    assert (tags["histograms"], tags["graph"]) == ([], False)


def test_histograms_of_some_epochs(tmp_path: Path) -> None:
    _fit(_model(), TensorBoard(tmp_path, histograms=2), epochs=5)
    found = _read(tmp_path / "train").Histograms("weights/net.0.weight")
    assert [event.step for event in found] == [2, 4]


def test_the_training_is_the_same_with_it(tmp_path: Path) -> None:
    plain, logged = _model(), _model()
    torch.manual_seed(1)
    without = _fit(plain, None)
    torch.manual_seed(1)
    shown = {"images": lambda _: torch.rand(1, 1, 2, 2), "pr_curves": (X, Y), "embeddings": "0"}
    with_it = _fit(logged, TensorBoard(tmp_path, every=1, **shown))  # pyright: ignore
    assert with_it.rows == without.rows
    for name, tensor in logged.state_dict().items():
        assert torch.equal(tensor, plain.state_dict()[name])


def test_short_epochs_have_scalars_of_steps_too(tmp_path: Path) -> None:
    _fit(_model(), TensorBoard(tmp_path, every=4), batch_size=16)  # three steps an epoch
    assert [e.step for e in _read(tmp_path / "train").Scalars("step/loss")] == [4, 8]


def test_a_run_that_is_continued_goes_on_in_its_folder(tmp_path: Path, capsys: Any) -> None:
    model, board = _model(), TensorBoard(tmp_path, every=2)
    _fit(model, board, epochs=1)
    _fit(model, TensorBoard(tmp_path, every=2), epochs=2, initial_epoch=1)
    found = _read(tmp_path / "train")
    assert [e.step for e in found.Scalars("epoch/loss")] == [1, 2]
    assert [e.step for e in found.Scalars("step/loss")] == [2, 4, 6, 8, 10, 12]
    assert capsys.readouterr().err == ""


def test_a_continued_run_counts_on(tmp_path: Path) -> None:
    _fit(_model(), TensorBoard(tmp_path))
    model, board = _model(), TensorBoard(tmp_path, every=4)
    _fit(model, board, epochs=1)
    _fit(model, board, epochs=3, initial_epoch=1)
    found = _read(tmp_path / "2" / "train")
    assert [e.step for e in found.Scalars("epoch/loss")] == [1, 2, 3]
    # Six steps an epoch; each call of `fit` counts from its own first one.
    assert [e.step for e in found.Scalars("step/loss")] == [4, 10, 14, 18]


def test_while_gradients_accumulate_they_have_no_norm(tmp_path: Path) -> None:
    model = _model()
    model.compile("sgd", "bce_with_logits", accumulate=3)
    _fit(model, TensorBoard(tmp_path, every=1), epochs=2)
    found = _read(tmp_path / "train")
    assert [e.step for e in found.Scalars("step/gradient_norm")] == [3, 6, 9, 12]
    assert len(found.Scalars("step/loss")) == 12


def test_another_run_has_a_folder_of_its_own_and_says_so(tmp_path: Path, capsys: Any) -> None:
    _fit(_model(), TensorBoard(tmp_path))
    _fit(_model(), TensorBoard(tmp_path))
    assert capsys.readouterr().err == (
        f"TensorBoard: {tmp_path} holds the log of another run; this goes into {tmp_path / '2'}\n"
    )
    for folder in (tmp_path, tmp_path / "2"):
        assert len(_read(folder / "train").Scalars("epoch/loss")) == 3


def test_two_writers_at_once(tmp_path: Path, capsys: Any) -> None:
    with lampas.Board(tmp_path):
        _fit(_model(), TensorBoard(tmp_path))
    assert capsys.readouterr().err == (
        f"TensorBoard: {tmp_path} is being written by another program; "
        f"this goes into {tmp_path / '2'}\n"
    )
    assert len(_read(tmp_path / "2" / "train").Scalars("epoch/loss")) == 3


FULL = """
import resource, sys, torch, lampas
from torch import nn
from lampas.callbacks import Checkpoint, TensorBoard

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # the disk is full after 20 kB
x = torch.randn(640, 2)
y = x.sum(1, keepdim=True)
model = lampas.Model(nn.Linear(2, 1))
model.compile("sgd", "mse")
board = TensorBoard(sys.argv[1] + "/log", every=1)
history = model.fit(x, y, epochs=200, batch_size=64, verbose=0,
                    callbacks=[board, Checkpoint(sys.argv[1], save="last", every=100)])
assert len(history) == 200, len(history)
model.save(sys.argv[1] + "/mine.lampas")
print("loss", model.evaluate(x, y)["loss"] < 0.01)
"""


def test_a_full_disk_costs_the_log_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL, str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == (
        f"TensorBoard: the log in {tmp_path / 'log'} cannot be written (File too large): "
        "the run goes on without it\n"
    )
    assert (done.returncode, done.stdout) == (0, "loss True\n")
    for name in ("last.lampas", "mine.lampas"):
        assert isinstance(lampas.load(tmp_path / name, net=nn.Linear(2, 1)), lampas.Model)
    assert len(_read(tmp_path / "log" / "train").Scalars("step/loss")) > 20


def test_a_writer_that_dies_costs_the_log_alone(tmp_path: Path, capsys: Any) -> None:
    board = TensorBoard(tmp_path)

    def kill(event: lampas.Event) -> None:
        if event.epoch == 2:
            assert board._log is not None
            board._log._scribe._process.kill()
            board._log._scribe._process.wait()

    assert len(_fit(_model(), [kill, board])) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("ended with code -9): the run goes on without it\n")


def test_a_folder_that_cannot_be_written_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^TensorBoard cannot write in "):
        _fit(_model(), TensorBoard(tmp_path / "file"))


def test_what_cannot_be_shown_is_told_before_training(tmp_path: Path) -> None:
    model = _model()
    with pytest.raises(InputError, match=r"^images 'images' has shape \(3, 3\): pass \(N, C, H"):
        _fit(model, TensorBoard(tmp_path, images=torch.zeros(3, 3)))
    assert not model._forward_pre_hooks
    with pytest.raises(InputError, match=r"^embeddings: there is no layer 'words'; there are net"):
        _fit(model, TensorBoard(tmp_path, embeddings="words"))


def test_bad_switches() -> None:
    with pytest.raises(InputError, match=r"^TensorBoard: every must be 0 or more, not -1$"):
        TensorBoard("x", every=-1)
    with pytest.raises(InputError, match=r"^TensorBoard: hparams\['a'\] is of type list: pass"):
        TensorBoard("x", hparams={"a": []})  # pyright: ignore[reportArgumentType]


def test_a_graph_that_cannot_be_traced_is_one_line(tmp_path: Path, capsys: Any) -> None:
    class Odd(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if torch.jit.is_tracing():
                raise RuntimeError("not with me")
            return super().forward(x)

    model = lampas.Model(Odd(2, 1))
    model.compile("sgd", "mse")
    assert len(_fit(model, TensorBoard(tmp_path))) == 3
    assert capsys.readouterr().err == (
        "TensorBoard: Model cannot be traced: not with me; the run goes on without its graph\n"
    )


def test_several_losses_and_a_step_of_ones_own(tmp_path: Path) -> None:
    class Own(lampas.Model):
        def train_step(self, batch: Any) -> dict[str, Any]:
            self.optimizer.zero_grad()
            loss = (self(batch.x) - batch.y).square().mean()
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            return {"loss": loss, "half": loss / 2}

    model = Own(nn.Linear(2, 1))
    model.compile("sgd")
    model.fit(X, Y, epochs=1, batch_size=8, verbose=0, callbacks=TensorBoard(tmp_path, every=1))
    found = _read(tmp_path / "train")
    loss, half = found.Scalars("step/loss"), found.Scalars("step/half")
    assert [e.value for e in half] == pytest.approx([e.value / 2 for e in loss])
    assert "step/gradient_norm" not in found.Tags()["scalars"]  # the gradients are gone
    assert not any(tag.startswith("gradients/") for tag in found.Tags()["histograms"])


def test_an_interrupted_first_epoch_leaves_no_results(tmp_path: Path) -> None:
    class Now(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> lampas.Stop:
            return lampas.Stop("enough")

    board = TensorBoard(tmp_path, every=1)
    assert len(_fit(_model(), [Now(), board])) == 0
    found = _read(tmp_path / "train")
    assert len(found.Scalars("step/loss")) == 1
    assert not found.summary_metadata.get("_hparams_/experiment")
