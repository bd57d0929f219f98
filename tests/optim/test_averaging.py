import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lampas.errors import ArtifactError, InputError
from lampas.optim import EMA, SWA, Averaging


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def walk(model: nn.Module, averaging: Averaging, total: int, seed: int = 1) -> list[torch.Tensor]:
    """Set random weights `total` times; returns the flat weights after each, the first included."""
    generator = torch.Generator().manual_seed(seed)
    seen = [flat(model)]
    for step in range(1, total + 1):
        with torch.no_grad():
            for p in model.parameters():
                if p.requires_grad:
                    p.copy_(torch.randn(p.shape, generator=generator))
        averaging.update(model, step, total)
        seen.append(flat(model))
    return seen


def flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().double().flatten() for p in model.parameters()])


def averaged(model: nn.Module, averaging: Averaging) -> torch.Tensor:
    with averaging.swapped_in(model):
        return flat(model)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 0.9999), st.booleans(), st.integers(0, 30))
def test_ema_follows_its_formula(decay: float, warmup: bool, total: int) -> None:
    model, ema = net(), EMA(decay, warmup)
    ema.begin(model)
    seen = walk(model, ema, total)
    expected = seen[0]
    for t, weights in enumerate(seen[1:], start=1):
        d = min(decay, (1 + t) / (10 + t)) if warmup else decay
        expected = d * expected + (1 - d) * weights
    torch.testing.assert_close(averaged(model, ema), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(flat(model), seen[-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(0, 30) | st.floats(0, 1), st.integers(1, 4))
def test_swa_is_the_mean_of_the_weights_it_takes(total: int, start, every: int) -> None:
    model, swa = net(), SWA(start, every)
    swa.begin(model)
    seen = walk(model, swa, total)
    first = start if isinstance(start, int) else round(start * total)
    taken = seen[first + 1 :: every]
    assert swa.ready() == bool(taken)
    expected = torch.stack(taken).mean(0) if taken else seen[-1]
    swa.finish(model)
    torch.testing.assert_close(flat(model), expected, rtol=1e-4, atol=1e-5)


def _look_and_fail(model: nn.Module, averaging: Averaging, raw: dict) -> None:
    with averaging.swapped_in(model):
        assert not torch.equal(model[0].weight, raw["0.weight"])
        _ = 1 / 0


@pytest.mark.parametrize("averaging", [EMA(0.5), SWA(0)])
def test_raw_weights_come_back_bit_for_bit_also_after_an_error(averaging: Averaging) -> None:
    model = net()
    averaging.begin(model)
    walk(model, averaging, 5)
    raw = copy.deepcopy(model.state_dict())
    with pytest.raises(ZeroDivisionError):
        _look_and_fail(model, averaging, raw)
    assert all(torch.equal(value, raw[name]) for name, value in model.state_dict().items())


def test_buffers_are_left_as_they_are() -> None:
    model, ema = net(), EMA(0.5)
    ema.begin(model)
    model(torch.randn(8, 3))
    running = model[1].running_mean.clone()
    walk(model, ema, 3)
    with ema.swapped_in(model):
        assert torch.equal(model[1].running_mean, running)
    ema.finish(model)
    assert torch.equal(model[1].running_mean, running)


def test_frozen_weights_cost_nothing_and_stay() -> None:
    model, ema = net(), EMA(0.5)
    model[0].requires_grad_(False)
    ema.begin(model)
    walk(model, ema, 3)
    names = {name.removeprefix("average.") for name in ema.state_dict()} - {"count"}
    assert names == {"1.weight", "1.bias", "2.weight", "2.bias"}
    before = model[0].weight.clone()
    ema.finish(model)
    assert torch.equal(model[0].weight, before)


def test_tied_weights_are_averaged_once() -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    ema = EMA(0.5, warmup=False)
    nn.init.zeros_(model[0].weight)
    ema.begin(model)
    nn.init.ones_(model[0].weight)
    ema.update(model, 1, None)
    ema.finish(model)
    assert torch.equal(model[1].weight, torch.full((3, 3), 0.5))
    assert model[0].weight is model[1].weight


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_small_steps_are_not_lost_in_half_precision(dtype: torch.dtype) -> None:
    model = nn.Linear(2, 2, bias=False).to(dtype)
    nn.init.zeros_(model.weight)
    ema = EMA(0.999, warmup=False)
    ema.begin(model)
    nn.init.ones_(model.weight)
    for step in range(1, 1001):
        ema.update(model, step, None)
    ema.finish(model)
    assert model.weight.dtype == dtype
    torch.testing.assert_close(
        model.weight.detach().float(), torch.full((2, 2), 1 - 0.999**1000), rtol=1e-2, atol=0
    )


def test_mixed_dtypes_are_averaged_together() -> None:
    model = nn.Sequential(nn.Linear(2, 2).double(), nn.Linear(2, 2).bfloat16(), nn.Linear(2, 2))
    swa = SWA(0)
    swa.begin(model)
    seen = walk(model, swa, 4)
    swa.finish(model)
    torch.testing.assert_close(flat(model), torch.stack(seen[1:]).mean(0), rtol=1e-2, atol=1e-2)
    assert [layer.weight.dtype for layer in model] == [
        torch.float64,
        torch.bfloat16,
        torch.float32,
    ]


@pytest.mark.parametrize("make", [lambda: EMA(0.9), lambda: SWA(3, every=2)])
def test_a_restored_average_goes_on_as_if_never_stopped(make) -> None:
    model, whole = net(), make()
    whole.begin(model)
    walk(model, whole, 6)
    state, weights = copy.deepcopy(whole.state_dict()), copy.deepcopy(model.state_dict())
    assert all(isinstance(value, torch.Tensor) for value in state.values())

    other, restored = net(), make()
    other.load_state_dict(weights)
    restored.begin(other)
    restored.load_state_dict(state)
    for step in (7, 8):
        for each, averaging in ((model, whole), (other, restored)):
            with torch.no_grad():
                each[0].weight.add_(step)
            averaging.update(each, step, 8)
    whole.finish(model)
    restored.finish(other)
    assert torch.equal(flat(model), flat(other))


def test_a_copy_of_model_and_average_lives_on_its_own() -> None:
    model, ema = net(), EMA(0.5)
    ema.begin(model)
    walk(model, ema, 2)
    twin, twin_ema = copy.deepcopy((model, ema))
    before = averaged(model, ema)
    walk(twin, twin_ema, 3, seed=9)
    twin_ema.finish(twin)
    assert torch.equal(averaged(model, ema), before)


def test_state_of_another_model_is_refused() -> None:
    ema, other = EMA(), EMA()
    ema.begin(net())
    other.begin(nn.Sequential(nn.Linear(3, 5)))
    with pytest.raises(ArtifactError) as caught:
        ema.load_state_dict(other.state_dict())
    assert str(caught.value) == (
        "averaged weights: '0.weight' has shape (4, 3) in the model, "
        "the saved state has shape (5, 3) for it"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EMA(1.0), "EMA: decay is 1.0; it must lie in [0, 1)"),
        (
            lambda: SWA(start=1.5),
            "SWA: start is 1.5: pass an int (steps) or a float between 0 and 1 "
            "(a share of the run)",
        ),
        (lambda: SWA(every=0), "SWA: every is 0; it must be at least 1 step"),
        (
            lambda: SWA().update(net(), 1, None),
            "SWA(start=0.75) is a share of the run, whose number of steps nobody knows here: "
            "pass steps_per_epoch to fit, or SWA(start=<steps>)",
        ),
        (
            lambda: EMA().update(net(), 1, None),
            "averaging: begin(model) comes before the first step",
        ),
    ],
)
def test_bad_arguments_get_one_clear_line(make, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == message
