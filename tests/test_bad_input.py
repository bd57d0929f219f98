"""Bad input gets one clear line, and nothing is lost: weights, buffers, modes, history."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lampas
from lampas.errors import (
    ArtifactError,
    DataError,
    DtypeError,
    InputError,
    LampasError,
    NonFiniteError,
    NotCompiledError,
    ShapeError,
    UnknownNameError,
)

ROWS = 12
_numbers = torch.Generator().manual_seed(0)
X = torch.randn(ROWS, 3, generator=_numbers)
Y = torch.randn(ROWS, 1, generator=_numbers)
CLASSES = torch.arange(ROWS) % 3
FIT: dict[str, Any] = {"batch_size": 4, "epochs": 2, "verbose": 0}
META = "is on the meta device, where tensors hold no numbers"


def _net(out: int = 1) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, out))


def _model(out: int = 1, loss: Any = "mse", optimizer: Any = "sgd", **options: Any) -> lampas.Model:
    """Compiled, with a history of one epoch and its dropout in evaluation mode."""
    model = lampas.Model(_net(out))
    model.compile(optimizer, loss, **options)
    model.history.append({"loss": 7.0})
    model.net[2].eval()
    return model


def _with(tensor: torch.Tensor, place: Any, value: float) -> torch.Tensor:
    changed = tensor.clone()
    changed[place] = value
    return changed


@contextmanager
def _refused(
    model: nn.Module, kind: type[LampasError], line: str, *, history: bool = True
) -> Iterator[None]:
    """The block raises `kind` with just this line, and the model is as it was, bit for bit."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert str(caught.value) == line
    assert "\n" not in line
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert [module.training for module in model.modules()] == modes
    if history and isinstance(model, lampas.Model):
        assert model.history.rows == [{"epoch": 1, "loss": 7.0}]


# --- targets and outputs -------------------------------------------------------------------------

