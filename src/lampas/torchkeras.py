"""The older torchkeras face (before 3.0): programs keep all but their import line.

    from lampas.torchkeras import Model, summary

What differs from the old loop: epochs' numbers are exact means over samples, not means of batch
means; a metric function is called once with the epoch's rows (see `_EpochFunction`); a loss of nan
stops the run with a line that says why; shapes in summaries come without a forward pass.
"""

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from lampas import model as engine
from lampas.callbacks import Callback, Event, EventKind
from lampas.data.feed import check_count
from lampas.data.nest import concatenate
from lampas.errors import InputError, NotCompiledError, ShapeError
from lampas.inputspec import Inputs, inputs_of
from lampas.metrics import Mean, Metric
from lampas.metrics.resolve import is_metric
from lampas.printing import number, text_table
from lampas.summary.dryrun import output_shapes
from lampas.weights import bare

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Model", "summary"]

_COMPILED = (
    "_engine", "loss_func", "optimizer", "metrics_dict", "device", "history"
)  # fmt: skip

_SAMPLES = 2  # in a summary's batch: one would be squeezed away by some nets


class Model(nn.Module):
    """A net with torchkeras's verbs: `Model(net)`, or `class Net(Model)` with a `forward`.

    net: any module, `nn.DataParallel` among them; its parameters get the prefix `net.`, as they
    had. A subclass's have none. Copies and pickles carry the net; they are not compiled.

    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> x = torch.linspace(-1, 1, 64)[:, None]
    >>> loader = DataLoader(TensorDataset(x, 3 * x + 1), batch_size=16, shuffle=True)
    >>> _ = torch.manual_seed(0)
    >>> model = Model(nn.Linear(1, 1))
    >>> model.compile(nn.MSELoss(), torch.optim.Adam(model.parameters(), lr=0.1))
    >>> model.evaluate(loader)["val_loss"] > 1
    True
    >>> frame = model.fit(30, loader, log_step_freq=100)  # doctest: +ELLIPSIS
    Start Training ...
    ...
    >>> list(frame.columns), frame["loss"].iloc[-1] < 0.1
    (['epoch', 'loss'], np.True_)
    """

    def __init__(self, net: nn.Module | None = None) -> None:
        super().__init__()
        given: Any = net
        if given is not None and not isinstance(given, nn.Module):
            raise InputError(f"net is {given!r}: pass an object of a module, as Model(Net())")
        self.net = net

    def forward(self, x: Any) -> Any:
        """The wrapped net's output; a subclass writes its own."""
        if self.net is None:
            name = type(self).__name__
            raise InputError(f"{name} has no net and no forward: write Model(net), or a forward")
        return self.net(x)

    def summary(
        self, input_shape: Any, input_dtype: Any = torch.FloatTensor, batch_size: int = -1
    ) -> None:
        """Print the layers; see the function `summary`."""
        summary(self, input_shape, input_dtype, batch_size)

    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]  # torchkeras's, not Dynamo's
        self,
        loss_func: Any,
        optimizer: torch.optim.Optimizer | None = None,
        metrics_dict: Mapping[str, Any] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        """Decide how the model is trained; the history begins anew.

        loss_func: `(y_pred, y_true) -> 0-d tensor`; alone it suffices to evaluate.
        optimizer: None means Adam with a rate of 0.001.
        metrics_dict: functions `(y_pred, y_true)` by name, which may give a float, a NumPy number
            or a tensor; or what `lampas.Model.compile` takes: names, metric objects.
        device: moves the net. Where it is a CUDA device that is not here, the run stays on the
            CPU, with a warning.
        """
        _refuse_own_steps(type(self))
        metrics = {
            name: _EpochFunction(name, metric) if _is_function(metric) else metric
            for name, metric in (metrics_dict or {}).items()
        }
        device = _present(device)
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        if optimizer is None and trained:
            optimizer = torch.optim.Adam(trained, lr=0.001)
        trainer = _Engine(self)
        trainer.compile(optimizer, loss_func, metrics, device=device)
        # Not by setattr, which would make engine and loss submodules, with keys in state_dict.
        found = (trainer, loss_func, optimizer, metrics_dict or {}, device, {})
        self.__dict__.update(zip(_COMPILED, found, strict=True))

    def fit(
        self, epochs: int, dl_train: Any, dl_val: Any = None, log_step_freq: int = 1
    ) -> "pd.DataFrame":
        """Train, print, and return a row for each epoch since `compile`.

        dl_train, dl_val: loaders of (x, y). log_step_freq: a line with the running numbers is
            printed each so many steps; reading them costs more than a small step.

        Columns: epoch, loss, the metrics, and with `dl_val` val_loss and val_<metric>.
        """
        check_count("epochs", epochs)
        check_count("log_step_freq", log_step_freq)
        trainer = self._compiled("fit")
        done = len(trainer.history)
        print("Start Training ...")
        _print_bar()
        trainer.fit(
            dl_train,
            epochs=done + epochs,
            initial_epoch=done,
            validation_data=None if isinstance(dl_val, list) and not dl_val else dl_val,
            callbacks=_Lines(log_step_freq),
            verbose=0,
        )
        print("Finished Training...")
        self.__dict__["history"] = trainer.history.history
        return trainer.history.frame

    def evaluate(self, dl_val: Any) -> dict[str, float]:
        """{"val_loss": ..., "val_<metric>": ...} over all samples, whatever the batches."""
        found = self._compiled("evaluate").evaluate(dl_val)
        return {f"val_{name}": value for name, value in found.items()}

    def predict(self, dl: Any) -> torch.Tensor:
        """The outputs for all samples of a loader of (x, y) or x: one tensor, on the CPU."""
        return self.__dict__.get("_engine", _Engine(self)).predict(dl)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load what `state_dict()` gave, or what the wrapped net's own gave, without `net.`.

        Tensors of a loss are left out: the old face saved them with the model.
        """
        if any(key.startswith("loss_func.") for key in state_dict):
            state_dict = {k: v for k, v in state_dict.items() if not k.startswith("loss_func.")}
        bare_keys = not any(key.startswith("net.") for key in state_dict)
        if type(self) is Model and self.net is not None and bare_keys:
            return self.net.load_state_dict(state_dict, strict, assign)
        return super().load_state_dict(state_dict, strict, assign)

    def _compiled(self, verb: str) -> engine.Model:
        if "_engine" not in self.__dict__:
            raise NotCompiledError(
                f"{verb} came before compile: call model.compile(loss_func, ...)"
            )
        return self.__dict__["_engine"]

    def __getstate__(self) -> dict[str, Any]:
        if "_engine" not in self.__dict__:  # those names may be the subclass's own
            return self.__dict__.copy()
        return {name: value for name, value in self.__dict__.items() if name not in _COMPILED}


class _Engine(engine.Model):
    """What trains: a batch's features reach `forward` as the one argument they were, also where
    they are a tuple or a dict."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.net(args[0] if len(args) == 1 else args or kwargs)


