"""Steps within the backward pass: the same weights, and never all gradients at once."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import lampas
from lampas.data.batch import Batch
from lampas.errors import InputError, NonFiniteError, TooLargeError
from lampas.optim import OPTIMIZERS
from lampas.room import peak_of

torch.manual_seed(0)
X = torch.randn(40, 6)
Y = (X.sum(1) > 0).long()


class Net(nn.Module):
    """Tied weights, a batch norm, a frozen layer and one that is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.norm, self.head = nn.BatchNorm1d(6), nn.Linear(6, 2)
        self.frozen, self.unused = nn.Linear(6, 6).requires_grad_(False), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.first(x)) + self.frozen(x)
        return self.head(self.norm(torch.tanh(self.second(x))))


def _fitted(optimizer: Any = "adam", *, inside: bool, epochs: int = 3, **options: Any) -> Any:
    lampas.seed(2)
    model = lampas.Model(Net())
    made = optimizer(model) if callable(optimizer) else optimizer
    model.compile(made, "cross_entropy", ["accuracy"], jit=False,
                  optimizer_in_backward=inside, **options)  # fmt: skip
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, validation_split=0.2)
    return model


def _assert_same(one: lampas.Model, other: lampas.Model) -> None:
    assert one.history.rows == other.history.rows
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    for first, second in zip(one.plan.optimizers, other.plan.optimizers, strict=True):
        _assert_same_states(first.state_dict(), second.state_dict())


def _assert_same_states(one: Any, other: Any) -> None:
    assert one["param_groups"] == other["param_groups"]
    assert sorted(one["state"]) == sorted(other["state"])
    for number, entry in one["state"].items():
        for name, value in entry.items():
            found = other["state"][number][name]
            same = torch.equal(value, found) if isinstance(value, Tensor) else value == found
            assert same, name


OTHERS = sorted(set(OPTIMIZERS) - {"lbfgs", "sparseadam", "muon"})


@pytest.mark.parametrize("name", OTHERS)
def test_weights_and_states_are_the_same_bits(name: str) -> None:
    _assert_same(_fitted(name, inside=False), _fitted(name, inside=True))


def _groups(model: lampas.Model) -> torch.optim.Optimizer:
    net: Any = model.net
    return torch.optim.SGD(
        [{"params": [*net.first.parameters(), net.second.bias], "lr": 0.1},
         {"params": [*net.norm.parameters(), *net.head.parameters()], "weight_decay": 0.1},
         {"params": [*net.frozen.parameters(), *net.unused.parameters()]}],
        lr=0.05, momentum=0.9,
    )  # fmt: skip


def _several(model: lampas.Model) -> dict[str, torch.optim.Optimizer]:
    net: Any = model.net
    rest = [p for name, p in net.named_parameters() if not name.startswith("head")]
    return {
        "body": torch.optim.Adam(rest, lr=0.01),
        "head": torch.optim.SGD(net.head.parameters(), lr=0.1),
    }


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (_groups, {}),
        (_several, {}),
        (_groups, {"clip_value": 0.01}),
        ("adamw", {"scheduler": "cosine"}),
        ("adamw", {"averaging": lampas.optim.EMA(0.9), "penalties": lampas.losses.L2(0.01)}),
        ("adam", {"precision": "bf16"}),
        ("adam", {"recompute": ["first", "second"]}),
        (lambda m: torch.optim.Adam(m.parameters(), foreach=True), {}),
        (lambda m: torch.optim.Adam(m.parameters(), foreach=False, amsgrad=True), {}),
    ],
)
def test_with_all_that_goes_with_it(optimizer: Any, options: dict[str, Any]) -> None:
    with_torch = optimizer
    _assert_same(_fitted(with_torch, inside=False, **options),
                 _fitted(with_torch, inside=True, **options))  # fmt: skip


def test_a_scheduler_of_torchs() -> None:
    found = []
    for inside in (False, True):
        lampas.seed(2)
        model = lampas.Model(Net())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=15)
        model.compile(optimizer, "cross_entropy", scheduler=schedule, jit=False,
                      optimizer_in_backward=inside)  # fmt: skip
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
        found.append(model)
    _assert_same(*found)


def test_sparse_gradients() -> None:
    found = []
    for inside in (False, True):
        lampas.seed(2)
        model = lampas.Model(nn.Sequential(nn.EmbeddingBag(10, 4, sparse=True)))
        optimizer = torch.optim.SparseAdam(list(model.parameters()), lr=0.1)
        model.compile(optimizer, "cross_entropy", jit=False, optimizer_in_backward=inside)
        model.fit(torch.arange(40).reshape(20, 2) % 10, Y[:20], batch_size=5, verbose=0)
        found.append(model)
    _assert_same(*found)


def test_what_is_changed_between_epochs_is_obeyed() -> None:
    def change(event: lampas.Event) -> None:
        optimizer = event.model.optimizer
        optimizer.param_groups[0]["lr"] = 0.1 / event.epoch
        event.model.net.head.weight.requires_grad_(event.epoch != 1)
        if event.epoch == 2:
            optimizer.load_state_dict(optimizer.state_dict())

    found = []
    for inside in (False, True):
        lampas.seed(2)
        model = lampas.Model(Net())
        model.compile("adam", "cross_entropy", jit=False, optimizer_in_backward=inside)
        model.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=change)
        found.append(model)
    _assert_same(*found)


def test_gradients_are_gone_and_hooks_too() -> None:
    model = _fitted(inside=True)
    assert all(p.grad is None for p in model.parameters())
    assert all(not p._post_accumulate_grad_hooks for p in model.parameters())


