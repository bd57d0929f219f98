"""Activation checkpointing: less memory, the same bits, and nothing left in the net."""

import copy
import io
import pickle
import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import lampas
from lampas.data.batch import Batch
from lampas.errors import InputError
from lampas.recompute import is_recomputing, make_recompute
from lampas.room import peak_of

torch.manual_seed(0)
IMAGES, CLASSES = torch.randn(24, 3, 8, 8), torch.arange(24) % 3
TOKENS = torch.randn(24, 6, 8)


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(True), nn.Dropout(0.3),
        nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 3),
    )  # fmt: skip


class Encoder(nn.Module):
    def __init__(self, layers: int = 3, width: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).mean(1))


class Skips(nn.Module):
    """Drops its branch by Python's random numbers, takes keywords, returns a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(8, 8)

    def forward(self, x: Tensor, *, scale: Tensor) -> dict[str, Any]:
        out = x if random.random() < 0.5 else torch.tanh(self.body(x)) * scale
        return {"x": out + torch.sigmoid(x), "scale": scale}


class Counted(nn.Module):
    """Counts its calls, the second ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.calls = nn.Linear(8, 8), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.tanh(self.body(x))


def _counted() -> nn.Sequential:
    return nn.Sequential(*(Counted() for _ in range(4)), nn.Linear(8, 3))


def _calls(net: nn.Sequential) -> list[int]:
    return [part.calls for part in net if isinstance(part, Counted)]


class Skipping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.blocks = nn.ModuleList(Skips() for _ in range(4))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, scale=self.scale)["x"]
        return self.head(x.mean(1))


