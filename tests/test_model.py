"""The model is an `nn.Module` in every way that PyTorch's users expect, with Keras's verbs."""

import copy
import inspect
import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError, NotCompiledError

torch.manual_seed(0)
X = torch.randn(16, 3)
Y = X.sum(1, keepdim=True)
CLASSES = (X[:, 0] > 0).long()


class Net(lampas.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.first(x)).relu())


def _net() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))


def _wrapped() -> lampas.Model:
    return lampas.Model(_net())


def _subclassed() -> lampas.Model:
    torch.manual_seed(1)
    return Net()


MAKES = pytest.mark.parametrize("make", [_wrapped, _subclassed])


def _compiled(make: Any = _wrapped, **options: Any) -> lampas.Model:
    model = make()
    model.compile(torch.optim.SGD(model.parameters(), lr=0.05), "mse", **options)
    return model


def _fit(model: lampas.Model, epochs: int = 2, **options: Any) -> lampas.History:
    return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, shuffle=False, **options)


def _state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


# --- an nn.Module --------------------------------------------------------------------------------


def test_wrapping_adds_one_prefix_and_subclassing_none() -> None:
    net = _net()
    model = lampas.Model(net)
    assert isinstance(model, nn.Module)
    assert list(model.state_dict()) == [f"net.{name}" for name in net.state_dict()]
    assert all(a is b for a, b in zip(model.parameters(), net.parameters(), strict=True))
    assert [n for n, _ in Net().named_parameters()] == [
        "first.weight", "first.bias", "norm.weight", "norm.bias", "last.weight", "last.bias",
    ]  # fmt: skip


@MAKES
def test_training_adds_nothing_to_the_state_dict(make: Any) -> None:
    model = _compiled(make, metrics=["mae"], averaging=lampas.optim.EMA())
    before, modules = list(model.state_dict()), len(list(model.modules()))
    _fit(model)
    model.evaluate(X, Y)
    model.predict(X)
    assert list(model.state_dict()) == before
    assert len(list(model.modules())) == modules


def test_the_net_itself_is_trained() -> None:
    net = _net()
    model = lampas.Model(net)
    model.compile(torch.optim.SGD(net.parameters(), lr=0.05), "mse")
    before = _state(net)
    _fit(model)
    assert not torch.equal(net[0].weight, before["0.weight"])
    net.eval()
    assert torch.equal(net(X), model.predict(X))


@MAKES
def test_to_moves_and_converts(make: Any) -> None:
    model = make()
    assert model.to(torch.float64) is model
    model.compile("sgd", "mse")
    history = model.fit(X.double(), Y.double(), verbose=0)
    assert model.predict(X.double()).dtype == torch.float64
    assert len(history) == 1
    assert model.fit(X.numpy(), Y.numpy(), verbose=0).rows  # NumPy's floats become the net's


@MAKES
@pytest.mark.parametrize("training", [True, False])
def test_train_and_eval_flags_are_left_as_found(make: Any, training: bool) -> None:
    model = _compiled(make)
    model.train(training)
    norm = next(m for m in model.modules() if isinstance(m, nn.BatchNorm1d))
    norm.train(not training)
    found = [module.training for module in model.modules()]
    seen: list[tuple[bool, bool]] = []
    model.register_forward_pre_hook(lambda m, args: seen.append((m.training, norm.training)))
    for call in (
        lambda: _fit(model, 1, validation_data=(X, Y)),
        lambda: model.evaluate(X, Y),
        lambda: model.predict(X),
    ):
        seen.clear()
        call()
        assert [module.training for module in model.modules()] == found
    assert seen == [(False, False)]
    seen.clear()
    _fit(model, 1, validation_data=(X, Y))
    assert seen == [(True, True)] * 4 + [(False, False)]


def test_an_abandoned_prediction_puts_the_flags_back() -> None:
    model = _wrapped()
    batches = model.predict_batches(X, batch_size=4)
    assert next(batches).shape == (4, 1)
    assert torch.is_grad_enabled()
    batches.close()
    assert all(module.training for module in model.modules())


def test_hooks_of_the_model_and_of_the_net_fire() -> None:
    model = _compiled()
    fired: list[str] = []
    model.register_forward_hook(lambda *_: fired.append("model"))
    model.net.register_forward_hook(lambda *_: fired.append("net"))
    model.net[3].register_full_backward_hook(lambda *_: fired.append("backward"))
    model.fit(X, Y, batch_size=16, verbose=0)
    assert fired == ["net", "model", "backward"]