MISFITS: dict[str, tuple[int, Any, torch.Tensor, type[LampasError], str]] = {
    "labels (N,) against (N, 1)": (
        1, "mse", Y[:, 0], ShapeError,
        "the model returns (4, 1) but the targets are (4,): MSELoss would compare them as (4, 4). "
        "Reshape the targets with y.reshape(-1, 1), or squeeze the output",
    ),
    "labels (N,) against (N, 1), BCE": (
        1, "bce_logits", CLASSES.clamp(max=1).float(), ShapeError,
        "the model returns (4, 1) but the targets are (4,): BCEWithLogitsLoss compares element by "
        "element. Reshape the targets with y.reshape(-1, 1), or squeeze the output",
    ),
    "a function that broadcasts": (
        1, lambda y_pred, y_true: (y_pred - y_true).square().mean(), Y[:, 0], ShapeError,
        "the model returns (4, 1) but the targets are (4,): the loss would compare them as (4, 4). "
        "Reshape the targets with y.reshape(-1, 1), or squeeze the output",
    ),
    "a class that is not there": (
        3, "cross_entropy", _with(CLASSES, 7, 5), DataError,
        "the target in row 7 of y is 5, but the model returns 3 classes: valid for "
        "CrossEntropyLoss are 0 to 2, or -100 to be ignored",
    ),
    "a negative class": (
        3, "cross_entropy", _with(CLASSES, 11, -1), DataError,
        "the target in row 11 of y is -1, but the model returns 3 classes: valid for "
        "CrossEntropyLoss are 0 to 2, or -100 to be ignored",
    ),
    "float labels": (
        3, "cross_entropy", CLASSES.float(), DtypeError,
        "CrossEntropyLoss reads class indices as torch.int64, but the targets are torch.float32: "
        "pass y.long() (NumPy: y.astype('int64'))",
    ),
    "integers for BCE": (
        1, "bce_logits", CLASSES[:, None].clamp(max=1), DtypeError,
        "BCEWithLogitsLoss reads float targets, but they are torch.int64: "
        "pass y.float() (NumPy: y.astype('float32'))",
    ),
    "classes for BCE": (
        1, "bce_logits", _with(CLASSES[:, None].clamp(max=1).float(), 9, 2), DataError,
        "BCEWithLogitsLoss reads targets from 0 to 1, but the target in row 9 of y is 2: for "
        "class indices use CrossEntropyLoss",
    ),
    "one-hot for NLL": (
        3, "nll", nn.functional.one_hot(CLASSES), ShapeError,
        "NLLLoss reads class indices of shape (4,) for outputs (4, 3), but the targets are (4, 3): "
        "one-hot targets become indices with y.argmax(1)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_targets_that_do_not_fit(name: str) -> None:
    out, loss, y, kind, line = MISFITS[name]
    model = _model(out, loss)
    with _refused(model, kind, line):
        model.fit(X, y, shuffle=False, **FIT)


@pytest.mark.parametrize("name", [n for n in MISFITS if " of y " not in MISFITS[n][4]])
def test_targets_that_do_not_fit_in_evaluation(name: str) -> None:
    out, loss, y, kind, line = MISFITS[name]
    model = _model(out, loss)
    with _refused(model, kind, line):
        model.evaluate(X, y, batch_size=4)


def test_validation_targets_are_seen_before_the_first_step() -> None:
    model = _model(3, "cross_entropy")
    line = (
        "the target in row 1 of the validation targets is 3, but the model returns 3 classes: "
        "valid for CrossEntropyLoss are 0 to 2, or -100 to be ignored"
    )
    with _refused(model, DataError, line):
        model.fit(X, CLASSES, validation_data=(X[:2], torch.tensor([0, 3])), **FIT)


def test_logits_where_probabilities_are_read_and_the_reverse() -> None:
    model = _model(1, nn.BCELoss())
    with pytest.raises(InputError, match=r"^BCELoss reads probabilities, but the model returns "):
        model.fit(X * 100, CLASSES[:, None].clamp(max=1).float(), **FIT)
    model = lampas.Model(nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()))
    model.compile("sgd", "bce_logits")
    line = "BCEWithLogitsLoss reads logits, but the net ends with a sigmoid: remove it"
    with pytest.raises(InputError, match=f"^{line}"):
        model.fit(X, CLASSES[:, None].clamp(max=1).float(), **FIT)
    model = _model(3, nn.NLLLoss())
    with pytest.raises(InputError, match=r"^NLLLoss reads log-probabilities, but .*CrossEntropyLo"):
        model.fit(X, CLASSES, **FIT)


def test_a_class_that_is_not_there_in_a_loaders_third_batch() -> None:
    model = _model(3, "cross_entropy", partial(torch.optim.SGD, lr=0.0))
    batches = [(X[:4], CLASSES[:4]), (X[4:8], CLASSES[4:8]), (X[8:], _with(CLASSES[8:], 1, 9))]
    seen: list[torch.Tensor] = []

    def watch(module: nn.Module, args: Any) -> None:
        seen.append(model.net[1].running_mean.clone())

    model.net.register_forward_pre_hook(watch)
    with pytest.raises(DataError) as caught:
        model.fit(batches, **FIT)
    assert str(caught.value) == (
        "the target in row 1 of the batch is 9, but the model returns 3 classes: valid for "
        "CrossEntropyLoss are 0 to 2, or -100 to be ignored"
    )
    assert len(seen) == 3
    assert torch.equal(model.net[1].running_mean, seen[2])  # as the second step left it
    assert not torch.equal(seen[1], seen[2])


# --- lengths, emptiness, kinds of data -----------------------------------------------------------


def _loader_of(*items: Any) -> Any:
    return iter(items)


DATA: dict[str, tuple[Any, Any, type[LampasError], str]] = {
    "lengths": (X, Y[:5], DataError,
                "x has 12 samples but y has 5: they must be of one length"),
    "lengths of two inputs": ((X, X[:3]), Y, DataError,
                              "x[0] has 12 samples but x[1] has 3: they must be of one length"),
    "empty": (X[:0], Y[:0], DataError, "x is empty: shape (0, 3)"),
    "empty NumPy": (np.zeros((0, 3)), np.zeros((0, 1)), DataError, "x is empty: shape (0, 3)"),
    "empty frame": (pd.DataFrame({"a": []}), np.zeros(0), DataError, "x is empty: shape (0, 1)"),
    "empty loader": (DataLoader([]), None, DataError, "the data holds no batch: it is empty"),
    "meta": (X.to("meta"), Y, DataError, f"x {META}"),
    "meta targets": (X, Y.to("meta"), DataError, f"y {META}"),
    "meta batches": ([(X.to("meta"), Y)], None, DataError, f"batch 1 of the loader {META}"),
    "nan": (_with(X, (5, 2), float("nan")), Y, DataError,
            "x has nan in row 5, column 2, and the net turns it into nan: fill the gaps, or drop "
            "those rows"),
    "infinity": (_with(X, (5, 2), float("inf")).numpy(), Y, DataError,
                 "x has inf in row 5, column 2, and the net turns it into nan: fill the gaps, or "
                 "drop those rows"),
    "nan in a frame": (pd.DataFrame(_with(X, ([5, 8], [2, 0]), float("nan")).numpy(),
                                    columns=["a", "b", "age"]), Y, DataError,
                       "x has nan in row 5, column 'age' (2 rows have such gaps), and the net "
                       "turns it into nan: fill the gaps, or drop those rows"),
    "nan in a target": (X, _with(Y, 3, float("nan")), DataError,
                        "y has nan in row 3, column 0: drop those rows, or fill the gaps"),
    "no targets": (X, None, InputError,
                   "MSELoss compares outputs with targets, and there are none: pass y"),
    "integers": (X.long(), Y, DtypeError,
                 "x is torch.int64 but the model's parameters are torch.float32: pass "
                 "x.to(torch.float32)"),
    "doubles": (X.double(), Y, DtypeError,
                "x is torch.float64 but the model's parameters are torch.float32: pass "
                "x.to(torch.float32), or convert the model with model.to(torch.float64)"),
    "text": ("abc", None, DataError,
             "batch 1 of the loader holds str in a str, not a batch of tensors: yield (x, y), each "
             "with a first dimension of samples"),
    "strings": (["a", "b"], None, DataError,
                "batch 1 of the loader holds str in a str, not a batch of tensors: yield (x, y), "
                "each with a first dimension of samples"),
    "numbers": ([1, 2], None, DataError,
                "x is a list of numbers: pass np.asarray(x), or torch.tensor(x)"),
    "a number": (5, None, DataError,
                 "x is a int: pass a tensor, a NumPy array, a pandas object, a tuple or dict of "
                 "these, a Dataset or a DataLoader"),
    "three parts": ([(X, Y, Y)], None, DataError,
                    "batch 1 of the loader has 3 parts: yield x, (x, y) or (x, y, sample_weight) "
                    "with weights of shape (batch,); several inputs belong together: ((x1, x2), "
                    "y)"),
    "uneven batches": ([(X, Y[:3])], None, DataError,
                       "batch 1 of the loader: x has 12 samples but y has 3"),
    "None": ([None], None, DataError,
             "batch 1 of the loader holds NoneType in a NoneType, not a batch of tensors: yield "
             "(x, y), each with a first dimension of samples"),
    "targets twice": (DataLoader(TensorDataset(X, Y)), Y, InputError,
                      "y was passed beside a DataLoader, which yields its own targets: leave y "
                      "out"),
    "a generator": (_loader_of((X, Y)), None, InputError,
                    "a generator needs steps_per_epoch: how many of its batches make an epoch"),
}  # fmt: skip
ONLY_FIT = ("a generator", "empty loader")  # evaluation reads a generator to its end


@pytest.mark.parametrize("name", DATA)
def test_data_that_cannot_be_used(name: str) -> None:
    x, y, kind, line = DATA[name]
    model = _model()
    with _refused(model, kind, line):
        model.fit(x, y, **FIT)


@pytest.mark.parametrize("name", [name for name in DATA if name not in ONLY_FIT])
def test_data_that_cannot_be_evaluated(name: str) -> None:
    x, y, kind, line = DATA[name]
    model = _model()
    with _refused(model, kind, line):
        model.evaluate(x, y)


@pytest.mark.parametrize("name", ["empty", "meta", "integers", "doubles", "strings", "a number"])
def test_data_that_cannot_be_predicted(name: str) -> None:
    x, _, kind, line = DATA[name]
    model = _model()
    with _refused(model, kind, line):
        model.predict(x)


def test_an_empty_loader_holds_nothing_to_evaluate_or_predict() -> None:
    model = _model()
    with _refused(model, DataError, "the data to evaluate holds no batch: it is empty"):
        model.evaluate(DataLoader([]))
    with _refused(model, InputError, "x holds no batch to predict"):
        model.predict(DataLoader([]))


def test_a_last_batch_of_one_cannot_train_batchnorm() -> None:
    model = _model(1, "mse", partial(torch.optim.SGD, lr=0.0))
    with pytest.raises(DataError) as caught:
        model.fit(X[:9], Y[:9], **FIT)
    assert str(caught.value) == (
        "a batch of 1 sample cannot train BatchNorm, whose variance needs 2: take a batch_size "
        "that leaves no last batch of 1, or a DataLoader with drop_last=True"
    )


def test_indices_for_an_embedding() -> None:
    model = lampas.Model(nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(6, 1)))
    model.compile("sgd", "mse")
    with pytest.raises(DtypeError) as caught:
        model.fit(X, Y, **FIT)
    assert str(caught.value) == ("x is torch.float32 but an embedding reads indices: pass x.long()")


