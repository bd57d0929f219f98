import copy
import math

import pytest
import torch
from torch import nn

import lampas
from lampas.errors import InputError
from lampas.lr_finder import LRFinder, find_lr


def data() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(120, 3, generator=torch.Generator().manual_seed(0))
    return x, x.sum(1, keepdim=True)


def compiled(optimizer: object = "adam", **options: object) -> lampas.Model:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.Dropout(0.1), nn.Linear(16, 1))
    model = lampas.Model(net)
    model.compile(optimizer, nn.MSELoss(), **options)
    return model


def bits(model: lampas.Model) -> list[torch.Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_suggestion_trains_well_and_the_range_is_geometric() -> None:
    model = compiled()
    found = find_lr(model, *data(), steps=80)
    assert found.suggestion is not None
    assert 1e-4 < found.suggestion < 1
    ratios = [b / a for a, b in zip(found.lrs, found.lrs[1:], strict=False)]
    assert ratios == pytest.approx([1e8 ** (1 / 79)] * len(ratios))
    assert len(found.lrs) == len(found.losses)
    assert found.lrs[0] == 1e-7

    trained = compiled(lambda params: torch.optim.Adam(params, lr=found.suggestion))
    history = trained.fit(*data(), epochs=15, verbose=0)
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]


@pytest.mark.parametrize("options", [{}, {"accumulate": 3}, {"precision": "bf16"}])
def test_everything_is_as_it_was(options: dict[str, object]) -> None:
    plain, tried = compiled(**options), compiled(**options)
    for model in (plain, tried):
        torch.manual_seed(1)
        model.fit(*data(), epochs=1, verbose=0)
    rows = copy.deepcopy(tried.history.history)
    weights, random = bits(tried), torch.get_rng_state()
    find_lr(tried, *data(), steps=20)
    assert same(bits(tried), weights)
    assert torch.equal(torch.get_rng_state(), random)
    assert tried.history.history == rows
    for model in (plain, tried):
        torch.manual_seed(2)
        model.fit(*data(), epochs=2, verbose=0)
    assert same(bits(plain), bits(tried))


def test_everything_is_as_it_was_after_an_error() -> None:
    model = compiled()
    weights, random = bits(model), torch.get_rng_state()
    calls = iter(range(100))

    class Fails(nn.MSELoss):
        def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # noqa: A002
            if next(calls) == 5:
                raise ZeroDivisionError
            return super().forward(input, target)

    model.compile("adam", Fails())
    with pytest.raises(ZeroDivisionError):
        find_lr(model, *data(), steps=20)
    assert same(bits(model), weights)
    assert torch.equal(torch.get_rng_state(), random)
    assert model.optimizer.param_groups[0]["lr"] == 1e-3
    assert not model.optimizer.state


def test_a_diverging_loss_ends_the_test_early_with_finite_losses() -> None:
    model = compiled(lambda params: torch.optim.SGD(params, lr=1.0))
    found = find_lr(model, *data(), stop=1e6)
    assert found.diverged
    assert len(found.losses) < 100
    assert all(map(math.isfinite, found.losses))


def test_groups_keep_their_ratios() -> None:
    seen: list[list[float]] = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            seen.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    def two(params):
        first, *rest = params
        return Watched([{"params": [first], "lr": 0.1}, {"params": rest, "lr": 0.02}])

    find_lr(compiled(two), *data(), start=1e-6, stop=1e-3, steps=10)
    assert [a for a, _ in seen] == pytest.approx([1e-6 * 1e3 ** (i / 9) for i in range(10)])
    assert [b / a for a, b in seen] == pytest.approx([0.2] * 10)


def test_loaders_and_generators_serve() -> None:
    x, y = data()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x, y), batch_size=50, shuffle=True
    )
    assert len(find_lr(compiled(), loader, steps=10, stop=1e-2).lrs) == 10
    batches = ((x[:20], y[:20]) for _ in range(10))
    assert len(find_lr(compiled(), batches, steps=10, stop=1e-2).lrs) == 10


def test_an_own_step_gives_its_loss_by_name() -> None:
    class Own(lampas.Model):
        key = "loss"

        def train_step(self, batch):
            self.optimizer.zero_grad()
            loss = nn.functional.mse_loss(self(batch.x), batch.y)
            loss.backward()
            self.optimizer.step()
            return {self.key: loss}

    model = Own(nn.Linear(3, 1))
    model.compile("sgd")
    assert len(find_lr(model, *data(), steps=10, stop=1e-2).losses) == 10
    model.key = "error"
    with pytest.raises(InputError) as caught:
        find_lr(model, *data(), steps=10)
    assert str(caught.value) == 'find_lr needs a "loss" from train_step, which returned error'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"start": 1.0, "stop": 0.1},
            "find_lr: start is 1.0000 and stop 0.1000; 0 < start < stop is needed",
        ),
        ({"steps": 3}, "find_lr: steps is 3; fewer than 10 show nothing"),
    ],
)
def test_a_range_that_cannot_serve(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        find_lr(compiled(), *data(), **options)
    assert str(caught.value) == message


def test_a_loss_that_refuses_what_diverged_weights_lead_to_ends_the_test() -> None:
    x, y = data()
    torch.manual_seed(0)
    model = lampas.Model(nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()))

    class Explodes(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            if self.param_groups[0]["lr"] > 1e-3:
                self.param_groups[0]["params"][0].data.fill_(math.nan)

    model.compile(Explodes, nn.BCELoss())
    found = find_lr(model, x, (y > 0).float())
    assert found.diverged
    assert found.lrs[-2] < 1e-3 < found.lrs[-1] * 1.3


def test_a_loss_that_is_nan_from_the_start() -> None:
    x, y = data()
    model = compiled()
    model.compile("adam", lambda y_pred, y_true: (y_pred - y_true).mean() * math.nan)
    with pytest.raises(InputError) as caught:
        find_lr(model, x, y)
    assert str(caught.value) == (
        "find_lr: the very first loss is nan or infinite; check x, y and the loss"
    )


def curve(fall_at: float) -> LRFinder:
    """A loss that falls from 1 to 0 around `fall_at` and rises to 5 two decades later."""
    lrs = [10 ** (-7 + 8 * i / 99) for i in range(100)]
    place = [math.log10(lr / fall_at) for lr in lrs]
    losses = [1 / (1 + math.exp(6 * p)) + 5 / (1 + math.exp(-12 * (p - 2))) for p in place]
    return LRFinder(lrs, losses, diverged=False)


@pytest.mark.parametrize("fall_at", [1e-4, 1e-3, 1e-2])
def test_the_suggestion_is_where_the_loss_falls_fastest(fall_at: float) -> None:
    suggestion = curve(fall_at).suggestion
    assert suggestion is not None
    assert fall_at / 1.5 < suggestion < fall_at * 1.5


def test_no_suggestion_where_the_loss_never_fell() -> None:
    found = LRFinder([0.1, 0.2, 0.4, 0.8], [1.0, 1.1, 1.2, 1.3], diverged=False)
    assert found.suggestion is None
    assert str(found) == "4 steps from lr 0.1 to 0.8; no suggestion"


def test_the_plot_is_logarithmic_and_marks_the_suggestion() -> None:
    axes = curve(1e-3).plot()
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()][2].startswith(
        "suggestion 0.00"
    )
    assert axes.figure is not None
    assert curve(1e-2).plot(axes) is axes
