"""Optimisation through `fit`, each against a loop written by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

import lampas
from lampas.callbacks import Event
from lampas.errors import InputError
from lampas.losses import L1, L2
from lampas.optim import EMA, SWA, freeze, unfreeze

torch.manual_seed(0)
X = torch.randn(40, 3)
Y = X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.3
BATCHES = list(zip(X.split(8), Y.split(8), strict=True))


def _net(seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))


def _sgd(net: nn.Module, lr: float = 0.1, **options: Any) -> torch.optim.Optimizer:
    # `foreach` decided: ours and the loop's by hand then take the same kernels.
    return torch.optim.SGD(net.parameters(), lr=lr, foreach=False, **options)


def _fit(
    net: nn.Module, optimizer: Any, epochs: int = 3, callbacks: Any = None, **options: Any
) -> lampas.Model:
    model = lampas.Model(net)
    model.compile(optimizer, "mse", **options)
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def _by_hand(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    epochs: int = 3,
    before: Callable[[nn.Module], Any] = lambda net: None,
    after: Callable[[nn.Module], Any] = lambda net: None,
    after_epoch: Callable[[], Any] = lambda: None,
) -> None:
    """The usual script; `before` and `after` each step."""
    for _ in range(epochs):
        for x, y in BATCHES:
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            before(net)
            optimizer.step()
            after(net)
        after_epoch()


def _equal(left: nn.Module, right: nn.Module) -> bool:
    pairs = zip(left.state_dict().values(), right.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# --- clipping ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "clip"), [
    ({"clip_norm": 0.05}, lambda net: nn.utils.clip_grad_norm_(net.parameters(), 0.05)),
    ({"clip_value": 0.01}, lambda net: nn.utils.clip_grad_value_(net.parameters(), 0.01)),
])  # fmt: skip
def test_clipping_is_torchs(options: dict[str, float], clip: Any) -> None:
    net, hand = _net(), _net()
    _fit(net, _sgd(net), **options)
    _by_hand(hand, _sgd(hand), before=clip)
    assert _equal(net, hand)


def test_clipping_bounds_each_step_of_sgd() -> None:
    net = _net()
    before = [p.detach().clone() for p in net.parameters()]
    model = lampas.Model(net)
    model.compile(_sgd(net, lr=1.0), "mse", clip_norm=0.01)
    model.fit(X, Y, batch_size=40, verbose=0)
    moves = [p.detach() - old for p, old in zip(net.parameters(), before, strict=True)]
    norm = torch.stack([m.norm() for m in moves]).norm().item()
    assert norm == pytest.approx(0.01, rel=1e-3)


def test_the_norm_is_of_all_optimizers_together() -> None:
    net, hand = _net(), _net()
    named = {"first": torch.optim.SGD(net[0].parameters(), lr=0.1, foreach=False),
             "last": torch.optim.SGD(net[2].parameters(), lr=0.1, foreach=False)}  # fmt: skip
    _fit(net, named, clip_norm=0.05)
    clip = partial(_clip_all, norm=0.05)
    _by_hand(hand, _sgd(hand), before=clip)
    assert _equal(net, hand)


def _clip_all(net: nn.Module, norm: float) -> None:
    nn.utils.clip_grad_norm_(net.parameters(), norm)


# --- precision -----------------------------------------------------------------------------------


def test_bf16_computes_in_half_and_compares_in_full() -> None:
    seen: set[torch.dtype] = set()

    def loss(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
        seen.add(y_pred.dtype)
        return (y_pred - y_true).square().mean()

    net = _net()
    inside: set[torch.dtype] = set()
    net[0].register_forward_hook(lambda m, args, out: inside.add(out.dtype))
    model = lampas.Model(net)
    model.compile(_sgd(net), loss, metrics=["mae"], precision="bf16")
    history = model.fit(X, Y, batch_size=8, epochs=20, validation_data=(X, Y), verbose=0)
    losses = history.history
    assert losses["loss"][-1] < 0.3 * losses["loss"][0]
    assert inside == {torch.bfloat16}
    assert seen == {torch.float32}
    assert model.predict(X).dtype == torch.float32
    assert {p.dtype for p in net.parameters()} == {torch.float32}
    assert model.evaluate(X, Y)["loss"] == pytest.approx(losses["val_loss"][-1], rel=1e-6)


def test_bf16_is_the_script_with_autocast() -> None:
    net, hand = _net(), _net()
    _fit(net, _sgd(net), precision="bf16")
    optimizer = _sgd(hand)
    for _ in range(3):
        for x, y in BATCHES:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                output = hand(x)
            nn.functional.mse_loss(output.float(), y).backward()
            optimizer.step()
    assert _equal(net, hand)


def test_fp16_scales_the_loss_and_skips_what_overflows() -> None:
    net = _net()
    model = lampas.Model(net)
    model.compile(_sgd(net), "mse", precision="fp16", clip_norm=1.0)
    scale = model.plan.scaler.get_scale()
    assert scale > 1.0
    history = model.fit(X, Y, batch_size=8, epochs=20, verbose=0)
    assert history.rows[-1]["loss"] < 0.5 * history.rows[0]["loss"]
    assert all(bool(p.isfinite().all()) for p in net.parameters())


def test_fp16_with_a_scheduler_and_averages() -> None:
    net = _net()
    optimizer = _sgd(net)
    model = _fit(net, optimizer, precision="fp16", scheduler="cosine", averaging=EMA(0.9))
    assert len(model.history) == 3


@pytest.mark.parametrize("every", ["step", "epoch"])
def test_a_step_that_the_scaler_leaves_out_is_no_wrong_order(every: Any) -> None:
    torch.manual_seed(1)
    net = nn.Linear(3, 1)
    # `fused` decided: a fused step is called in any case, and skips by itself.
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, fused=False)
    model = lampas.Model(net)
    scheduler = lr_scheduler.StepLR(optimizer, 1, 0.9)
    model.compile(optimizer, "mse", precision="fp16", scheduler=scheduler, scheduler_every=every)
    before = net.weight.detach().clone()
    scale = model.plan.scaler.get_scale()
    model.fit(10 * X, 1000 * Y, batch_size=40, verbose=0)  # torch would warn, an error here
    assert torch.equal(net.weight, before)
    assert model.plan.scaler.get_scale() < scale


# --- averages ------------------------------------------------------------------------------------


def test_ema_validates_with_and_leaves_the_averages() -> None:
    net, hand = _net(), _net()
    model = lampas.Model(net)
    model.compile(_sgd(net), "mse", averaging=EMA(decay=0.9, warmup=False))
    seen: list[list[torch.Tensor]] = []

    def see(event: Event) -> None:
        seen.append([p.detach().clone() for p in net.parameters()])

    model.fit(
        X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y),
        callbacks=see,
    )  # fmt: skip
    means = [p.detach().clone() for p in hand.parameters()]
    at_epochs: list[list[torch.Tensor]] = []

    def average(hand: nn.Module) -> None:
        for mean, p in zip(means, hand.parameters(), strict=True):
            mean.mul_(0.9).add_(p.detach(), alpha=0.1)

    _by_hand(hand, _sgd(hand), after=average,
             after_epoch=lambda: at_epochs.append([m.clone() for m in means]))  # fmt: skip
    # What a callback (a checkpoint) sees are the averages, and so is what validation used.
    for ours, theirs in zip(seen, at_epochs, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b)
    for p, mean in zip(net.parameters(), means, strict=True):
        torch.testing.assert_close(p.detach(), mean)
    assert model.evaluate(X, Y)["loss"] == pytest.approx(model.history.rows[-1]["val_loss"])


def test_swa_is_the_mean_of_the_last_weights() -> None:
    net, hand = _net(), _net()
    model = _fit(net, _sgd(net), averaging=SWA(start=0.6))
    taken: list[list[torch.Tensor]] = []
    _by_hand(hand, _sgd(hand), after=lambda n: taken.append(
        [p.detach().clone() for p in n.parameters()]))  # fmt: skip
    last = taken[9:]  # of 15 steps, those after the ninth
    assert len(last) == 6
    for index, p in enumerate(net.parameters()):
        mean = torch.stack([weights[index] for weights in last]).mean(0)
        torch.testing.assert_close(p.detach(), mean)
    assert len(model.history) == 3


def test_averages_survive_a_stop_within_an_epoch() -> None:
    class Stops(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: Event) -> lampas.Stop | None:
            return lampas.Stop("now") if event.step == 3 else None

    net, hand = _net(), _net()
    _fit(net, _sgd(net), averaging=EMA(0.9, warmup=False), callbacks=Stops())
    means = [p.detach().clone() for p in hand.parameters()]
    optimizer = _sgd(hand)
    for x, y in BATCHES[:3]:
        optimizer.zero_grad()
        nn.functional.mse_loss(hand(x), y).backward()
        optimizer.step()
        for mean, p in zip(means, hand.parameters(), strict=True):
            mean.mul_(0.9).add_(p.detach(), alpha=0.1)
    for p, mean in zip(net.parameters(), means, strict=True):
        torch.testing.assert_close(p.detach(), mean)


# --- schedules -----------------------------------------------------------------------------------


def test_torchs_schedulers_move_each_epoch() -> None:
    net, hand = _net(), _net()
    optimizer, twin = _sgd(net), _sgd(hand)
    model = _fit(net, optimizer, epochs=4, scheduler=lr_scheduler.StepLR(optimizer, 2, 0.1))
    scheduler = lr_scheduler.StepLR(twin, 2, 0.1)
    _by_hand(hand, twin, epochs=4, after_epoch=scheduler.step)
    assert _equal(net, hand)
    assert model.history.history["lr"] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_one_cycle_moves_each_step() -> None:
    net, hand = _net(), _net()
    optimizer, twin = _sgd(net, momentum=0.9), _sgd(hand, momentum=0.9)
    make = partial(lr_scheduler.OneCycleLR, max_lr=0.2, total_steps=15)
    _fit(net, optimizer, scheduler=make(optimizer))
    scheduler = make(twin)
    _by_hand(hand, twin, after=lambda n: scheduler.step() if scheduler.last_epoch < 14 else None)
    assert _equal(net, hand)


def test_a_class_of_schedulers_is_built_for_the_optimizer() -> None:
    net = _net()
    model = _fit(net, "sgd", scheduler=partial(lr_scheduler.ExponentialLR, gamma=0.5))
    assert model.history.history["lr"] == pytest.approx([1e-3, 5e-4, 2.5e-4])


def test_scheduler_every_overrules() -> None:
    net = _net()
    optimizer = _sgd(net)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    _fit(net, optimizer, epochs=1, scheduler=scheduler, scheduler_every="step")
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**5)


def test_a_plain_function_of_the_step() -> None:
    net, hand = _net(), _net()
    calls: list[tuple[int, int]] = []

    def schedule(step: int, total: int) -> float:
        calls.append((step, total))
        return 1 - step / (2 * total)

    _fit(net, _sgd(net), scheduler=schedule)
    optimizer = _sgd(hand)
    count = 0

    def set_rate(hand: nn.Module) -> None:
        nonlocal count
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - count / 30)
        count += 1

    _by_hand(hand, optimizer, before=set_rate)
    assert {total for _, total in calls} == {15}
    assert _equal(net, hand)


def test_accumulation_counts_optimiser_steps() -> None:
    totals: set[int] = set()
    steps: list[int] = []

    def schedule(step: int, total: int) -> float:
        totals.add(total)
        steps.append(step)
        return 1.0

    net = _net()
    _fit(net, _sgd(net), epochs=2, scheduler=schedule, accumulate=2)
    assert totals == {6}  # five batches an epoch in twos: three steps
    assert sorted(set(steps)) == [0, 1, 2, 3, 4, 5, 6]


def test_a_schedule_goes_on_where_a_run_is_continued() -> None:
    net, hand = _net(), _net()
    schedule = lampas.optim.schedules.linear()
    whole = lampas.Model(hand)
    whole.compile(_sgd(hand), "mse", scheduler=schedule)
    whole.fit(X, Y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    model = lampas.Model(net)
    for done in (0, 2):
        model.compile(_sgd(net), "mse", scheduler=schedule)
        model.fit(X, Y, batch_size=8, epochs=4, initial_epoch=done, shuffle=False, verbose=0,
                  callbacks=_stop_after(2 if done == 0 else 4))  # fmt: skip
    assert model.history.history["lr"] == pytest.approx(whole.history.history["lr"])
    assert _equal(net, hand)


def _stop_after(epoch: int) -> Callable[[Event], lampas.Stop | None]:
    return lambda event: lampas.Stop("half") if event.epoch == epoch else None


def test_several_optimizers_keep_their_own_schedules() -> None:
    net = _net()
    named = {"first": torch.optim.SGD(net[0].parameters()),
             "last": torch.optim.SGD(net[2].parameters())}  # fmt: skip
    model = lampas.Model(net)
    with pytest.raises(InputError) as caught:
        model.compile(named, "mse", scheduler="cosine")
    assert str(caught.value) == (
        "scheduler works with one optimizer, and there are 2: step the schedulers of several in "
        "your train_step"
    )


# --- optimizers ----------------------------------------------------------------------------------


def test_lbfgs_is_a_closure_loop_by_hand() -> None:
    net, hand = _net(), _net()
    make = partial(torch.optim.LBFGS, lr=0.5, max_iter=5)
    model = lampas.Model(net)
    model.compile(make(net.parameters()), "mse", metrics=["mse"])
    model.fit(X, Y, batch_size=40, epochs=4, shuffle=False, verbose=0)
    optimizer = make(hand.parameters())

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(hand(X), Y)
        loss.backward()
        return loss

    firsts = [optimizer.step(closure).item() for _ in range(4)]
    assert _equal(net, hand)
    assert model.history.history["loss"] == pytest.approx(firsts, rel=1e-6)
    assert model.history.history["mse"] == pytest.approx(firsts, rel=1e-5)


def test_lbfgs_solves_a_quadratic_in_a_few_steps() -> None:
    torch.manual_seed(1)
    model = lampas.Model(nn.Linear(3, 1))
    model.compile("lbfgs", "mse")
    model.fit(X, Y, batch_size=40, epochs=25, verbose=0)
    torch.testing.assert_close(
        model.net.weight.detach(), torch.tensor([[1.0, -2.0, 0.5]]), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("options", [{"accumulate": 2}, {"precision": "fp16"}])
def test_lbfgs_works_alone(options: dict[str, Any]) -> None:
    model = lampas.Model(_net())
    with pytest.raises(InputError) as caught:
        model.compile("lbfgs", "mse", **options)
    assert str(caught.value) == (
        "LBFGS evaluates the loss several times a step: it works alone, with accumulate=1 and "
        "without fp16"
    )


class Sparse(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 4, sparse=True)
        self.head = nn.Linear(4, 1)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.head(self.table(words).mean(1))


def test_sparse_and_dense_optimizers_both_step() -> None:
    words, y = torch.arange(40).reshape(20, 2) % 7, torch.ones(20, 1)
    nets: list[Sparse] = []
    for _ in range(2):
        torch.manual_seed(1)
        nets.append(Sparse())
    net, hand = nets
    named = {"table": torch.optim.SparseAdam(net.table.parameters(), lr=0.05),
             "head": torch.optim.Adam(net.head.parameters(), lr=0.05, foreach=False)}  # fmt: skip
    model = lampas.Model(net)
    model.compile(named, "mse")
    history = model.fit(words, y, batch_size=5, epochs=3, shuffle=False, verbose=0)
    pair = [torch.optim.SparseAdam(hand.table.parameters(), lr=0.05),
            torch.optim.Adam(hand.head.parameters(), lr=0.05, foreach=False)]  # fmt: skip
    for _ in range(3):
        for x, t in zip(words.split(5), y.split(5), strict=True):
            hand.zero_grad()
            nn.functional.mse_loss(hand(x), t).backward()
            for optimizer in pair:
                optimizer.step()
    assert _equal(net, hand)
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]


def test_sparse_gradients_with_sgd_by_one_optimizer() -> None:
    torch.manual_seed(1)
    model = lampas.Model(Sparse())
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), "mse")
    words = torch.arange(40).reshape(20, 2) % 7
    history = model.fit(words, torch.ones(20, 1), batch_size=5, epochs=3, verbose=0)
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]


def test_hooks_of_an_optimizer_are_called() -> None:
    net = _net()
    optimizer = _sgd(net)
    calls: list[int] = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    _fit(net, optimizer, epochs=1)
    assert len(calls) == 5


def test_a_group_added_between_two_fits_trains() -> None:
    net = _net()
    optimizer = torch.optim.SGD(net[2].parameters(), lr=0.1)
    model = lampas.Model(net)
    freeze(net, "0")
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    unfreeze(net, "0")
    before = net[0].weight.detach().clone()
    optimizer.add_param_group({"params": list(net[0].parameters())})
    model.fit(X, Y, verbose=0)
    assert not torch.equal(net[0].weight, before)
    assert net[0].weight.grad is not None


def test_a_group_added_and_a_hook_registered_by_a_callback() -> None:
    class Thaws(lampas.Callback):
        hears = frozenset({"fit_begin", "epoch_begin"})

        def __call__(self, event: Event) -> None:
            if event.kind == "fit_begin":
                optimizer.register_step_post_hook(lambda *_: calls.append(1))
            elif event.epoch == 2:
                optimizer.add_param_group({"params": list(net[0].parameters())})

    net, hand = _net(), _net()
    optimizer = torch.optim.SGD(net[2].parameters(), lr=0.1, foreach=False)
    calls: list[int] = []
    model = lampas.Model(net)
    with pytest.warns(UserWarning, match="lacks 2 of"):
        model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=Thaws())
    _by_hand(hand, torch.optim.SGD(hand[2].parameters(), lr=0.1, foreach=False), epochs=1)
    _by_hand(hand, _sgd(hand), epochs=1)
    assert _equal(net, hand)
    assert len(calls) == 10


def test_frozen_weights_stay_and_thaw() -> None:
    net = _net()
    model = lampas.Model(net)
    model.compile(_sgd(net, momentum=0.9, weight_decay=0.1), "mse")
    model.fit(X, Y, epochs=2, verbose=0)
    freeze(model, "net.0")
    before = net[0].weight.detach().clone()
    model.fit(X, Y, epochs=2, verbose=0)
    assert torch.equal(net[0].weight, before)
    unfreeze(model, "net.0")
    model.fit(X, Y, verbose=0)
    assert not torch.equal(net[0].weight, before)


# --- penalties -----------------------------------------------------------------------------------


def test_an_l2_penalty_is_weight_decay_of_sgd() -> None:
    net, hand = _net(), _net()
    # By hand the decay is on the weights alone, as the penalty is.
    groups = [{"params": [p for p in hand.parameters() if p.ndim > 1], "weight_decay": 0.02},
              {"params": [p for p in hand.parameters() if p.ndim == 1]}]  # fmt: skip
    _fit(net, _sgd(net), penalties=L2(0.01))
    _by_hand(hand, torch.optim.SGD(groups, lr=0.1))
    for a, b in zip(net.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_penalties_stand_beside_the_loss_and_not_in_it() -> None:
    net = _net()
    model = lampas.Model(net)
    model.compile(_sgd(net, lr=0.0), "mse", penalties=[L1(0.1), L2(0.01)])
    history = model.fit(X, Y, batch_size=8, validation_data=(X, Y), verbose=0)
    assert history.columns == ["loss", "l1", "l2", "val_loss"]
    row = history.rows[0]
    weights = [p for p in net.parameters() if p.ndim > 1]
    assert row["loss"] == pytest.approx(row["val_loss"], rel=1e-6)
    assert row["l1"] == pytest.approx(sum(0.1 * w.abs().sum().item() for w in weights), rel=1e-5)
    assert row["l2"] == pytest.approx(
        sum(0.01 * w.square().sum().item() for w in weights), rel=1e-5
    )


def test_a_penalty_counts_once_with_accumulation() -> None:
    net, hand = _net(), _net()
    _fit(net, _sgd(net), epochs=2, penalties=L2(0.05), accumulate=5)
    whole = lampas.Model(hand)
    whole.compile(_sgd(hand), "mse", penalties=L2(0.05))
    whole.fit(X, Y, batch_size=40, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(net.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)
