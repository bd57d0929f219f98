"""Laws of the engine, on random shapes: whatever the batches, the numbers are those of the data."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

import lampas
from lampas.data.loader import TensorLoaderFeed, stacks_rows_only

CPU = torch.device("cpu")


# (a) a recognised loader gives what iterating it gives


def _sampler(kind: str, n: int, own: bool, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed) if own else None
    data = range(n)
    match kind:
        case "random":
            return RandomSampler(data, generator=generator)
        case "more":
            return RandomSampler(data, num_samples=2 * n + 1, generator=generator)
        case "replacement":
            return RandomSampler(data, replacement=True, num_samples=n + 40, generator=generator)
        case "sequential":
            return SequentialSampler(data)
        case "subset":
            return SubsetRandomSampler(list(range(0, n, 2)), generator=generator)
        case "weighted":
            weights = torch.arange(1.0, n + 1)
            return WeightedRandomSampler(weights, n, generator=generator)
        case "tensors":
            return [torch.tensor(i) for i in reversed(data)]
        case _:
            return [-1 - i for i in data]


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(
        ["random", "more", "replacement", "sequential", "subset", "weighted", "tensors", "negative"]
    ),
    n=st.integers(1, 23),
    batch_size=st.integers(1, 9),
    drop_last=st.booleans(),
    own=st.booleans(),
    loader_generator=st.booleans(),
    subset=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_recognised_loader_gives_the_same_batches_and_leaves_the_same_random_state(
    kind: str,
    n: int,
    batch_size: int,
    drop_last: bool,
    own: bool,
    loader_generator: bool,
    subset: bool,
    seed: int,
) -> None:
    x, y = torch.arange(3.0 * (n + 2)).reshape(n + 2, 3), torch.arange(n + 2)
    rows = list(range(-n, 0)) if seed % 2 else list(range(n))
    dataset: Any = Subset(TensorDataset(x, y), rows) if subset else TensorDataset(x[:n], y[:n])

    def run(read: Callable[[Any], list[Any]]) -> tuple[list[Any], torch.Tensor, Any]:
        torch.manual_seed(seed)
        sampler = _sampler(kind, n, own, seed)
        generator = torch.Generator().manual_seed(seed + 1) if loader_generator else None
        loader: Any = DataLoader(
            dataset, batch_size, sampler=sampler, drop_last=drop_last, generator=generator
        )
        found = read(loader) + read(loader)
        own_state = [g.get_state() for g in (generator, getattr(sampler, "generator", None)) if g]
        return found, torch.get_rng_state(), own_state

    def fed(loader: Any) -> list[Any]:
        assert stacks_rows_only(loader)
        return [(b.x, b.y, b.size) for b in TensorLoaderFeed(loader, CPU)]

    ours, state, own_ours = run(fed)
    theirs, wanted, own_theirs = run(lambda loader: [(x, y, len(x)) for x, y in loader])
    assert len(ours) == len(theirs)
    for (x1, y1, n1), (x2, y2, n2) in zip(ours, theirs, strict=True):
        assert torch.equal(x1, x2)
        assert torch.equal(y1, y2)
        assert n1 == n2
    assert torch.equal(state, wanted)
    assert all(torch.equal(a, b) for a, b in zip(own_ours, own_theirs, strict=True))


def test_a_recognised_loader_draws_no_numbers_ahead_of_the_net() -> None:
    data = TensorDataset(torch.arange(20.0)[:, None])
    loaders = [
        lambda: DataLoader(data, 3, shuffle=True, generator=torch.default_generator),
        lambda: DataLoader(data, 3, sampler=RandomSampler(data, replacement=True)),
        lambda: DataLoader(data, 3, shuffle=True),
    ]
    for make in loaders:
        seen = []
        for read in (lambda dl: TensorLoaderFeed(dl, CPU), iter):
            torch.manual_seed(3)
            seen.append([(getattr(b, "x", b[0] if isinstance(b, list) else b), torch.rand(1))
                         for b in read(make())])  # fmt: skip
        for (x1, r1), (x2, r2) in zip(*seen, strict=True):
            assert torch.equal(x1, x2)
            assert torch.equal(r1, r2)


# (b) evaluate gives one answer, whatever the batches and the order


def _mean_power(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
    return (y_pred - y_true).abs().pow(1.5).mean()


def _each_power(y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
    return (y_pred - y_true).abs().pow(1.5).mean(1)


class _TwoHeads(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 2), nn.Linear(4, c)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"a": self.a(x), "b": self.b(x)}


def _class_targets(n: int, c: int, masked: str) -> torch.Tensor:
    y = torch.randint(c, (n,))
    if masked == "some":
        y[torch.rand(n) < 0.4] = -100
    if masked == "head":
        y[: n // 2] = -100
    return y


_CLASS_WEIGHTS = torch.tensor([0.2, 1.0, 3.0])
_REGRESSION: dict[str, Any] = {
    "mse": nn.MSELoss(),
    "mse_sum": nn.MSELoss(reduction="sum"),
    "mse_none": nn.MSELoss(reduction="none"),
    "huber": nn.HuberLoss(),
    "own mean": _mean_power,
    "own each": _each_power,
}
_BINARY: dict[str, Any] = {
    "bce": nn.BCEWithLogitsLoss(),
    "bce pos": nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0, 0.5])),
    "bce sum": nn.BCEWithLogitsLoss(reduction="sum"),
    "focal": lampas.losses.BinaryFocalLoss(),
}
_MULTICLASS: dict[str, Any] = {
    "ce": nn.CrossEntropyLoss(),
    "ce sum": nn.CrossEntropyLoss(reduction="sum"),
    "ce none": nn.CrossEntropyLoss(reduction="none"),
    "ce weights": nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS),
    "ce weights none": nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS, reduction="none"),
    "ce weights sum": nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS, reduction="sum"),
    "ce smooth": nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS, label_smoothing=0.1),
    "focal": lampas.losses.FocalLoss(),
    "focal alpha": lampas.losses.FocalLoss(alpha=[1.0, 2.0, 3.0]),
}


def _case(name: str, n: int, masked: str) -> tuple[Any, torch.Tensor, list[Any]]:
    if name in _REGRESSION:
        return _REGRESSION[name], torch.rand(n, 2), ["mae", "rmse", "r2"]
    if name.removeprefix("b:") in _BINARY:
        return _BINARY[name[2:]], torch.randint(2, (n, 2)).float(), ["accuracy", "f1"]
    return _MULTICLASS[name[2:]], _class_targets(n, 3, masked), ["accuracy", "f1", "log_loss"]


_NAMES = [*_REGRESSION, *(f"b:{k}" for k in _BINARY), *(f"m:{k}" for k in _MULTICLASS)]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 17),
    batch_size=st.integers(1, 18),
    masked=st.sampled_from(["none", "some", "head"]),
    weighted=st.booleans(),
)
@pytest.mark.parametrize("name", _NAMES)
def test_evaluate_is_independent_of_batches_and_order(
    name: str, seed: int, n: int, batch_size: int, masked: str, weighted: bool
) -> None:
    torch.manual_seed(seed)
    loss, y, metrics = _case(name, n, masked)
    weight = torch.rand(n) + 0.1 if weighted and name != "own mean" else None
    model = lampas.Model(nn.Linear(4, 3 if name.startswith("m:") else 2))
    model.compile(None, loss, metrics)
    x = torch.randn(n, 4)
    whole = model.evaluate(x, y, batch_size=n, sample_weight=weight)
    order = torch.randperm(n)
    parts = model.evaluate(x, y, batch_size=batch_size, sample_weight=weight)
    mixed = model.evaluate(
        x[order], y[order], batch_size, sample_weight=None if weight is None else weight[order]
    )
    assert parts == pytest.approx(whole, rel=1e-5, abs=1e-6, nan_ok=True)
    assert mixed == pytest.approx(whole, rel=1e-5, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("name", _NAMES)
def test_nine_samples_in_batches_of_one_to_nine(name: str) -> None:
    torch.manual_seed(1)
    loss, y, metrics = _case(name, 9, "some")
    model = lampas.Model(nn.Linear(4, 3 if name.startswith("m:") else 2)).double()
    x = torch.randn(9, 4, dtype=torch.float64)
    y = y.double() if y.is_floating_point() else y
    loss = copy.deepcopy(loss).double() if isinstance(loss, nn.Module) else loss
    model.compile(None, loss, metrics)
    with torch.no_grad():
        found = loss(model(x), y).mean()
    if "sum" in name:
        found = found / (y != -100).sum() if y.ndim == 1 else found / 9
    if name == "m:ce weights none":  # a plain mean of weighted losses depends on the batches
        found = found * 9 / _CLASS_WEIGHTS[y[y != -100]].sum()
    elif name.endswith("none") and y.ndim == 1:
        found = found * 9 / (y != -100).sum()
    for size in range(1, 10):
        result = model.evaluate(x, y, batch_size=size)
        assert result["loss"] == pytest.approx(found.item(), abs=1e-6)
        assert result == pytest.approx(model.evaluate(x, y, batch_size=9), abs=1e-6)


def test_several_outputs_are_each_counted_by_their_own_mask() -> None:
    torch.manual_seed(0)
    x, a, b = torch.randn(9, 4), torch.rand(9, 2), _class_targets(9, 3, "some")
    model = lampas.Model(_TwoHeads(3))
    model.compile(None, {"a": "mse", "b": nn.CrossEntropyLoss()}, loss_weights={"b": 0.5})
    with torch.no_grad():
        out = model(x)
        first, second = nn.MSELoss()(out["a"], a).item(), nn.CrossEntropyLoss()(out["b"], b).item()
    wanted = {"loss": first + 0.5 * second, "a_loss": first, "b_loss": second}
    for size in range(1, 10):
        result = model.evaluate(x, {"a": a, "b": b}, batch_size=size)
        assert result == pytest.approx(wanted, abs=1e-6)


# (c) k batches of b are one of k * b


def _trained(
    net: nn.Module, fit: dict[str, Any], x: torch.Tensor, y: Any, **compiled: Any
) -> tuple[list[torch.Tensor], list[dict[str, float]]]:
    model = lampas.Model(copy.deepcopy(net))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model.compile(optimizer, **compiled)
    history = model.fit(x, y, shuffle=False, verbose=0, **fit)
    return [p.detach() for p in model.parameters()], history.rows


_ACCUMULATED: dict[str, Any] = {
    "mse": (nn.MSELoss(), 2),
    "mse sum": (nn.MSELoss(reduction="sum"), 2),
    "own": (_mean_power, 2),
    "ce": (nn.CrossEntropyLoss(), 3),
    "ce sum": (nn.CrossEntropyLoss(reduction="sum"), 3),
    "ce weights": (nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS.double()), 3),
    "focal": (lampas.losses.FocalLoss(), 3),
}


@pytest.mark.parametrize("name", _ACCUMULATED)
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 25),
    b=st.integers(1, 5),
    k=st.integers(2, 4),
    masked=st.sampled_from(["none", "some", "head"]),
    weighted=st.booleans(),
    clip=st.sampled_from([{}, {"clip_norm": 0.05}, {"clip_value": 0.01}]),
    penalty=st.booleans(),
)
def test_accumulating_is_one_large_batch(
    name: str,
    seed: int,
    n: int,
    b: int,
    k: int,
    masked: str,
    weighted: bool,
    clip: dict[str, float],
    penalty: bool,
) -> None:
    torch.manual_seed(seed)
    loss, width = _ACCUMULATED[name]
    x = torch.randn(n, 4, dtype=torch.float64)
    y = torch.rand(n, 2).double() if width == 2 else _class_targets(n, 3, masked)
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, width)).double()
    weight = torch.rand(n).double() + 0.1 if weighted and name != "own" else None
    options = {"loss": loss, **clip, "penalties": lampas.losses.L2(0.01) if penalty else None}
    fit = {"epochs": 2, "sample_weight": weight}
    small, rows = _trained(net, fit | {"batch_size": b}, x, y, accumulate=k, **options)
    large, wanted = _trained(net, fit | {"batch_size": b * k}, x, y, **options)
    torch.testing.assert_close(small, large, rtol=1e-5, atol=1e-9)
    for row, large_row in zip(rows, wanted, strict=True):
        assert row == pytest.approx(large_row, rel=1e-6, abs=1e-9)


def test_accumulating_several_losses_whose_masks_differ() -> None:
    torch.manual_seed(0)
    x = torch.randn(11, 4, dtype=torch.float64)
    y = {"a": _class_targets(11, 2, "some"), "b": _class_targets(11, 3, "head")}
    net = _TwoHeads(3).double()
    options = {
        "loss": {"a": nn.CrossEntropyLoss(), "b": nn.CrossEntropyLoss()},
        "loss_weights": {"a": 2.0},
    }
    for weight in (None, torch.rand(11).double()):
        fit = {"epochs": 2, "sample_weight": weight}
        small, _ = _trained(net, fit | {"batch_size": 2}, x, y, accumulate=3, **options)
        large, _ = _trained(net, fit | {"batch_size": 6}, x, y, **options)
        torch.testing.assert_close(small, large, rtol=1e-5, atol=1e-9)


# (d) what is masked counts for nothing


def test_a_masked_batch_contributes_nothing_and_makes_no_nan() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(12, 4), torch.randint(3, (12,))
    y[4:8] = -100
    for loss in (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=_CLASS_WEIGHTS)):
        model = lampas.Model(nn.Linear(4, 3))
        model.compile(torch.optim.SGD(model.parameters(), lr=0.0), loss, ["accuracy"])
        with torch.no_grad():
            wanted = loss(model(x), y).item()
        history = model.fit(x, y, batch_size=4, verbose=0, validation_data=(x, y))
        assert history.rows[0]["loss"] == pytest.approx(wanted, abs=1e-6)
        assert history.rows[0]["val_loss"] == pytest.approx(wanted, abs=1e-6)
        assert model.evaluate(x, y, batch_size=4)["loss"] == pytest.approx(wanted, abs=1e-6)


def test_masks_in_the_validation_data_alone_are_counted() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(12, 4), torch.randint(3, (12,))
    masked = y.clone()
    masked[4:8] = -100
    model = lampas.Model(nn.Linear(4, 3))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.0), nn.CrossEntropyLoss())
    with torch.no_grad():
        wanted = nn.CrossEntropyLoss()(model(x), masked).item()
    history = model.fit(x, y, 4, verbose=0, validation_data=(x, masked), validation_batch_size=4)
    assert history.rows[0]["val_loss"] == pytest.approx(wanted, abs=1e-6)


def test_a_callback_that_evaluates_leaves_the_masks_of_training_counted() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(12, 4), torch.randint(3, (12,))
    masked = y.clone()
    masked[4:8] = -100
    model = lampas.Model(nn.Linear(4, 3))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.0), nn.CrossEntropyLoss())
    with torch.no_grad():
        wanted = nn.CrossEntropyLoss()(model(x), masked).item()

    def look(event: Any) -> None:
        event.model.evaluate(x, y)

    rows = model.fit(x, masked, 4, epochs=3, verbose=0, callbacks=[look]).rows
    assert [row["loss"] for row in rows] == pytest.approx([wanted] * 3, abs=1e-6)


def test_a_callback_that_evaluates_in_an_epoch_leaves_its_metrics() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(12, 4), torch.randint(3, (12,))
    model = lampas.Model(nn.Linear(4, 3))
    model.compile(torch.optim.SGD(model.parameters(), lr=0.0), "cross_entropy", ["accuracy"])
    wanted = model.evaluate(x, y)["accuracy"]
    seen: list[float] = []

    class Look(lampas.Callback):
        hears = frozenset({"step"})

        def __call__(self, event: lampas.Event) -> None:
            seen.append(event.model.evaluate(x[:3], y[:3])["accuracy"])

    row = model.fit(x, y, 4, verbose=0, callbacks=[Look()]).rows[0]
    assert row["accuracy"] == pytest.approx(wanted, abs=1e-6)
    assert len(seen) == 3
    assert seen[0] != pytest.approx(wanted, abs=1e-6)


def test_words_of_ragged_batches_count_alike_with_and_without_weights() -> None:
    torch.manual_seed(0)
    lengths = (5, 3, 7)
    xs = [torch.randint(6, (4, t)) for t in lengths]
    ys = [torch.where(torch.rand(4, t) < 0.3, -100, torch.randint(3, (4, t))) for t in lengths]

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.table(x).transpose(1, 2)

    model = lampas.Model(Net())
    for reduction in ("mean", "sum", "none"):
        model.compile(None, nn.CrossEntropyLoss(reduction=reduction))
        with torch.no_grad():
            each = [nn.CrossEntropyLoss(reduction="sum")(model(x), y)
                    for x, y in zip(xs, ys, strict=True)]  # fmt: skip
        wanted = sum(each).item() / sum(int((y != -100).sum()) for y in ys)
        plain = list(zip(xs, ys, strict=True))
        weighted = [(x, y, torch.ones(4)) for x, y in plain]
        assert model.evaluate(plain)["loss"] == pytest.approx(wanted, abs=1e-6)
        assert model.evaluate(weighted)["loss"] == pytest.approx(wanted, abs=1e-6)


# (e) fit is the loop that one would write by hand


def _net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)
    )


def _by_hand(net: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int) -> list[float]:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, foreach=False)
    loss_function = nn.CrossEntropyLoss()
    means: list[float] = []
    for _ in range(epochs):
        net.train()
        order = torch.randperm(len(x))
        total = 0.0
        for rows in order.split(10):
            optimizer.zero_grad()
            loss = loss_function(net(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        means.append(total / len(x))
    return means


def test_fit_is_the_loop_written_by_hand_bit_for_bit() -> None:
    torch.manual_seed(7)
    x, y = torch.randn(64, 4), torch.randint(3, (64,))
    first = _net()
    second = copy.deepcopy(first)
    torch.manual_seed(1)
    wanted = _by_hand(first, x, y, 3)
    state = torch.get_rng_state()
    torch.manual_seed(1)
    model = lampas.Model(second)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, foreach=False)
    model.compile(optimizer, nn.CrossEntropyLoss(), ["accuracy"])
    history = model.fit(x, y, batch_size=10, epochs=3, verbose=0, validation_data=(x, y))
    for (name, a), b in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert [row["loss"] for row in history.rows] == pytest.approx(wanted, abs=1e-6)
    assert torch.equal(state, torch.get_rng_state())


def test_fit_trains_in_training_mode_and_leaves_the_mode_it_found() -> None:
    torch.manual_seed(7)
    x, y = torch.randn(64, 4), torch.randint(3, (64,))
    first = _net()
    second = copy.deepcopy(first).eval()
    torch.manual_seed(1)
    _by_hand(first, x, y, 2)
    torch.manual_seed(1)
    model = lampas.Model(second).eval()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, foreach=False)
    model.compile(optimizer, nn.CrossEntropyLoss())
    model.fit(x, y, batch_size=10, epochs=2, verbose=0, validation_data=(x, y))
    assert not any(module.training for module in model.modules())
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_shuffling_loader_over_tensors_trains_as_iterating_it_does() -> None:
    torch.manual_seed(7)
    x, y = torch.randn(64, 4), torch.randint(3, (64,))
    first = _net()
    nets = [first, copy.deepcopy(first)]
    for net, workers in zip(nets, (None, list), strict=True):
        torch.manual_seed(1)
        model = lampas.Model(net)
        model.compile(torch.optim.Adam(model.parameters(), foreach=False), nn.CrossEntropyLoss())
        collate = None if workers is None else (lambda rows: default_collate([*rows]))
        loader: Any = DataLoader(TensorDataset(x, y), 10, shuffle=True, collate_fn=collate)
        assert stacks_rows_only(loader) is (workers is None)
        model.fit(loader, epochs=2, verbose=0)
    for a, b in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
        assert torch.equal(a, b)


# (f) what is saved goes on as if never interrupted


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.Adam(p, lr=0.01),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    ],
    ids=["adam", "sgd"],
)
def test_a_saved_run_predicts_the_same_and_goes_on_exactly(make: Any, tmp_path: Any) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(40, 4), torch.randint(3, (40,))

    def compiled(model: lampas.Model) -> lampas.Model:
        model.compile(make(model.parameters()), nn.CrossEntropyLoss())
        return model

    model = compiled(lampas.Model(_net()))
    model.fit(x, y, epochs=2, verbose=0)
    path = tmp_path / "run.lampas"
    model.save(path)
    loaded = compiled(lampas.load(path, _net()))
    assert torch.equal(model.predict(x), loaded.predict(x))
    state = torch.get_rng_state()
    model.fit(x, y, epochs=5, initial_epoch=2, verbose=0)
    torch.set_rng_state(state)
    rows = loaded.fit(x, y, epochs=5, initial_epoch=2, verbose=0).rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    for a, b in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        assert torch.equal(a, b)


# (g) a sample weight of 2 is the row twice


@pytest.mark.parametrize("name", [n for n in _ACCUMULATED if n != "own"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 12))
def test_a_weight_is_a_number_of_rows(name: str, seed: int, n: int) -> None:
    torch.manual_seed(seed)
    loss, width = _ACCUMULATED[name]
    x = torch.randn(n, 4, dtype=torch.float64)
    y = torch.rand(n, 2).double() if width == 2 else _class_targets(n, 3, "some")
    times = torch.randint(0, 4, (n,))
    times[0] = 2
    net = nn.Linear(4, width).double()
    with torch.no_grad():  # one row, twice, may look like probabilities by chance
        net.bias += 5
    again = torch.arange(n).repeat_interleave(times)
    fit = {"epochs": 2, "batch_size": 99}
    weighted, rows = _trained(net, fit | {"sample_weight": times}, x, y, loss=loss)
    repeated, wanted = _trained(net, fit, x[again], y[again], loss=loss)
    torch.testing.assert_close(weighted, repeated, rtol=1e-6, atol=1e-9)
    assert rows[1]["loss"] == pytest.approx(wanted[1]["loss"], rel=1e-6, abs=1e-9)


def test_weights_of_one_change_nothing() -> None:
    torch.manual_seed(0)
    x = torch.randn(10, 4)
    for name in _NAMES:
        if name == "own mean":
            continue
        loss, y, _ = _case(name, 10, "some")
        model = lampas.Model(nn.Linear(4, 3 if name.startswith("m:") else 2))
        model.compile(None, loss)
        plain = model.evaluate(x, y, batch_size=4)
        ones = model.evaluate(x, y, batch_size=4, sample_weight=torch.ones(10))
        assert ones == pytest.approx(plain, rel=1e-5), name


def test_class_weights_are_sample_weights() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(12, 4, dtype=torch.float64), torch.randint(3, (12,))
    table = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    net = nn.Linear(4, 3).double()
    fit = {"epochs": 2, "batch_size": 5}
    by_class, _ = _trained(
        net, fit | {"class_weight": {1: 0.5, 2: 2.0}}, x, y, loss=nn.CrossEntropyLoss()
    )
    by_sample, _ = _trained(
        net, fit | {"sample_weight": table[y]}, x, y, loss=nn.CrossEntropyLoss()
    )
    torch.testing.assert_close(by_class, by_sample, rtol=1e-9, atol=1e-12)