def test_what_torch_refuses_is_told_with_its_layer() -> None:
    model = _model()
    line = (
        "{}: net.0, Linear(in_features=3, out_features=4, bias=True), cannot take what reaches it: "
        "mat1 and mat2 shapes cannot be multiplied ({}x5 and 3x4); the net was given x ({}, 5) "
        "torch.float32: pass data of the shape and dtype that it reads"
    )
    with _refused(model, InputError, line.format("in epoch 1, step 1", 4, 4)):
        model.fit(torch.ones(ROWS, 5), Y, **FIT)
    with pytest.raises(InputError) as caught:
        model.predict(torch.ones(ROWS, 5))
    assert str(caught.value) == line.format("in prediction", 12, 12)
    assert type(caught.value.__cause__) is RuntimeError


class Picky(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return {"a": self.linear}["b"](x)


def test_what_the_net_s_own_code_raises_keeps_its_type_and_gets_a_note() -> None:
    model = lampas.Model(Picky())
    model.compile("sgd", "mse")
    with pytest.raises(KeyError) as caught:
        model.fit(X, Y, **FIT)
    assert caught.value.__notes__ == ["lampas: in epoch 1, step 1, with x (4, 3) torch.float32"]


def test_infinities_that_a_gate_takes_are_told_before_the_weights_are_nan() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x).sigmoid()

    model = lampas.Model(Gated())
    model.compile("sgd", "mse")
    line = (
        "x has inf in row 5, column 2, and the gradients become nan of it: clip the values, or "
        "drop those rows"
    )
    with _refused(model, DataError, line, history=False):
        model.fit(_with(X, (5, 2), float("inf")), Y, **FIT)