def test_a_step_holds_one_gradient_at_a_time() -> None:
    taken: list[int] = []
    for inside in (False, True):
        model = lampas.Model(nn.Sequential(*(nn.Linear(64, 64) for _ in range(10))))
        model.compile("adam", "mse", optimizer_in_backward=inside)
        batch = Batch(torch.ones(2, 64), torch.ones(2, 64), None, 2)
        model.train_step(batch)
        model.optimizer.zero_grad()
        taken.append(peak_of(lambda m=model, b=batch: m.train_step(b), torch.device("cpu")))
    weight = 64 * 64 * 4
    assert taken[0] > 10 * weight
    assert taken[1] < 3 * weight


def test_a_run_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    def stop(event: lampas.Event) -> lampas.Stop | None:
        return lampas.Stop("enough", resumes=True) if event.step == 3 and event.epoch == 2 else None

    stop.hears = {"step"}  # pyright: ignore
    whole = _fitted(inside=True)
    for callbacks, inside in ((stop, True), (None, False)):  # it goes on without, as it began with
        lampas.seed(2)
        model = lampas.Model(Net())
        model.compile("adam", "cross_entropy", ["accuracy"], jit=False,
                      optimizer_in_backward=inside)  # fmt: skip
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0, validation_split=0.2,
                  callbacks=callbacks, checkpoint=tmp_path / "run")  # fmt: skip
    _assert_same(whole, model)


def test_saved_and_loaded_it_goes_on(tmp_path: Path) -> None:
    found = []
    for inside in (False, True):
        model = _fitted("adam", inside=inside)
        model.save(tmp_path / "m.lampas")
        again = lampas.load(tmp_path / "m.lampas", net=Net())
        again.compile("adam", "cross_entropy", jit=False, optimizer_in_backward=inside)
        again.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
        found.append(again)
    _assert_same(*found)


def test_a_loss_of_nan_reaches_no_weight() -> None:
    model = _fitted(inside=True)
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(NonFiniteError, match="the loss is nan"):
        model.train_step(Batch(X * torch.nan, Y, None, 40))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_where_memory_runs_out_nothing_is_cut() -> None:
    class Narrow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            if len(x) > 5:
                raise torch.OutOfMemoryError("full")
            return self.body(x)

    model = lampas.Model(Narrow())
    model.compile("adam", "cross_entropy", optimizer_in_backward=True)
    with pytest.raises(TooLargeError, match="optimizer_in_backward has stepped some weights"):
        model.fit(X, Y, batch_size=8, verbose=0)


def test_other_tools_know_it() -> None:
    model = _fitted(inside=True)
    before = [p.detach().clone() for p in model.parameters()]
    assert lampas.find_lr(model, X, Y, batch_size=8).suggestion > 0
    profile = model.profile(X, Y, 8, steps=3)
    assert "optimiser" in str(profile)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    model.fit(X, Y, batch_size="auto", verbose=0)
    assert model.origin["settings"]["optimizer_in_backward"] is True


def test_it_is_not_compiled_and_a_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    model = _fitted(inside=True)
    model.compile("adam", "cross_entropy", optimizer_in_backward=True, jit=True)
    history = model.fit(X, Y, batch_size=8, verbose=0)
    assert history.compiled_steps == 0
    assert "jit: steps are not compiled: optimizer_in_backward=" in capsys.readouterr().err


def test_who_reads_gradients_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = _fitted(inside=True)
    model.fit(X, Y, verbose=0, callbacks=lampas.callbacks.Record(tmp_path / "run"))
    told = "optimizer_in_backward: gradients are gone after a step: Record sees none"
    assert capsys.readouterr().err.count(told) == 1
    model.fit(X, Y, verbose=0, callbacks=lambda event: None)
    assert "gradients" not in capsys.readouterr().err


class Own(lampas.Model):
    def train_step(self, batch: Batch) -> Any:
        return super().train_step(batch)


@pytest.mark.parametrize(
    ("optimizer", "options", "message"),
    [
        ("adam", {"clip_norm": 1.0}, r"^clip_norm needs the gradients of all .* take clip_value"),
        ("adam", {"accumulate": 2}, r"^accumulate=2 adds gradients up, and optimizer_in_backward"),
        ("adam", {"precision": "fp16"}, r"^precision='fp16' looks at all gradients .*'bf16'"),
        ("lbfgs", {}, r"^LBFGS needs the gradients of all parameters together"),
        ("adam", {"optimizer_in_backward": 1}, r"^optimizer_in_backward is 1: pass True or False"),
    ],
)
def test_what_cannot_be(optimizer: str, options: dict[str, Any], message: str) -> None:
    model = lampas.Model(Net())
    with pytest.raises(InputError, match=message):
        model.compile(optimizer, "mse", **{"optimizer_in_backward": True, **options})


def test_steps_of_ones_own_are_refused() -> None:
    with pytest.raises(InputError, match=r"own backward pass, and Own writes its own train_step"):
        Own(Net()).compile("adam", "mse", optimizer_in_backward=True)


def test_step_hooks_are_refused() -> None:
    model = lampas.Model(Net())
    optimizer = torch.optim.Adam(model.parameters())
    handle = optimizer.register_step_post_hook(lambda *_: None)
    with pytest.raises(InputError, match="the optimizer has step hooks, which expect one call"):
        model.compile(optimizer, "mse", optimizer_in_backward=True)
    handle.remove()
    model.compile(optimizer, "mse", optimizer_in_backward=True)