@MAKES
def test_a_copy_trains_by_itself(make: Any) -> None:
    model = _compiled(make)
    _fit(model)
    twin = copy.deepcopy(model)
    assert _same(_state(twin), _state(model))
    assert twin.history.rows == model.history.rows
    assert not twin.is_compiled
    assert model.is_compiled
    before = _state(model)
    twin.compile(torch.optim.SGD(twin.parameters(), lr=0.05), "mse")
    _fit(twin)
    assert _same(_state(model), before)
    assert not _same(_state(twin), before)


@MAKES
def test_pickles_carry_the_net_and_its_history(make: Any) -> None:
    model = _compiled(make)
    _fit(model)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    for again in (pickle.loads(pickle.dumps(model)), torch.load(file, weights_only=False)):
        assert type(again) is type(model)
        assert _same(_state(again), _state(model))
        assert again.history.rows == model.history.rows
        assert not again.is_compiled
        assert torch.equal(again.predict(X), model.predict(X))


def test_the_net_and_the_weights_pickle_as_always(tmp_path: Path) -> None:
    model = _compiled()
    _fit(model)
    torch.save(model.net, tmp_path / "net.pt")
    net = torch.load(tmp_path / "net.pt", weights_only=False)
    assert torch.equal(net.eval()(X), model.predict(X))
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    other = _wrapped()
    other.load_state_dict(torch.load(tmp_path / "weights.pt"))
    assert torch.equal(other.predict(X), model.predict(X))


def test_a_data_parallel_net() -> None:
    model = lampas.Model(nn.DataParallel(_net()))
    model.compile("sgd", "mse", metrics=["mae"])
    assert len(_fit(model)) == 2
    assert model.predict(X).shape == (16, 1)
    assert model.evaluate(X, Y)["mae"] > 0


def test_a_model_inside_a_model() -> None:
    inner = lampas.Model(_net())
    outer = _compiled(lambda: lampas.Model(inner))
    before = _state(inner)
    _fit(outer)
    assert not _same(_state(inner), before)
    assert next(iter(outer.state_dict())) == "net.net.0.weight"


def test_keyword_inputs_and_several_outputs() -> None:
    class Two(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, a: torch.Tensor, *, b: torch.Tensor) -> dict[str, torch.Tensor]:
            both = self.linear(a + b)
            return {"sum": both[:, :1], "other": both[:, 1:]}

    model = Two()
    outputs = model.predict({"a": X, "b": X}, batch_size=5)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "sum": (16, 1), "other": (16, 1),
    }  # fmt: skip


# --- compile -------------------------------------------------------------------------------------


def test_predict_needs_no_compile() -> None:
    model = _wrapped()
    expected = model.net.eval()(X).detach()
    model.train()
    found = model.predict(X, batch_size=5)
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad
    assert not model.is_compiled


def test_evaluate_needs_no_optimizer() -> None:
    model = _wrapped()
    model.compile(loss="mse", metrics=["mae"])
    found = model.evaluate(X, Y, batch_size=5)
    model.eval()
    expected = nn.functional.mse_loss(model(X), Y).item()
    assert found["loss"] == pytest.approx(expected, rel=1e-6)
    assert list(found) == ["loss", "mae"]
    assert model.optimizer == {}
    with pytest.raises(NotCompiledError, match="without an optimizer"):
        model.fit(X, Y)


def test_evaluate_makes_no_graph_and_draws_no_random_numbers() -> None:
    model = _compiled(metrics=["mae"])
    state = torch.get_rng_state()
    model.evaluate(X, Y)
    model.predict(X)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())


def test_the_optimizer_is_the_one_that_was_passed() -> None:
    model = _wrapped()
    optimizer = torch.optim.Adam(model.parameters())
    model.compile(optimizer, "mse")
    assert model.optimizer is optimizer
    model.compile({"all": optimizer}, "mse")
    assert model.optimizer == {"all": optimizer}
    model.compile("adam", "mse")
    assert isinstance(model.optimizer, torch.optim.Adam)
    model.compile(torch.optim.RMSprop, "mse")
    assert isinstance(model.optimizer, torch.optim.RMSprop)


def test_compiling_again_starts_a_new_plan() -> None:
    model = _compiled(metrics=["mae"])
    _fit(model)
    model.compile("sgd", "mae")
    assert list(model.evaluate(X, Y)) == ["loss"]


def test_device_auto_and_named() -> None:
    model = _compiled(device="auto")
    assert len(_fit(model)) == 2
    model.compile("sgd", "mse", device=torch.device("cpu"))
    assert {p.device.type for p in model.parameters()} == {"cpu"}