class Shared(nn.Module):
    """One block, called three times: its statistics move between the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Tanh())
        self.head = nn.Linear(192, 3)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = self.block(x)
        return self.head(x.flatten(1))


NETS: dict[str, tuple[Any, Tensor, Any]] = {
    "cnn": (_cnn, IMAGES, True),
    "encoder": (Encoder, TOKENS, True),
    "skipping": (Skipping, TOKENS, True),
    "shared": (Shared, IMAGES, "block"),
}


def _fitted(net: str, *, again: bool, epochs: int = 2, **options: Any) -> Any:
    make, x, spec = NETS[net]
    lampas.seed(3)
    model = lampas.Model(make())
    model.compile("adam", "cross_entropy", ["accuracy"], jit=False,
                  recompute=spec if again else None, **options)  # fmt: skip
    history = model.fit(x, CLASSES, batch_size=7, epochs=epochs, verbose=0, validation_split=0.25)
    return model, history.rows, (torch.rand(1).item(), random.random())


def _same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize(
    "options",
    [{}, {"precision": "bf16"}, {"accumulate": 2, "clip_norm": 0.5},
     {"averaging": lampas.optim.EMA(0.5), "penalties": lampas.losses.L2(1e-3)}],
    ids=["plain", "bf16", "accumulate", "averaging"],
)  # fmt: skip
def test_weights_buffers_numbers_and_random_states_are_the_same_bits(
    net: str, options: dict[str, Any]
) -> None:
    plain, rows, drawn = _fitted(net, again=False, **options)
    less, rows_again, drawn_again = _fitted(net, again=True, **options)
    assert rows == rows_again
    assert drawn == drawn_again
    assert _same(plain, less)


LAYERS = {
    "linear": lambda: nn.Linear(6, 6),
    "norm": lambda: nn.BatchNorm1d(6),
    "dense": lambda: nn.Sequential(nn.Linear(6, 6), nn.ReLU(True)),
    "gelu": nn.GELU,
    "dropout": lambda: nn.Dropout(0.5),
    "layer norm": lambda: nn.LayerNorm(6),
    "instance norm": lambda: nn.BatchNorm1d(6, momentum=None),
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4), min_size=1,
                max_size=5), st.data())  # fmt: skip
def test_gradients_of_any_net_are_the_same_bits(
    kinds: list[list[str]], data: st.DataObject
) -> None:
    blocks = [["linear", *kind] for kind in kinds]
    torch.manual_seed(1)
    net = nn.Sequential(*(nn.Sequential(*(LAYERS[k]() for k in kind)) for kind in blocks))
    twin = copy.deepcopy(net)
    chosen = data.draw(st.sets(st.integers(0, len(blocks) - 1), min_size=1))
    again = make_recompute(twin, [str(number) for number in sorted(chosen)])
    assert again is not None
    x = torch.randn(5, 6)
    for _ in range(2):
        torch.manual_seed(2)
        net(x).square().sum().backward()
        torch.manual_seed(2)
        with again:
            loss = twin(x).square().sum()
        loss.backward()
        for one, other in zip(net.parameters(), twin.parameters(), strict=True):
            assert torch.equal(one.grad, other.grad)
        assert _same(net, twin)


def test_a_step_holds_less() -> None:
    taken: list[int] = []
    for again in (None, True):
        torch.manual_seed(0)
        model = lampas.Model(Encoder(8, 32, 0.0))
        model.compile("sgd", "cross_entropy", recompute=again)
        batch = Batch(torch.randn(16, 24, 32), torch.arange(16) % 3, None, 16)
        model.train_step(batch)

        def step(model: Any = model, batch: Batch = batch) -> None:
            with model.plan.around_step:
                model.train_step(batch)

        taken.append(peak_of(step, torch.device("cpu")))
    assert taken[1] < 0.4 * taken[0]


def test_outside_of_a_step_the_net_is_as_it_was() -> None:
    seen: list[bool] = []

    def look(event: lampas.Event) -> None:
        net = event.model.net
        seen.append(any("forward" in vars(module) for module in net.modules()))
        copied = copy.deepcopy(net)
        assert all("forward" not in vars(module) for module in copied.modules())

    look.hears = {"step", "epoch_end"}  # pyright: ignore
    model = lampas.Model(_cnn())
    names = list(model.state_dict())
    model.compile("adam", "cross_entropy", recompute=True)
    assert make_recompute(model, True) is not None
    model.fit(IMAGES, CLASSES, batch_size=8, verbose=0, callbacks=look)
    assert seen == [False] * 4
    assert names == list(model.state_dict())
    again = pickle.loads(pickle.dumps(model.net))
    assert torch.equal(again.eval()(IMAGES), model.predict(IMAGES))
    torch.save(model.net, io.BytesIO())


def test_nothing_is_computed_again_without_gradients_or_after_another_compile() -> None:
    net, x = _counted(), TOKENS[:, 0]
    model = lampas.Model(net)
    model.compile("adam", "cross_entropy", recompute=True, jit=False)
    model.evaluate(x, CLASSES)
    model.predict(x)
    assert _calls(net) == [2] * 4
    model.fit(x, CLASSES, batch_size=24, verbose=0)
    assert _calls(net) == [4] * 4
    model.compile("adam", "cross_entropy", jit=False)
    model.fit(x, CLASSES, batch_size=24, verbose=0)
    assert _calls(net) == [5] * 4


def test_steps_of_ones_own_recompute_as_well() -> None:
    class Own(lampas.Model):
        def train_step(self, batch: Batch) -> Any:
            self.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self(batch.x), batch.y)
            loss.backward()
            self.optimizer.step()
            return {"loss": loss}

    found = []
    for again in (None, True):
        lampas.seed(1)
        model = Own(_counted())
        model.compile("adam", recompute=again)
        model.fit(TOKENS[:, 0], CLASSES, batch_size=24, epochs=2, verbose=0)
        found.append(model)
    assert _same(*found)
    assert [_calls(model.net) for model in found] == [[2] * 4, [4] * 4]


def test_a_forward_of_the_objects_own_is_put_back() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    inner = net[0].forward
    net[0].forward = lambda x: 2 * inner(x)  # pyright: ignore
    own, again = net[0].forward, make_recompute(net, "0")
    assert again is not None
    with again, again:  # a step may be made within another
        out = net(torch.ones(1, 2))
    assert net[0].forward is own
    assert torch.equal(out, net(torch.ones(1, 2)))
    out.sum().backward()


def test_a_run_that_was_rebuilt_is_called_as_it_is() -> None:
    net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(8)))
    again = make_recompute(net, True)
    assert again is not None
    net.append(nn.Linear(2, 1))
    with again:
        assert net(torch.ones(1, 2)).shape == (1, 1)


def test_a_block_that_works_in_place_on_its_input_is_refused() -> None:
    net = nn.Sequential(nn.Linear(8, 8), nn.Sequential(nn.ReLU(True), nn.Linear(8, 3)))
    model = lampas.Model(net)
    model.compile("sgd", "cross_entropy", recompute="1")
    with pytest.raises(InputError, match=r"^recompute: net.1 works in place on what it is given"):
        model.fit(TOKENS[:, 0], CLASSES, verbose=0)


def test_a_block_that_goes_another_way_each_time_is_named() -> None:
    class Moody(Counted):
        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            return torch.tanh(self.body(x)) if self.calls % 2 else self.body(x)

    model = lampas.Model(nn.Sequential(Counted(), Moody(), nn.Linear(8, 3)))
    model.compile("adam", "cross_entropy", recompute=["0", "1"], jit=False)
    with pytest.raises(InputError, match=r"^recompute: computed again, net.1 took another way th"):
        model.fit(TOKENS[:, 0], CLASSES, verbose=0)


def test_backward_may_come_twice() -> None:
    net = Shared()
    twin = copy.deepcopy(net)
    again = make_recompute(twin, "block")
    assert again is not None
    for module, context in ((net, None), (twin, again)):
        if context is None:
            loss = module(IMAGES).sum()
        else:
            with context:
                loss = module(IMAGES).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    for one, other in zip(net.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
    assert _same(net, twin)


def test_who_watches_sees_a_call_once() -> None:
    model = lampas.Model(Encoder(dropout=0.0))
    model.compile("sgd", "cross_entropy", recompute=True, jit=False)
    flags: list[bool] = []
    hook = model.net.encoder.layers[0].linear1.register_forward_hook(
        lambda *_: flags.append(is_recomputing())
    )
    with lampas.watch(model, "net.encoder.layers.0.linear1") as seen:
        model.fit(TOKENS, CLASSES, batch_size=24, verbose=0)
    hook.remove()
    assert flags == [False, True]
    assert [look.of for look in seen.looks].count("value") == 1
    assert not is_recomputing()


def test_it_is_not_compiled_and_a_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    model = lampas.Model(_cnn())
    model.compile("adam", "cross_entropy", recompute=True, jit=True)
    history = model.fit(IMAGES, CLASSES, batch_size=8, verbose=0)
    assert history.compiled_steps == 0
    assert "jit: steps are not compiled: recompute= has parts" in capsys.readouterr().err


def test_pieces_of_a_batch_recompute_too() -> None:
    class Narrow(nn.Module):
        def __init__(self, least: int) -> None:
            super().__init__()
            self.net, self.least = Encoder(dropout=0.0), least

        def forward(self, x: Tensor) -> Tensor:
            if self.training and len(x) > self.least:
                raise torch.OutOfMemoryError("full")
            return self.net(x)

    found = []
    for again in (None, True):
        lampas.seed(1)
        model = lampas.Model(Narrow(10))
        model.compile("adam", "cross_entropy", recompute=again, jit=False)
        model.fit(TOKENS, CLASSES, batch_size=24, epochs=2, verbose=0)
        found.append(model)
    assert _same(*found)


def test_the_largest_batch_is_found_with_it() -> None:
    model = lampas.Model(_cnn())
    model.compile("adam", "cross_entropy", recompute=True)
    model.fit(IMAGES, CLASSES, batch_size="auto", verbose=0)
    assert lampas.find_lr(model, IMAGES, CLASSES, batch_size=8).suggestion > 1e-8
    assert model.profile(IMAGES, CLASSES, 8, steps=3) is not None


def test_it_is_among_the_settings() -> None:
    model = lampas.Model(Encoder())
    model.compile("adam", "cross_entropy", recompute="encoder.layers.[01]")
    model.fit(TOKENS, CLASSES, verbose=0)
    assert model.origin["settings"]["recompute"] == "net.encoder.layers.0, net.encoder.layers.1"
