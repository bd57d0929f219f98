"""A run that is cut off goes on where it was, and ends with the same bits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_run import Dies, KillError, X, Y, fit, same, small
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas import Checkpoints, callbacks, optim
from lampas.errors import ArtifactError, InputError
from lampas.state.folder import Folder


def _whole(folder: Path | None = None, **options: Any) -> lampas.Model:
    model = small()
    fit(model, folder, **options)
    return model


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 14), min_size=1, max_size=4))
def test_whenever_it_is_cut_off(tmp_path_factory: Any, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("run")
    for steps in cuts:
        try:
            fit(small(), folder, callbacks=Dies(steps))
        except KillError:
            continue
        break
    model = small()
    history = fit(model, folder)
    whole = small()
    assert history.rows == fit(whole, None).rows
    assert same(model, whole)
    drawn = torch.rand(3)
    _whole()
    assert torch.equal(drawn, torch.rand(3))


def test_checkpoints_change_nothing(tmp_path: Path) -> None:
    with_them = small()
    assert fit(with_them, tmp_path).rows == fit(without := small(), None).rows
    assert same(with_them, without)


def test_it_says_where_it_goes_on(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _whole(cut)
    assert (
        capsys.readouterr().err
        == f"{cut}/checkpoint-000004: goes on in epoch 3 after step 1 of 4\n"
    )


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    stop = callbacks.EarlyStopping("val_loss", patience=1, baseline=0.0)
    first = small()
    history = fit(first, tmp_path, callbacks=stop)
    assert history.stopped is not None
    again = small()
    steps: list[int] = []

    class Counts(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            steps.append(event.step)

    stop = callbacks.EarlyStopping("val_loss", patience=1, baseline=0.0)
    found = fit(again, tmp_path, callbacks=[stop, Counts()], epochs=9)
    assert (found.rows, found.stopped) == (history.rows, history.stopped)
    assert same(first, again)
    assert steps == []


def test_cut_off_between_the_stop_and_the_end(tmp_path: Path) -> None:
    """After the checkpoint of the last step and before that of the finished run."""

    def listening(*more: Any) -> list[Any]:
        return [callbacks.EarlyStopping("val_loss", patience=1, baseline=0.0), *more]

    class FailsAtTheEnd(lampas.Callback):
        hears = frozenset({"fit_end"})

        def __call__(self, event: lampas.Event) -> None:
            raise KillError

    with pytest.raises(KillError):
        fit(small(), tmp_path, callbacks=listening(FailsAtTheEnd()))
    resumed = small()
    history = fit(resumed, tmp_path, callbacks=listening())
    whole = small()
    wanted = fit(whole, None, callbacks=listening())
    assert same(resumed, whole)
    assert (history.rows, history.stopped) == (wanted.rows, wanted.stopped)


def test_fewer_epochs_than_were_done_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KillError):
        fit(small(), tmp_path, callbacks=Dies(14))
    model = small()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    with pytest.raises(InputError, match=r"epochs is 2, and the saved run has come to epoch 3"):
        fit(model, tmp_path, epochs=2)
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())
    assert not list(tmp_path.glob("*-end"))


def test_more_epochs_go_on_from_the_last_one(tmp_path: Path) -> None:
    for epochs in (2, 5):
        model = small(averaging=optim.EMA(0.5))
        fit(model, tmp_path, epochs=epochs)
    whole = small(averaging=optim.EMA(0.5))
    fit(whole, None)
    assert same(model, whole)


def test_a_stop_that_resumes_and_one_that_does_not(tmp_path: Path) -> None:
    class Stops(lampas.Callback):
        hears = frozenset({"step"})

        def __init__(self, resumes: bool) -> None:
            self.resumes = resumes

        def __call__(self, event: lampas.Event) -> lampas.Stop | None:
            due = event.epoch == 2 and event.step == 3
            return lampas.Stop("enough", self.resumes) if due else None

    model = small()
    fit(model, tmp_path / "a", callbacks=Stops(True))
    assert Folder(tmp_path / "a").read(max(Folder(tmp_path / "a").numbers())).is_inside
    model = small()
    fit(model, tmp_path / "a")
    assert same(model, _whole())
    history = fit(small(), tmp_path / "b", callbacks=Stops(False))
    again = fit(small(), tmp_path / "b")
    assert (again.rows, again.stopped) == (history.rows, "enough")


def test_in_one_process_too_with_the_very_objects(tmp_path: Path) -> None:
    model = small(scheduler=lambda step, total: 1 - step / total)
    with pytest.raises(KillError):
        fit(model, tmp_path, callbacks=Dies(7))
    fit(model, tmp_path)
    whole = small(scheduler=lambda step, total: 1 - step / total)
    fit(whole, None)
    assert same(model, whole)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"batch_size": 4}, "batch_size is 4, in the saved run it was 5"),
     ({"x": X[:15], "y": Y[:15]}, "the data has 15 samples, in the saved run it had 20")],
)  # fmt: skip
def test_another_batch_size_or_length_is_refused(
    cut: Path, changed: dict[str, Any], said: str
) -> None:
    model = small()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    data = changed.pop("x", X), changed.pop("y", Y)
    options: Any = {"batch_size": 5, "epochs": 5, "verbose": 0, "validation_data": (X, Y)}
    with pytest.raises(InputError, match=f"checkpoint-000004 cannot go on here: {said}"):
        model.fit(*data, checkpoint=cut, **(options | changed))
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())
    assert model.history.rows == []


def test_another_model_or_optimizer_is_refused(cut: Path) -> None:
    wide = lampas.Model(nn.Sequential(nn.Linear(3, 9), nn.Linear(9, 1)))
    wide.compile("adam", "mse")
    with pytest.raises(InputError, match=r"the model is another one: the net lacks 1\."):
        fit(wide, cut)
    sgd = small()
    sgd.compile(torch.optim.SGD(sgd.parameters(), lr=0.1, momentum=0.9), "mse", ["mae"])
    with pytest.raises(InputError, match="optimizer is of another kind"):
        fit(sgd, cut)


def test_other_values_and_rates_are_told(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = small()
    model.compile(torch.optim.Adam(model.parameters(), lr=0.5), "mae", ["mae"])
    model.fit(X + 1, Y, batch_size=5, epochs=5, verbose=0, validation_data=(X, Y), checkpoint=cut)
    said = capsys.readouterr().err.splitlines()
    doubts = [line.partition("bit for bit: ")[2] for line in said if "bit for bit" in line]
    assert doubts == [
        "the data are not those of the saved run: as many, with other values",
        "lr is 0.5 and was 0.01: the saved one is used",
        "loss is L1Loss and was MSELoss: the new one is used",
    ]
    newest = Folder(cut).newest(print)
    assert newest is not None
    assert newest[1].about["doubts"] == doubts


def test_callbacks_remember_and_new_ones_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listening() -> list[Any]:
        early = callbacks.EarlyStopping("loss", patience=50)
        plateau = callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=1.0)
        return [early, plateau]

    with pytest.raises(KillError):
        fit(small(), tmp_path, callbacks=[*listening(), Dies(14)])
    model = small()
    fit(model, tmp_path, callbacks=listening())
    whole = small()
    fit(whole, None, callbacks=listening())
    assert same(model, whole)
    fit(small(), tmp_path, callbacks=callbacks.EarlyStopping("val_loss"), epochs=5)
    assert "the callback ReduceLROnPlateau of the saved run is not there" in capsys.readouterr().err


def test_what_else_is_asked_for_comes_along(tmp_path: Path) -> None:
    drawn: list[list[float]] = []

    def go(dies: int | None) -> None:
        own = torch.Generator().manual_seed(3)
        seen: list[float] = []

        class Draws(lampas.Callback):
            hears = frozenset({"step"})

            def __call__(self, event: lampas.Event) -> None:
                seen.append(torch.rand((), generator=own).item())

        listening: list[Any] = [Draws()] if dies is None else [Draws(), Dies(dies)]
        drawn.append(seen)
        asked = Checkpoints(tmp_path / "run", "3 steps", also={"own": own})
        fit(small(), asked, callbacks=listening)

    with pytest.raises(KillError):
        go(8)
    go(None)
    own = torch.Generator().manual_seed(3)
    wanted = [torch.rand((), generator=own).item() for _ in range(20)]
    assert drawn[0] == wanted[:8]
    assert drawn[1] == wanted[6:]


def test_the_best_one_stays(tmp_path: Path) -> None:
    asked = Checkpoints(tmp_path, "epoch", keep=1, best="loss", mode="max")
    fit(small(), asked)
    numbers = Folder(tmp_path).numbers()
    states = {number: Folder(tmp_path).read(number) for number in numbers}
    losses = [row["loss"] for row in fit(small(), None).rows]
    best = losses.index(max(losses)) + 1
    assert best in [int(one.position["epoch"]) for one in states.values()]
    assert len(numbers) == 3  # the best, the last, the end
    (number,) = {one.position["best"][1] for one in states.values()} - {None}
    assert states[int(number)].position["epoch"] == best


class _Halves(nn.Module):
    """A model with a step of its own that adds gradients up over two batches."""


class _OwnStep(lampas.Model):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(3, 1)
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.line(x)

    def train_step(self, batch: lampas.Batch) -> dict[str, Any]:
        self.seen += 1
        loss = ((self(batch.x) - batch.y) ** 2).mean()
        loss.backward()
        if self.seen % 2 == 0:
            self.optimizer.step()
            self.optimizer.zero_grad()
        return {"loss": loss}


def test_gradients_and_unsaved_buffers_of_a_step_of_ones_own(tmp_path: Path) -> None:
    def go(folder: Path | None, *listening: Any) -> lampas.Model:
        lampas.seed(1)
        model = _OwnStep()
        model.compile(torch.optim.SGD(model.parameters(), lr=0.1))
        fit(model, folder, validation_data=None, callbacks=list(listening))
        return model

    with pytest.raises(KillError):
        go(tmp_path, Dies(8))
    resumed, whole = go(tmp_path), go(None)
    assert same(resumed, whole)
    assert resumed.seen == whole.seen == 20  # pyright: ignore


def test_accumulation_is_cut_between_two_updates(tmp_path: Path) -> None:
    def go(folder: Path | None, *listening: Any) -> lampas.Model:
        model = small(accumulate=3)
        fit(model, folder, callbacks=list(listening))
        return model

    for steps in (5, 2, 9):
        with pytest.raises(KillError):
            go(tmp_path, Dies(steps))
    for number in Folder(tmp_path).numbers():
        state = Folder(tmp_path).read(number)
        assert state.position["step"] % 3 in (0, 1)  # 3 of 4 batches, or all
    assert same(go(tmp_path), go(None))


def test_a_stream_without_a_state_is_read_again_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stream() -> Iterator[Any]:
        number = 0
        while True:
            number += 1
            yield X[:4] * number, Y[:4]

    def go(folder: Path | None, *listening: Any) -> lampas.Model:
        model = small()
        kept: Any = {} if folder is None else {"checkpoint": folder, "every": "3 steps"}
        model.fit(stream(), steps_per_epoch=4, epochs=5, verbose=0, callbacks=list(listening),
                  **kept)  # fmt: skip
        return model

    with pytest.raises(KillError):
        go(tmp_path, Dies(8))
    assert same(go(tmp_path), go(None))
    assert "the generator has no state_dict: 6 batches were read again" in capsys.readouterr().err


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    def second(event: lampas.Event) -> None:
        fit(small(), tmp_path)

    with pytest.raises(InputError, match=r"is in use by process \d+ on .* since"):
        fit(small(), tmp_path, callbacks=second)
    assert not (tmp_path / ".lock").exists()
    assert not (tmp_path / ".lock-by").exists()
    _whole(tmp_path)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"checkpoint: cannot write in .*file: it is a file"):
        fit(small(), tmp_path / "file")
    with pytest.raises(InputError, match="every='epoch' goes with checkpoint="):
        small().fit(X, Y, every="epoch")


def test_what_no_file_can_hold_is_found_out_before_the_first_step(tmp_path: Path) -> None:
    class Odd(nn.Linear):
        def get_extra_state(self) -> Any:
            return {"rule": print}

        def set_extra_state(self, state: Any) -> None: ...

    model = lampas.Model(Odd(3, 1))
    model.compile("adam", "mse")
    with pytest.raises(InputError, match="cannot save weights/_extra_state/rule"):
        fit(model, tmp_path)


def test_a_state_of_other_code_is_one_line(cut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any) -> None:
        raise KeyError("gone")

    monkeypatch.setattr("lampas.state.state._recall_callbacks", fails)
    with pytest.raises(ArtifactError, match="its state does not fit: KeyError: 'gone'"):
        fit(small(), cut)


def test_logs_go_on_in_their_files(tmp_path: Path) -> None:
    def listening() -> list[Any]:
        return [callbacks.CSVLog(tmp_path / "log.csv"), callbacks.Record(tmp_path / "record")]

    with pytest.raises(KillError):
        fit(small(), tmp_path / "run", callbacks=[*listening(), Dies(13)])
    history = fit(small(), tmp_path / "run", callbacks=listening())
    assert lampas.History.from_csv(tmp_path / "log.csv").rows == history.rows
    assert lampas.History.from_csv(tmp_path / "record" / "history.csv").rows == history.rows
    assert not (tmp_path / "record" / "2").exists()
    vitals = lampas.History.from_csv(tmp_path / "record" / "vitals.csv")
    assert vitals.epoch == [1, 2, 3, 4, 5]


def test_a_loader_whose_batch_size_differs_is_refused(tmp_path: Path) -> None:
    def go(size: int) -> None:
        model = small()
        loader = DataLoader(TensorDataset(X, Y), size)
        model.fit(loader, epochs=2, verbose=0, checkpoint=tmp_path)

    go(5)
    with pytest.raises(InputError, match="batch_size is 4, in the saved run it was 5"):
        go(4)
