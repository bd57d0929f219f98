"""A sample of the campaign of damage, and what it found."""

import importlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_run import KillError, fit, same, small
from torch import nn

import lampas
from lampas import callbacks, optim, randomness
from lampas.errors import ArtifactError, InputError, LampasError
from lampas.state.folder import Folder

CAMPAIGNS = str(Path(__file__).parents[2] / "campaigns")


@pytest.fixture
def damage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The campaign's own functions; torch's threads are put back, which it sets to one."""
    monkeypatch.syspath_prepend(CAMPAIGNS)
    threads, before = torch.get_num_threads(), set(sys.modules)
    yield importlib.import_module("damage")
    torch.set_num_threads(threads)
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(CAMPAIGNS):
            del sys.modules[name]


def test_no_damaged_checkpoint_goes_on_wrongly(damage: Any, tmp_path: Path) -> None:
    found = list(
        damage.of_checkpoints(tmp_path, 100, random.Random(3), ("mlp", "lstm"), ("inside",))
    )
    assert [one for one in found if one[1].startswith("wrong")] == []
    ends = Counter(end for _, end in found)
    assert len(found) >= 100
    assert ends["older one used"] > 40
    assert ends["refused"] > 3


def test_no_damaged_model_is_loaded_wrongly(damage: Any, tmp_path: Path) -> None:
    artifacts = importlib.import_module("damage_artifacts")
    saved = artifacts._model(tmp_path)
    found = list(artifacts.artifact_trials(saved, 50, tmp_path, random.Random(3)))
    assert [one for one in found if one[1].startswith("wrong")] == []
    assert sum(end == "refused" for _, end in found) > 25


def edited(folder: Path, change: Any) -> Path:
    """The newest checkpoint with another state, all checksums right again."""
    edits = importlib.import_module("edits")
    path = folder / next(iter(Folder(folder).names().values())) / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest["state"])
    path.write_bytes(edits.signed_json(edits.text_of(manifest)))
    return path.parent


def test_what_is_no_state_is_damaged_and_the_older_one_is_used(
    damage: Any, cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = edited(cut, lambda state: state["position"].update(step="two"))
    fit(small(), cut)
    assert f"{place} is damaged: it holds no state of a run: its position says of 'step': 'two', " \
        "which is no count: " in capsys.readouterr().err  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("step", 0, "its position is step 0, and it has the sums of it"),
        ("finished", True, "its run is finished, and in the middle of an epoch"),
        ("epoch", 1, "its history has the epochs [1, 2], and it stands in epoch 0"),
    ],
)
def test_what_contradicts_itself_is_damaged(
    damage: Any, cut: Path, field: str, value: Any, why: str
) -> None:
    edited(cut, lambda state: state["position"].update({field: value}))
    with pytest.raises(ArtifactError) as caught:
        Folder(cut).read(Folder(cut).numbers()[0])
    assert str(caught.value).endswith(why)


def _look(model: lampas.Model) -> list[Any]:
    return [repr([*model.state_dict().values()]), repr(model.optimizer.state_dict()),
            repr(randomness.take()), repr(model.history.rows)]  # fmt: skip


def test_a_state_that_does_not_fit_changes_nothing(damage: Any, cut: Path) -> None:
    """Neither weights, optimiser, random states nor history, also where the last field is it."""

    def change(state: Any) -> None:
        state["random"]["numpy"]["state"]["pos"] = 700

    place, model = edited(cut, change), small()
    before = _look(model)
    with pytest.raises(ArtifactError) as caught:
        fit(model, cut)
    assert str(caught.value) == (
        f"checkpoint: {place} cannot go on here: its state does not fit: ValueError: a random "
        "state has 624 words, and is at word 700; pass what the saved run had, or another folder"
    )
    assert _look(model) == before


def test_what_is_asked_for_beside_it_and_was_not_kept(cut: Path) -> None:
    class Picky:
        """Has a state, and takes none."""

        def state_dict(self) -> dict[str, int]:
            return {"a": 1}

        def load_state_dict(self, state: dict[str, int]) -> None:
            raise OSError("no")

    model, folder = small(), cut
    with pytest.raises(ArtifactError, match="it has nothing of \\['picky'\\], which also= names"):
        fit(model, lampas_checkpoints(folder, {"picky": Picky()}))
    assert same(model, small())


def lampas_checkpoints(folder: Path, also: dict[str, Any]) -> Any:
    from lampas.state.checkpoints import Checkpoints

    return Checkpoints(folder, "3 steps", also=also)


def test_a_refused_run_with_averages_says_why(cut: Path) -> None:
    """The averages had not begun, and were to be finished: that hid the reason."""
    lampas.seed(0)
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("adam", "mse", averaging=optim.EMA(0.9))
    with pytest.raises(InputError, match="cannot go on here: the model is another one"):
        fit(model, cut)


def test_a_position_beyond_the_epoch(damage: Any, cut: Path) -> None:
    edited(cut, lambda state: state["position"].update(step=40))
    with pytest.raises(InputError, match="it stands after step 40, and an epoch has 4 batches"):
        fit(small(), cut)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("lr", "fast", "lr is 'fast', this one's 0.01"),
        ("betas", {"$tuple": [0.9]}, "betas is (0.9,), this one's (0.9, 0.999)"),
        ("betas", {"$tuple": [0.9, 5]}, "cannot be: Invalid beta parameter at index 1: 5"),
        ("amsgrad", True, "is of another kind: it keeps exp_avg, exp_avg_sq, step for each "
         "parameter, this Adam keeps exp_avg, exp_avg_sq, max_exp_avg_sq, step"),
    ],
)  # fmt: skip
def test_options_of_an_optimiser_that_cannot_be(
    damage: Any, cut: Path, key: str, value: Any, line: str
) -> None:
    edited(cut, lambda state: state["optimizers"]["$dict"][0][1]["param_groups"][0].update(
        {key: value}) if "$dict" in state["optimizers"] else state["optimizers"][""][
        "param_groups"][0].update({key: value}))  # fmt: skip
    with pytest.raises(InputError) as caught:
        fit(small(), cut)
    assert line in str(caught.value)


def test_a_place_beside_the_words_of_a_generator() -> None:
    for generator in (np.random.RandomState(0), np.random.Generator(np.random.Philox(0))):
        state = randomness.state_of(generator)
        randomness.put_back(generator, state)
        where = state["state"] if "pos" in state["state"] else state
        where["pos" if where is state["state"] else "buffer_pos"] = 10_000
        with pytest.raises(ValueError, match="and is at word 10000"):
            randomness.put_back(generator, state)


def test_a_pipe_is_no_saved_model(tmp_path: Path) -> None:
    """It was waited for, for ever."""
    mkfifo = pytest.importorskip("os").mkfifo
    mkfifo(tmp_path / "a.lampas")
    with pytest.raises(ArtifactError) as caught:
        lampas.load(tmp_path / "a.lampas")
    assert str(caught.value) == (
        f"{tmp_path}/a.lampas is no regular file: name the .lampas file itself"
    )


def test_a_callback_s_memory_of_another_form(damage: Any, tmp_path: Path) -> None:
    from small_run import Dies

    folder = tmp_path / "run"
    watch = lambda: callbacks.EarlyStopping("loss", patience=9, verbose=0)  # noqa: E731
    with pytest.raises(KillError):
        fit(small(), folder, callbacks=[watch(), Dies(10)])
    edited(folder, lambda state: state["callbacks"]["EarlyStopping"].update(wait="long"))
    with pytest.raises(LampasError, match="EarlyStopping/wait is 'long', and an int is wanted"):
        fit(small(), folder, callbacks=[watch(), Dies(99)])


def test_best_weights_of_another_model_are_found_out_at_once(damage: Any, tmp_path: Path) -> None:
    """Not at the end of the run, where they are put into the model."""
    from small_run import Dies

    def change(state: Any) -> None:
        memory = state["callbacks"]["EarlyStopping"]
        memory["weights.net.9.weight"] = memory.pop("weights.net.0.weight")

    folder, watch = tmp_path / "run", callbacks.EarlyStopping("loss", patience=9, verbose=0)
    with pytest.raises(KillError):
        fit(small(), folder, callbacks=[watch, Dies(10)])
    edited(folder, change)
    with pytest.raises(ArtifactError, match=r"'net\.9\.weight' of the best weights is none"):
        fit(small(), folder, callbacks=[watch, Dies(99)])
