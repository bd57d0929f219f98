"""The forward pass without the calls of modules: the same numbers, hooks, errors."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

import lampas
from lampas.data.batch import Batch
from lampas.errors import InputError, ShapeError
from lampas.forward import calls_of, forward_of, predictor_of

torch.manual_seed(0)
X = torch.randn(6, 3)
BATCH = Batch(X, None, None, 6)


class _Twice(nn.Sequential):
    """A `Sequential` in name."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore
        return super().forward(super().forward(x))


class _Loud(nn.Linear):
    """Hears its calls."""

    heard = 0

    def __call__(self, *args: Any) -> Any:
        self.heard += 1
        return super().__call__(*args)


class _Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x + 1


_parts = st.recursive(
    st.sampled_from(["linear", "relu", "shared", "counted", "hooked"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def _made(spec: Any, shared: nn.Module, heard: list[nn.Module]) -> nn.Module:
    if isinstance(spec, list):
        return nn.Sequential(*(_made(part, shared, heard) for part in spec))
    if spec == "hooked":
        part = nn.Tanh()
        part.register_forward_hook(lambda module, inputs, output: heard.append(module))
        return part
    kinds: dict[str, Any] = {"linear": lambda: nn.Linear(3, 3), "relu": nn.ReLU,
                             "shared": lambda: shared, "counted": _Counted}  # fmt: skip
    return kinds[spec]()


@settings(max_examples=60, deadline=None)
@given(_parts)
def test_law_the_calls_are_the_net(spec: Any) -> None:
    torch.manual_seed(0)
    heard: list[nn.Module] = []
    net = _made(spec, nn.Linear(3, 3), heard)
    with torch.no_grad():
        wanted, known = net(X), list(heard)
        heard.clear()
        value = X
        for call in calls_of(net):
            value = call(value)
    assert torch.equal(value, wanted)
    assert heard == known


def test_a_net_that_is_no_plain_sequence_is_called_as_it_is() -> None:
    twice, loud = _Twice(nn.Linear(3, 3), nn.ReLU()), nn.Sequential(_Loud(3, 3))
    assert calls_of(twice) == [twice.forward]
    assert calls_of(loud) == [loud[0]]
    patched = nn.Sequential(nn.ReLU())
    patched.forward = lambda x: x * 2  # type: ignore
    assert calls_of(patched) == [patched.forward]


def test_hooks_of_the_model_its_net_and_of_all_modules_are_heard() -> None:
    model = lampas.Model(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    for module in (model, model.net, model.net[1]):
        heard: list[str] = []
        handle = module.register_forward_hook(lambda *_, to=heard: to.append("once"))
        model.predict(X, batch_size=3)
        handle.remove()
        assert heard == ["once", "once"]
    names: list[str] = []
    handle = register_module_forward_hook(lambda one, *_: names.append(type(one).__name__))
    try:
        model.predict(X)
    finally:
        handle.remove()
    assert names == ["Linear", "ReLU", "Sequential", "Model"]
    assert model.predict(X).shape == (6, 2)
    assert len(names) == 4


def test_a_call_that_nn_module_compile_has_replaced_is_made() -> None:
    model = lampas.Model(nn.Sequential(nn.Linear(3, 2)))
    model.net._compiled_call_impl = lambda x: torch.zeros(len(x), 1)
    assert model.predict(X).tolist() == [[0.0]] * 6


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("compiled", [True, False])
def test_outputs_are_those_of_the_net(precision: str, compiled: bool) -> None:
    model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)))
    if compiled:
        model.compile("sgd", "mse", precision=precision)
    half = compiled and precision == "bf16"
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        wanted = model(X)
    with torch.no_grad():
        assert torch.equal(forward_of(model)(BATCH), wanted)
        assert torch.equal(predictor_of(model)(BATCH), wanted.float())


def test_inputs_and_outputs_with_names_go_as_they_are() -> None:
    class Named(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> dict[str, Any]:
            return {"sum": a + b, "nothing": None}

    found = lampas.Model(Named()).predict({"a": X, "b": X})
    assert torch.equal(found["sum"], 2 * X)
    assert found["nothing"] is None


def test_a_layer_that_refuses_is_named_as_in_training() -> None:
    model = lampas.Model(nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(5, 2))))
    model.compile("sgd", "mse")
    with pytest.raises(InputError) as trained:
        model.fit(X, torch.zeros(6, 2), verbose=0)
    for ask in (lambda: model.predict(X), lambda: model.evaluate(X, torch.zeros(6, 2))):
        with pytest.raises(InputError, match=r"net\.1\.1, Linear\(in_features=5") as caught:
            ask()
        assert str(caught.value).partition(": ")[2] == str(trained.value).partition(": ")[2]


def test_memory_that_runs_out_is_not_asked_for_twice() -> None:
    class Full(nn.Module):
        tries = 0

        def forward(self, x: Tensor) -> Tensor:
            Full.tries += 1
            raise torch.OutOfMemoryError("CUDA out of memory.")

    forward = forward_of(lampas.Model(nn.Sequential(Full())))
    with pytest.raises(torch.OutOfMemoryError):
        forward(BATCH)
    assert Full.tries == 1


def test_an_output_without_a_row_for_each_sample_is_refused() -> None:
    model = lampas.Model(nn.Sequential(nn.Flatten(0)))
    with pytest.raises(ShapeError, match=r"returns \(18,\) for 6 samples"):
        model.predict(X)