def test_nets_that_read_gaps_are_not_refused() -> None:
    class Filled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x.nan_to_num())

    model = lampas.Model(Filled())
    model.compile("sgd", "mse")
    history = model.fit(_with(X, (5, 2), float("nan")), Y, **FIT)
    assert len(history) == 2


# --- nan on the way ------------------------------------------------------------------------------


@pytest.mark.parametrize(("which", "line"), [
    ("x", "the loss is nan in epoch 1, step 2: x has nan in row 1, column 2"),
    ("y", "the loss is nan in epoch 1, step 2: y has nan in row 1, column 2"),
])  # fmt: skip
def test_nan_in_a_loader_names_epoch_step_and_place(which: str, line: str) -> None:
    x, y = X.clone(), X.clone()
    (x if which == "x" else y)[5, 2] = float("nan")
    model = _model(3, "mse", partial(torch.optim.SGD, lr=0.0))
    first = DataLoader(TensorDataset(X[:4], X[:4]), 4)
    model.fit(first, verbose=0)  # what the first step does to the buffers
    after_one = {name: value.clone() for name, value in model.state_dict().items()}
    model = _model(3, "mse", partial(torch.optim.SGD, lr=0.0))
    with pytest.raises(NonFiniteError) as caught:
        model.fit(DataLoader(TensorDataset(x, y), 4), verbose=0)
    assert str(caught.value) == line
    for name, value in model.state_dict().items():
        assert torch.equal(value, after_one[name]), name


