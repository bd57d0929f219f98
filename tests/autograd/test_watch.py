"""`lampas.watch`: what it sees, and that it leaves no trace."""

import copy
import gc
import pickle
import warnings
import weakref
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

import lampas
from lampas.errors import InputError

LAYERS = {
    "linear": lambda: nn.Linear(4, 4),
    "relu": lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True)),
    "norm": lambda: nn.BatchNorm1d(4),
    "dropout": lambda: nn.Dropout(0.3),
    "tanh": nn.Tanh,
    "nested": lambda: nn.Sequential(nn.Linear(4, 4), nn.Sigmoid()),
}


def hooks(model: nn.Module) -> list[Any]:
    """All hooks there are; torch's None and an empty dict mean the same."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    own = [dict(getattr(one, kind)) for one in model.modules() for kind in kinds]
    tensors = [p._backward_hooks for p in model.parameters()]
    after = [p._post_accumulate_grad_hooks for p in model.parameters()]
    everywhere = [
        dict(torch_module._global_forward_hooks),
        dict(torch_module._global_forward_pre_hooks),
        dict(torch_module._global_backward_hooks),
    ]
    return [own, tensors, after, everywhere]


def made(names: list[str], shared: bool) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [LAYERS[name]() for name in names]
    return nn.Sequential(*layers, *(layers if shared else []), nn.Linear(4, 1))


def trained(net: nn.Module, every: int | None) -> tuple[list[Tensor], Any]:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    torch.manual_seed(1)
    seen = None if every is None else lampas.watch(net, every=every)
    kept = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = net(torch.randn(6, 4)).square().mean()
        loss.backward()
        optimizer.step()
        kept.append(loss)
    return [*kept, *net.state_dict().values(), torch.randn(1)], seen


NETS = st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=40)
@given(NETS, st.booleans(), st.integers(1, 3))
def test_law_the_same_bits_and_no_hook_left(names: list[str], shared: bool, every: int) -> None:
    plain, _ = trained(made(names, shared), None)
    net = made(names, shared)
    before = hooks(net)
    watched, seen = trained(net, every)
    assert hooks(net) != before
    seen.remove()
    assert hooks(net) == before
    for one, other in zip(plain, watched, strict=True):
        assert torch.equal(one, other)
    rows = len(seen.looks)
    assert rows
    net(torch.randn(6, 4)).sum().backward()
    assert len(seen.looks) == rows


def test_other_peoples_hooks_stay() -> None:
    net = nn.Linear(2, 1)
    heard: list[str] = []
    net.weight.register_hook(lambda _: heard.append("mine"))
    first, second = lampas.watch(net), lampas.watch(net)
    first.remove()
    net(torch.ones(1, 2)).sum().backward()
    second.remove()
    second.remove()
    net(torch.ones(1, 2)).sum().backward()
    assert heard == ["mine", "mine"]
    assert len(net.weight._backward_hooks or {}) == 1
    assert net.bias._backward_hooks is None
    assert len(second.looks) == 4


def test_outputs_that_live_on_have_no_hook_either() -> None:
    net = nn.Linear(2, 1)
    seen = lampas.watch(net)
    y = net(torch.ones(1, 2))
    seen.remove()
    y.sum().backward()
    assert [look.of for look in seen.looks] == ["value"]
    assert y._backward_hooks is None


def test_what_is_seen() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[0].bias.copy_(torch.tensor([-9.0, 0.0, 1.0]))
    with lampas.watch(net) as seen:
        net(torch.ones(4, 2)).sum().backward()
        net.eval()
        with torch.no_grad():
            net(torch.ones(1, 2))
    frame = seen.frame
    pairs = list(zip(frame["name"], frame["of"], strict=True))
    assert pairs[:3] == [("0", "value"), ("1", "value"), ("", "value")]
    assert sorted(pairs[3:-3]) == [
        *((name, "gradient") for name in ("", "0", "0.bias", "0.weight", "1")),
    ]
    relu = frame[(frame["name"] == "1") & (frame["of"] == "value")]
    assert relu["call"].tolist() == [1, 2]
    assert relu["training"].tolist() == [True, False]
    assert relu["shape"].tolist() == [(4, 3), (1, 3)]
    assert relu["mean"].tolist() == pytest.approx([5 / 3, 5 / 3])
    assert relu["zeros"].tolist() == pytest.approx([1 / 3, 1 / 3])
    bias = frame[frame["name"] == "0.bias"].iloc[0]
    assert (bias["of"], bias["dtype"], bias["max"], bias["zeros"]) == (
        "gradient", "float32", 4.0, pytest.approx(1 / 3),
    )  # fmt: skip
    assert str(seen).splitlines()[0].split() == [
        "name", "of", "shape", "mean", "std", "min", "max", "zeros", "nan", "inf"
    ]  # fmt: skip
    assert "(net)" in str(seen)


def test_every_third_call_from_the_first() -> None:
    net = nn.Linear(1, 1)
    with lampas.watch(net, every=3) as seen:
        for _ in range(7):
            net(torch.ones(1, 1)).sum().backward()
    gradients = seen.frame.query("of == 'gradient'").groupby("name")["call"].apply(list)
    assert gradients.to_dict() == {name: [1, 4, 7] for name in ("", "weight", "bias")}


def test_names_by_pattern() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    with lampas.watch(net, "1.*") as seen:
        net(torch.ones(1, 2)).sum().backward()
    assert set(seen.frame["name"]) == {"1.0", "1.0.weight", "1.0.bias"}
    with lampas.watch(net, "*.bias") as seen:
        net(torch.ones(1, 2)).sum().backward()
    assert set(seen.frame["name"]) == {"0.bias", "1.0.bias"}


def test_several_outputs() -> None:
    lstm = nn.LSTM(2, 3)
    with lampas.watch(lstm) as seen:
        lstm(torch.ones(4, 1, 2))[0].sum().backward()
    values = seen.frame.query("of == 'value'")["name"].tolist()
    assert values == ["[0]", "[1][0]", "[1][1]"]


def test_a_tensor_and_its_gradients() -> None:
    lines: list[str] = []
    x = torch.tensor([0.0, 2.0], requires_grad=True)
    y = x * 2
    with lampas.watch(y, show=lines.append) as seen:
        y.square().sum().backward()
    assert lines == [
        "tensor value (2,) float32  mean 2.0000  std 2.0000  min 0.0000  max 4.0000  "
        "zeros 0.5000  nan 0  inf 0",
        "tensor gradient (2,) float32  mean 4.0000  std 4.0000  min 0.0000  max 8.0000  "
        "zeros 0.5000  nan 0  inf 0",
    ]
    assert y._backward_hooks is None
    assert seen.frame["training"].tolist() == [None, None]
    assert len(lampas.watch(torch.tensor([1, 2])).looks) == 1


def test_nothing_seen() -> None:
    seen = lampas.watch(nn.ReLU())
    assert str(seen) == repr(seen) == "nothing was seen yet"
    assert seen.frame.empty
    seen.remove()


def test_while_fit_trains_to_the_same_bits() -> None:
    def fitted(watched: bool) -> tuple[list[Tensor], Any]:
        torch.manual_seed(0)
        x, y = torch.randn(24, 3), torch.randn(24, 1)
        model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)))
        model.compile("adam", "mse", clip_norm=1.0)
        before = hooks(model)
        seen = lampas.watch(model, "net.*") if watched else None
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, validation_split=0.34)
        if seen:
            seen.remove()
        assert hooks(model) == before
        return list(model.state_dict().values()), seen

    plain, _ = fitted(False)
    same, seen = fitted(True)
    assert all(torch.equal(one, other) for one, other in zip(plain, same, strict=True))
    frame = seen.frame
    assert len(frame.query("name == 'net.0.weight'")) == 4
    assert len(frame.query("name == 'net.1' and of == 'value' and training")) == 4
    assert len(frame.query("name == 'net.1' and of == 'value' and not training")) >= 2


def test_the_fast_path_of_transformers_stays_on() -> None:
    torch.manual_seed(0)
    net = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    x = torch.randn(2, 5, 8)
    with torch.no_grad():
        expected = net(x)
        with lampas.watch(net) as seen:
            assert torch.equal(net(x), expected)
    assert [look.name for look in seen.looks] == [""]  # the layers inside are not called


def test_copies_pickles_and_dry_runs_have_no_part_in_it() -> None:
    net = nn.Linear(2, 1)
    with lampas.watch(net) as seen:
        for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            other(torch.ones(1, 2)).sum().backward()
        lampas.summarize(net, (2,))
        assert not seen.looks
        torch.func.grad(lambda p: torch.func.functional_call(net, p, (torch.ones(1, 2),)).sum())(
            dict(net.named_parameters())
        )
        assert not seen.looks


def test_a_compiled_net_is_seen_from_outside() -> None:
    compiled: Any = torch.compile(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), backend="eager")
    with warnings.catch_warnings(), lampas.watch(compiled) as seen:
        warnings.simplefilter("error")
        compiled(torch.ones(1, 2)).sum().backward()
    assert {look.name for look in seen.looks} == {"", "0.weight", "0.bias"}
    assert not compiled._forward_hooks


def test_nets_and_outputs_may_go_while_they_are_watched() -> None:
    net: Any = nn.Linear(2, 1)
    gone = weakref.ref(net)
    seen = lampas.watch(net)
    for _ in range(200):
        net(torch.ones(1, 2))
    assert len(seen._handles) < 150
    del net
    gc.collect()
    assert gone() is None
    seen.remove()


def test_a_failing_block_takes_its_hooks_away() -> None:
    net = nn.Linear(2, 1)
    before = hooks(net)
    with pytest.raises(RuntimeError, match="shapes"), lampas.watch(net):
        net(torch.ones(1, 3))
    assert hooks(net) == before


def refuse(said: str, *given: Any, **options: Any) -> None:
    with pytest.raises(InputError) as caught:
        lampas.watch(*given, **options)
    assert str(caught.value) == said


def test_bad_input() -> None:
    net = nn.Sequential(nn.Linear(1, 1))
    refuse("target is of type str: pass a tensor or a module", "net")
    refuse("every is 0: it must be an integer of 1 or more", net, every=0)
    refuse("no submodule or parameter is named 'zzz'", net, "zzz")
    refuse(
        "no submodule or parameter is named '0.wigt': did you mean '0.weight' or '0.bias'?",
        net,
        "0.wigt",
    )