class _EpochFunction(Metric):
    """A metric function of the old kind, made exact.

    It was called with each batch, and the answers were averaged, which is wrong for whatever is
    no mean over samples. Here it is called once, with all rows of the epoch, on the model's
    device. Answers are averaged, by their rows, only for the lines in between, and where batches
    cannot be joined, as of sentences that are padded batch by batch.
    """

    per_batch: ClassVar[bool] = True  # which tells the rows of one look from those of the next

    def __init__(self, name: str, function: Callable[[Any, Any], Any]) -> None:
        self.name = name
        self._function = function
        self.reset()

    def reset(self) -> None:
        self._kept: list[Any] = []
        self._looked = 0
        self._so_far = Mean(self._function, self.name)

    def update(self, y_pred: Any, y_true: Any) -> None:
        self._kept.append((y_pred, y_true))

    def compute(self) -> torch.Tensor:
        whole = Mean(self._function, self.name)
        for part in _joined(self._kept):
            whole.update(*part)
        return whole.compute()

    def peek(self, rows: Sequence[tuple[Any, Any]]) -> torch.Tensor:
        """The answers for the rows between looks, averaged."""
        seen = [*self._kept, *rows]
        new, self._looked = seen[self._looked :], len(seen)
        for part in _joined(new):
            self._so_far.update(*part)
        return self._so_far.compute()


def _joined(pieces: list[Any]) -> list[Any]:
    try:
        return [concatenate(pieces)] if pieces else []
    except ShapeError:
        return pieces


class _Lines(Callback):
    """Prints the running numbers each `every` steps, and each epoch's row."""

    hears: ClassVar[frozenset[EventKind]] = frozenset({"step", "epoch_end"})

    def __init__(self, every: int) -> None:
        self._every = every

    def __call__(self, event: Event) -> None:
        if event.kind == "epoch_end":
            row = {name: number(value) for name, value in event.logs.items() if name != "epoch"}
            print("\n" + text_table(["epoch", *row], [[str(event.epoch), *row.values()]]))
            _print_bar()
        elif event.step % self._every == 0:
            shown = {name: float(f"{value:.4g}") for name, value in event.logs.items()}
            print({"step": event.step} | shown)