def test_a_loss_that_learns_is_trained_by_an_optimizer_that_holds_it() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_scale = nn.Parameter(torch.zeros(()))

        def forward(self, y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
            gap = (y_pred - y_true).square().mean()
            return gap * (-self.log_scale).exp() + self.log_scale

    model, loss = _wrapped(), Scaled()
    model.compile(torch.optim.SGD([*model.parameters(), *loss.parameters()], lr=0.05), loss)
    _fit(model)
    assert loss.log_scale.item() != 0.0


def test_a_warning_for_parameters_that_no_optimizer_holds() -> None:
    model = _wrapped()
    optimizer = torch.optim.SGD(model.net[3].parameters(), lr=0.1)
    with pytest.warns(UserWarning, match=r"lacks 4 of the model's 6 trainable") as caught:
        model.compile(optimizer, "mse")
    assert caught[0].filename == __file__


def test_metric_values_holds_what_is_no_number() -> None:
    model = lampas.Model(nn.Linear(3, 2))
    model.compile("sgd", "cross_entropy", metrics=["accuracy", "confusion_matrix"])
    found = model.evaluate(X, CLASSES)
    matrix = model.metric_values["confusion_matrix"]
    assert matrix.shape == (2, 2)
    assert matrix.sum() == 16
    assert matrix.diagonal().sum() / 16 == pytest.approx(found["accuracy"])


# --- fit -----------------------------------------------------------------------------------------


def test_fit_has_keras_arguments_in_keras_order() -> None:
    assert list(inspect.signature(lampas.Model.fit).parameters) == [
        "self", "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split",
        "validation_data", "shuffle", "class_weight", "sample_weight", "initial_epoch",
        "steps_per_epoch", "validation_steps", "validation_batch_size", "validation_freq",
        "checkpoint", "every",
    ]  # fmt: skip
    names = list(inspect.signature(lampas.Model.compile).parameters)
    assert names[:4] == ["self", "optimizer", "loss", "metrics"]
    assert list(inspect.signature(lampas.Model.evaluate).parameters)[:4] == [
        "self", "x", "y", "batch_size",
    ]  # fmt: skip


def test_history_is_what_the_last_fit_recorded() -> None:
    model = _compiled()
    assert model.history.rows == []
    first = _fit(model, 3, validation_data=(X, Y))
    assert model.history is first
    assert [row["epoch"] for row in first.rows] == [1, 2, 3]
    assert list(first.rows[0]) == ["epoch", "loss", "val_loss"]
    second = _fit(model, 5, initial_epoch=3)
    assert model.history is second
    assert second.epoch == [1, 2, 3, 4, 5]  # those before initial_epoch are carried over
    assert first.epoch == [1, 2, 3]


def test_the_history_is_open_to_a_callback_while_it_grows() -> None:
    model = _compiled()
    seen: list[int] = []
    _fit(model, 3, callbacks=lambda event: seen.append(len(event.model.history)))
    assert seen == [1, 2, 3]


def test_epochs_already_done_are_not_done_again() -> None:
    model = _compiled()
    before = _state(model)
    assert _fit(model, 2, initial_epoch=2).rows == []
    assert _same(_state(model), before)


def test_two_runs_of_two_epochs_are_one_of_four() -> None:
    one, two = _compiled(), _compiled()
    _fit(one, 4)
    _fit(two, 2)
    _fit(two, 4, initial_epoch=2)
    assert _same(_state(one), _state(two))


def test_val_loss_is_what_evaluate_says() -> None:
    model = _compiled(metrics=["mae"])
    history = _fit(model, 2, validation_data=(X[:7], Y[:7]))
    found = model.evaluate(X[:7], Y[:7])
    assert history.rows[-1]["val_loss"] == pytest.approx(found["loss"], rel=1e-6)
    assert history.rows[-1]["val_mae"] == pytest.approx(found["mae"], rel=1e-6)


def test_a_subclass_may_set_net_after_init() -> None:
    class Late(lampas.Model):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(3, 1)

    assert len(_fit(_compiled(Late))) == 2


def test_wrapping_a_net_in_a_subclass() -> None:
    class Doubled(lampas.Model):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * self.net(x)

    model = Doubled(_net())
    torch.testing.assert_close(model.predict(X), 2 * lampas.Model(_net()).predict(X))
    with pytest.raises(InputError, match="net is of type int"):
        Doubled(3)  # type: ignore[arg-type]