def test_a_rate_that_is_too_high_is_said_before_the_weights_are_nan() -> None:
    torch.manual_seed(1)
    model = lampas.Model(nn.Linear(3, 1))
    model.compile(torch.optim.SGD(model.parameters(), lr=1e30), "mse")
    with pytest.raises(NonFiniteError) as caught:
        model.fit(X, Y, **FIT)
    assert str(caught.value) == (
        "the loss is inf in epoch 1, step 2: the data of this batch are finite: lower the "
        "learning rate or clip gradients (clip_norm=1.0)"
    )
    assert all(bool(p.isfinite().all()) for p in model.parameters())


def test_weights_that_are_nan_are_named() -> None:
    model = _model()
    with torch.no_grad():
        model.net[3].weight[0, 1] = float("nan")
    with pytest.raises(NonFiniteError) as caught:
        model.fit(X, Y, **FIT)
    assert str(caught.value) == (
        "the loss is nan in epoch 1, step 1: net.3.weight holds nan or infinity: lower the "
        "learning rate or clip gradients (clip_norm=1.0)"
    )


# --- what compile is given -----------------------------------------------------------------------

OPTIONS: dict[str, tuple[dict[str, Any], type[LampasError], str]] = {
    "a loss class": ({"loss": nn.BCELoss}, InputError,
                     "loss is the class BCELoss, not an object: write nn.BCELoss()"),
    "no loss": ({"loss": 3}, InputError,
                "loss is of type int: pass a torch loss such as nn.MSELoss(), a name like 'mse', "
                "or a function (y_pred, y_true) that returns a tensor"),
    "no optimizer": ({"optimizer": 3}, InputError,
                     "the optimizer is a int; pass a torch optimizer, a name like 'adam', or a "
                     "function from parameters to an optimizer"),
    "a metric class": ({"metrics": [lampas.metrics.MAE]}, InputError,
                       "metric MAE is a class, not an instance: write MAE()"),
    "precision None": ({"precision": None}, UnknownNameError,
                       "unknown precision 'None'. Valid: bf16, float32, fp16"),
    "precision dtype": ({"precision": torch.bfloat16}, UnknownNameError,
                        "unknown precision 'torch.bfloat16'. Valid: bf16, float32, fp16"),
    "device": ({"device": "gpu"}, InputError,
               "unknown device 'gpu': write 'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'"),
    "device number": ({"device": 3.5}, InputError,
                      "unknown device 3.5: write 'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'"),
    "device meta": ({"device": "meta"}, InputError,
                    "the model is on the meta device, where weights hold no numbers: build it on a "
                    "real one, or call model.to_empty(device='cpu') and load its weights"),
    "accumulate": ({"accumulate": 0}, InputError,
                   "accumulate is 0: it must be a whole number, 1 or more"),
    "accumulate text": ({"accumulate": "2"}, InputError,
                        "accumulate is '2': it must be a whole number, 1 or more"),
    "accumulate half": ({"accumulate": 1.5}, InputError,
                        "accumulate is 1.5: it must be a whole number, 1 or more"),
    "clip_norm": ({"clip_norm": 0}, InputError,
                  "clip_norm is 0: it must be a positive number, or None"),
    "clip_norm text": ({"clip_norm": "1"}, InputError,
                       "clip_norm is '1': it must be a positive number, or None"),
    "clip_value": ({"clip_value": float("nan")}, InputError,
                   "clip_value is nan: it must be a positive number, or None"),
    "averaging": ({"averaging": "ema"}, InputError,
                  "averaging is 'ema': pass an object, lampas.optim.EMA() or lampas.optim.SWA()"),
    "loss weights": ({"loss_weights": {"a": 1}}, InputError,
                     "loss_weights are factors of several losses, and there is one"),
    "penalties": ({"penalties": "l2"}, InputError,
                  "a penalty is a str: pass a function of the model that returns a 0-d tensor, "
                  "such as lampas.losses.L2(1e-4)"),
    "scheduler interval": ({"scheduler": "cosine", "scheduler_every": "batch"}, UnknownNameError,
                           "unknown schedule interval 'batch'. Valid: epoch, step"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_what_compile_cannot_use(name: str) -> None:
    options, kind, line = OPTIONS[name]
    model = _model()
    given: dict[str, Any] = {"optimizer": "sgd", "loss": "mse", **options}
    with _refused(model, kind, line):
        model.compile(**given)
    model.fit(X, Y, **FIT)  # the earlier compile still holds
    assert len(model.history) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device is there")
def test_a_device_that_this_machine_has_not() -> None:
    model = _model()
    with pytest.raises(InputError) as caught:
        model.compile("sgd", "mse", device="cuda:3")
    assert re.fullmatch(
        r"device 'cuda:3' cannot be used here: [^.]+; 'auto' takes the best there is",
        str(caught.value),
    )
    assert next(model.parameters()).device.type == "cpu"


@pytest.mark.parametrize(("options", "line"), [
    ({"optimizer": "adm"}, "unknown optimizer 'adm': did you mean 'adam' or 'radam'? Valid: adad"),
    ({"loss": "mes"}, "unknown loss 'mes': did you mean 'mse' or 'mae'? Valid: bce, "),
    ({"metrics": ["acuracy"]}, "unknown metric 'acuracy': did you mean 'accuracy' or 'top_5_accur"),
    ({"precision": "fp32"}, "unknown precision 'fp32': did you mean 'float32' or 'fp16'? Valid: b"),
    ({"scheduler": "cosin"}, "unknown schedule 'cosin': did you mean 'cosine'? Valid: constant, c"),
])  # fmt: skip
def test_unknown_names_are_answered_with_the_nearest(options: dict[str, Any], line: str) -> None:
    model = _model()
    given: dict[str, Any] = {"optimizer": "sgd", "loss": "mse", **options}
    with pytest.raises(UnknownNameError) as caught:
        model.compile(**given)
    assert str(caught.value).startswith(line)


def _other_optimizer(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(_net().parameters())


class _Frozen(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 1)
        self.requires_grad_(False)


@pytest.mark.parametrize(("make", "optimizer", "line"), [
    (_net, _other_optimizer,
     "the optimizer was built from another model: 0 of its 6 tensors are parameters of this one; "
     "build it from model.parameters()"),
    (lambda: nn.LazyLinear(1), lambda net: torch.optim.Adam(net.parameters()),
     "the layer 'net' (LazyLinear) has no weights before its first batch: run one through the net "
     "before you build the optimizer: net(torch.zeros(1, ...))"),
    (lambda: nn.LazyLinear(1), lambda net: "adam",
     "the layer 'net' (LazyLinear) has no weights before its first batch: run one through the net "
     "before you build the optimizer: net(torch.zeros(1, ...))"),
    (nn.Flatten, lambda net: "adam",
     "the model has no parameters: there is nothing to train (layers in a plain list are "
        "not seen: put them in an nn.ModuleList)"),
    (_Frozen, lambda net: "adam",
     "all 2 parameters of the model are frozen (requires_grad=False): there is nothing to train; "
     "lampas.optim.unfreeze(model) trains them"),
])  # fmt: skip
def test_optimizers_that_cannot_train(
    make: Callable[[], nn.Module], optimizer: Callable[[nn.Module], Any], line: str
) -> None:
    net = make()
    model = lampas.Model(net)
    with pytest.raises(InputError) as caught:
        model.compile(optimizer(net), "mse")
    assert str(caught.value) == line


def test_parameters_frozen_since_compile() -> None:
    model = _model()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    line = (
        "all 6 parameters of the model are frozen (requires_grad=False): there is nothing to "
        "train; lampas.optim.unfreeze(model) trains them"
    )
    with _refused(model, InputError, line):
        model.fit(X, Y, **FIT)


def test_a_model_on_the_meta_device() -> None:
    with torch.device("meta"):
        model = lampas.Model(nn.Linear(3, 1))
    with pytest.raises(InputError, match=r"^the model is on the meta device, where weights hold "):
        model.compile("sgd", "mse")


def test_a_plain_tensor_that_did_not_move_with_the_model() -> None:
    class Scaled(nn.Linear):
        def __init__(self) -> None:
            super().__init__(3, 1)
            self.factor = torch.ones(3, device="meta")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(torch.cat([x, self.factor[None]])[:-1])

    model = lampas.Model(Scaled())
    model.compile("sgd", "mse")
    model.history.append({"loss": 7.0})
    line = (
        "net.factor is on meta but the model is on cpu: it is a plain tensor, which does not move "
        "with the model; write self.register_buffer('factor', ...)"
    )
    with _refused(model, InputError, line):
        model.fit(X, Y, **FIT)
    with pytest.raises(InputError, match=r"^net\.factor is on meta"):
        model.evaluate(X, Y)


def test_losses_that_train_nothing() -> None:
    model = _model(1, lambda y_pred, y_true: (y_pred.detach() - y_true).square().mean())
    line = (
        "the loss does not depend on the model's parameters, so nothing can be trained: look for "
        "detach(), .item(), argmax or torch.no_grad() between the net and the loss"
    )
    with _refused(model, InputError, line):
        model.fit(X, Y, **FIT)
    model = _model(1, lambda y_pred, y_true: 3.0)
    line = "loss returned a float: a loss returns a tensor, from which gradients can be computed"
    with _refused(model, DtypeError, line):
        model.fit(X, Y, **FIT)


# --- what fit is given ---------------------------------------------------------------------------

WHOLE = "it must be a whole number, 1 or more"
SETTINGS: list[tuple[dict[str, Any], str]] = [
    *(({"epochs": e}, f"epochs is {e!r}: {WHOLE}") for e in (-1, 0, 1.5, "3", None, True)),
    *(({"batch_size": b}, f"batch_size is {b!r}: {WHOLE}") for b in (0, -1, 2.5, "8", None)),
    *(({"initial_epoch": e}, f"initial_epoch is {e!r}: it must be a whole number, 0 or more")
      for e in (-1, 1.0, "a")),
    *(({"steps_per_epoch": s}, f"steps_per_epoch is {s!r}: {WHOLE}") for s in (0, 1.5)),
    *(({"validation_split": s}, f"validation_split is {s!r}: it must lie between 0 and 1")
      for s in (1.5, -0.1, "0.2", True)),
    ({"validation_split": 0.99}, "validation_split=0.99 of 12 rows leaves none to train"),
    ({"validation_data": (X, Y), "validation_freq": 0}, f"validation_freq is 0: {WHOLE}"),
    ({"validation_data": (X, Y), "validation_steps": 0}, f"validation_steps is 0: {WHOLE}"),
    ({"validation_data": (X, Y), "validation_batch_size": 0},
     f"validation_batch_size is 0: {WHOLE}"),
    ({"validation_data": (X, Y[:5])},
     "validation_data: x has 12 samples but y has 5: they must be of one length"),
    ({"validation_data": (_with(X, (5, 2), float("nan")), Y)},
     "validation x has nan in row 5, column 2, and the net turns it into nan: fill the gaps, or "
     "drop those rows"),
    ({"validation_data": (X, Y, Y, Y)},
     "validation_data has 4 parts: pass (x, y) or (x, y, sample_weight); several inputs belong "
     "together: ((x1, x2), y)"),
    ({"callbacks": lampas.callbacks.EarlyStopping},
     "callbacks is the class EarlyStopping, not an object: write EarlyStopping()"),
    ({"callbacks": [lampas.callbacks.EarlyStopping]},
     "callbacks[0] is the class EarlyStopping, not an object: write EarlyStopping()"),
    ({"callbacks": ["early"]},
     "callbacks[0] is 'early', not a callback: pass an object of lampas.callbacks, or a function "
     "of one event"),
    ({"callbacks": lambda: None},
     "callbacks, <lambda>(), cannot be called with one event: write def <lambda>(event): ..."),
    ({"verbose": 7}, "verbose must be 'auto', 0, 1 or 2, not 7"),
    ({"class_weight": {"a": 1}}, "class_weight has the key 'a': keys are class numbers from 0"),
    ({"sample_weight": torch.ones(3)},
     "x has 12 samples but sample_weight has 3: they must be of one length"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "line"), SETTINGS)
def test_what_fit_cannot_use(settings: dict[str, Any], line: str) -> None:
    model = _model()
    with pytest.raises(InputError) as caught, _refused_state(model):
        model.fit(X, Y, **{**FIT, **settings})
    assert str(caught.value) == line


@contextmanager
def _refused_state(model: lampas.Model) -> Iterator[None]:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        yield
    finally:
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name])
        assert model.history.rows == [{"epoch": 1, "loss": 7.0}]


def test_a_gap_in_the_split_off_rows_is_named_by_its_row() -> None:
    model = _model()
    line = "y has nan in row 10, column 0: drop those rows, or fill the gaps"
    with _refused(model, DataError, line):
        model.fit(X, _with(Y, 10, float("nan")), validation_split=0.25, **FIT)


def test_within_no_grad() -> None:
    model = _model()
    line = "fit was called within torch.no_grad(): call it outside"
    with torch.no_grad(), _refused(model, InputError, line):
        model.fit(X, Y, **FIT)


def test_a_split_of_what_is_no_array() -> None:
    model = _model()
    line = "validation_split cuts arrays; for a dataset, loader or generator pass validation_data"
    with _refused(model, InputError, line):
        model.fit(DataLoader(TensorDataset(X, Y)), validation_split=0.5, **FIT)


def test_a_schedule_needs_to_know_where_the_run_ends() -> None:
    class Endless(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            yield X[0], Y[0]

    model = _model(scheduler="cosine")
    line = (
        "a schedule or averaging needs the number of steps, which this data does not tell: pass "
        "steps_per_epoch"
    )
    with _refused(model, InputError, line):
        model.fit(Endless(), **FIT)


def test_before_compile() -> None:
    model = lampas.Model(_net())
    line = "the model is not compiled: call model.compile(optimizer, loss) first"
    calls: list[Callable[[], Any]] = [
        lambda: model.fit(X, Y),
        lambda: model.evaluate(X, Y),
        lambda: model.optimizer,
        lambda: model.plan,
    ]
    for call in calls:
        with _refused(model, NotCompiledError, line, history=False):
            call()
    model.compile(loss="mse")
    line = (
        "the model was compiled without an optimizer, which suffices to evaluate: call "
        "model.compile(optimizer, loss) to fit"
    )
    with _refused(model, NotCompiledError, line, history=False):
        model.fit(X, Y)


# --- what Model and load are given ---------------------------------------------------------------


class NoForward(lampas.Model):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)


@pytest.mark.parametrize(("make", "line"), [
    (lampas.Model, "Model() wraps a module: write Model(net), or subclass Model"),
    (lambda: lampas.Model(nn.Linear),  # type: ignore[arg-type]
     "net is the class Linear, not an object: write Linear(...)"),
    (lambda: lampas.Model("x"),  # type: ignore[arg-type]
     "net is of type str: pass a torch.nn.Module"),
    (lambda: NoForward().compile("sgd", "mse"),
     "NoForward has no forward: write NoForward.forward(self, x)"),
])  # fmt: skip
def test_what_is_no_model(make: Callable[[], Any], line: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value) == line


def test_files_that_are_no_saved_model(tmp_path: Path) -> None:
    model = _model()
    path = tmp_path / "model.lampas"
    model.save(path)
    net = _net()
    before = {name: value.clone() for name, value in net.state_dict().items()}

    def refused(where: Path, start: str, target: Any = net, kind: type = ArtifactError) -> None:
        with pytest.raises(kind) as caught:
            lampas.load(where, net=target)
        assert str(caught.value).startswith(start), str(caught.value)
        assert "\n" not in str(caught.value)

    refused(tmp_path / "none.lampas", f"{tmp_path / 'none.lampas'} is not there: check the path")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, f"{empty} is a folder without a checkpoint: name the .lampas file")
    cut, foreign, pickled = tmp_path / "cut", tmp_path / "foreign", tmp_path / "pickled"
    cut.write_bytes(path.read_bytes()[:-7])
    refused(cut, f"{cut} is damaged, or no Lampas file: ")
    torch.save({"net": net.state_dict()}, pickled)
    refused(pickled, f"{pickled} holds more than a state dict ('net'): ")
    foreign.write_text("epoch,loss\n1,2\n")
    refused(foreign, f"{foreign} ")
    refused(path, f"{path} holds the weights of Sequential, and no code: pass the net they", None)
    refused(path, "net=Linear is a class: pass an object of it: net=Linear", nn.Linear, InputError)
    refused(path, f"the weights in {path} do not fit this Sequential: ", _net(2))
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