def summary(
    net: nn.Module,
    input_shape: Any,
    input_dtype: Any = torch.FloatTensor,
    batch_size: int = -1,
) -> None:
    """Print each layer, its output's shape and its parameters; totals; memory for one sample.

    input_shape: without the batch, as (3, 32, 32); a list of such for several inputs.
    input_dtype: an old tensor type, as torch.LongTensor, or a dtype; a list for several inputs.
    batch_size: what stands for the batch in the shapes.

    Shapes come from fake tensors: nothing is computed. Raises `InputError` naming the layer that
    refuses what reaches it. Numbers between layers are taken to have 4 bytes, and a gradient each.

    >>> summary(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)), input_shape=(2,))
    ----------------------------------------------------------------
            Layer (type)              Output Shape         Param #
    ================================================================
                Linear-1                   [-1, 4]              12
                  ReLU-2                   [-1, 4]               0
                Linear-3                   [-1, 1]               5
    ================================================================
    Total params: 17
    Trainable params: 17
    Non-trainable params: 0
    ----------------------------------------------------------------
    Input size (MB): 0.000008
    Forward/backward pass size (MB): 0.000069
    Params size (MB): 0.000065
    Estimated Total Size (MB): 0.000141
    ----------------------------------------------------------------
    """
    net = bare(net.net if type(net) is Model and net.net is not None else net)
    inputs = inputs_of(input_shape, input_dtype, _SAMPLES, net)
    rows = list(_layers(net, inputs))
    rule, double = "-" * 64, "=" * 64
    print(rule, f"{'Layer (type)':>20}  {'Output Shape':>24}  {'Param #':>14}", double, sep="\n")
    for index, (kind, shape, count) in enumerate(rows, start=1):
        sizes = "" if shape is None else str([batch_size, *shape[1:]])
        print(f"{f'{kind}-{index}':>20}  {sizes:>24}  {count:>14}")
    print(double)
    _print_totals(net)
    print(rule)
    outputs = sum(shape.numel() for _, shape, _ in rows if shape is not None)
    _print_memory(net, inputs, outputs // _SAMPLES)
    print(rule)


def _layers(net: nn.Module, inputs: Inputs) -> Iterator[tuple[str, torch.Size | None, str]]:
    """(class, shape of the output, parameters) of each call of a layer, in the order of calls."""
    shapes = output_shapes(net, inputs)
    own: Counter[str] = Counter()
    for name, parameter in net.named_parameters():
        path = name.rpartition(".")[0]
        while path not in shapes:  # weights of a part that is not called count for its parent
            path = path.rpartition(".")[0]
        own[path] += parameter.numel()
    for path, calls in shapes.items():
        module = net.get_submodule(path)
        if own[path] or not [*module.children()]:
            for turn, call in enumerate(calls):
                count = "(recursive)" if turn and own[path] else f"{own[path]:,}"
                yield type(module).__name__, _first_shape(call), count


def _first_shape(call: Any) -> torch.Size | None:
    while isinstance(call, (tuple, list, dict)) and not isinstance(call, torch.Size) and call:
        call = next(iter(call.values())) if isinstance(call, dict) else call[0]
    return call if isinstance(call, torch.Size) else None


def _print_totals(net: nn.Module) -> None:
    total = sum(parameter.numel() for parameter in net.parameters())
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    print(f"Total params: {total:,}")
    print(f"Trainable params: {trainable:,}")
    print(f"Non-trainable params: {total - trainable:,}")


def _print_memory(net: nn.Module, inputs: Inputs, outputs: int) -> None:
    sizes = {
        "Input size": sum(x.nbytes for x in (*inputs.args, *inputs.kwargs.values())) // _SAMPLES,
        "Forward/backward pass size": 2 * 4 * outputs,
        "Params size": sum(parameter.nbytes for parameter in net.parameters()),
    }
    sizes["Estimated Total Size"] = sum(sizes.values())
    for name, size in sizes.items():
        print(f"{name} (MB): {size / 2**20:.6f}")


def _print_bar() -> None:
    print("=" * 80 + time.strftime("%Y-%m-%d %H:%M:%S"))


def _is_function(metric: Any) -> bool:
    return callable(metric) and not isinstance(metric, type) and not is_metric(metric)


def _present(device: str | torch.device | None) -> str | torch.device | None:
    """`device`, or the CPU for CUDA where there is none: where such programs ran, too."""
    if device is None or torch.cuda.is_available() or not str(device).startswith("cuda"):
        return device
    warnings.warn(f"there is no {device} here: the model runs on the CPU", stacklevel=3)
    return "cpu"


def _refuse_own_steps(kind: type[Model]) -> None:
    for name in ("train_step", "evaluate_step"):
        if hasattr(kind, name):
            raise InputError(
                f"{kind.__name__}.{name} would never be called here: subclass lampas.Model, and "
                "write its train_step(self, batch)"
            )
