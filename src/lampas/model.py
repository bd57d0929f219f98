"""The model: an `nn.Module` that can `compile`, `fit`, `evaluate`, `predict`, `save`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from lampas import fitting, loop, losses, step
from lampas.callbacks import CallbackLike
from lampas.criterion import make_criterion
from lampas.data.batch import Batch
from lampas.data.gather import gathered, rows_to_come
from lampas.errors import InputError, NotCompiledError
from lampas.history import History
from lampas.in_backward import refuse_own_step
from lampas.inputs import (
    EXAMPLE_ROWS,
    BatchSize,
    looking_at_data,
    size_to_evaluate,
    source_as_fitted,
)
from lampas.meters import make_meters
from lampas.optim import EMA, SWA
from lampas.past import past_of
from lampas.plan import (
    Plan,
    device_of,
    find_device,
    make_optimizers,
    make_schedule,
)
from lampas.recompute import RecomputeLike, make_recompute
from lampas.resuming import continue_optimizers
from lampas.state.checkpoints import CheckpointLike
from lampas.step import StepResult
from lampas.summary import Summary, summarize
from lampas.weights import save_model

if TYPE_CHECKING:
    from lampas.export.exported import Exported
    from lampas.profiling import Profile


class Model(nn.Module):
    """A `torch.nn.Module` with Keras's verbs.

    Wrap a module, or subclass and write `forward`; either way the result is an `nn.Module`.
    A wrapped module is the submodule `net`: its parameters get the prefix `net.` and no other.

    >>> import torch, lampas
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> x = torch.rand(64, 3)
    >>> y = x.sum(1, keepdim=True)
    >>> model = lampas.Model(nn.Linear(3, 1))
    >>> model.compile(torch.optim.Adam(model.parameters(), lr=0.1), nn.MSELoss(), metrics=["mae"])
    >>> history = model.fit(x, y, batch_size=16, epochs=30, verbose=0)
    >>> model.evaluate(x, y)["mae"] < 0.1
    True

    Copies and pickles carry the net and its history; they are not compiled.
    """

    def __init__(self, net: nn.Module | None = None) -> None:
        super().__init__()
        if isinstance(net, type):
            raise InputError(
                f"net is the class {net.__name__}, not an object: write {net.__name__}(...)"
            )
        given: Any = net
        if given is not None and not isinstance(given, nn.Module):
            raise InputError(f"net is of type {type(given).__name__}: pass a torch.nn.Module")
        if net is None and type(self) is Model:
            raise InputError("Model() wraps a module: write Model(net), or subclass Model")
        if net is not None:
            self.net = net

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(Model).get(name)
        if isinstance(own, property) or (own is not None and isinstance(value, nn.Module)):
            raise InputError(f"{name!r} is a name of lampas.Model's: call yours otherwise")
        super().__setattr__(name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The wrapped module's output; a subclass writes its own."""
        return self.net(*args, **kwargs)

    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]  # Keras's meaning, not Dynamo's
        self,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        *,
        loss_weights: Mapping[Any, float] | Sequence[float] | None = None,
        device: str | torch.device | None = None,
        precision: str = "float32",
        accumulate: int = 1,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        scheduler: Any = None,
        scheduler_every: Literal["step", "epoch"] | None = None,
        averaging: EMA | SWA | None = None,
        penalties: Any = None,
        jit: Literal["auto"] | bool = "auto",
        recompute: RecomputeLike = None,
        optimizer_in_backward: bool = False,
    ) -> None:
        """Decide how the model is trained.

        optimizer: a torch optimiser over this model's parameters, a name ("adam"), or a dict
            of several by name. None: the model is only evaluated.
        loss: `(y_pred, y_true) -> 0-d or (B,) tensor`: a torch loss, a function, a name, or a
            dict (list) of them, one for each output. None: `forward` returns the loss, alone,
            as `["loss"]` or as `.loss`.
        metrics: names, functions `(y_pred, y_true)`, `lampas.metrics` or torchmetrics objects;
            a dict names them. Under the key of an output, a dict or list of that output's.
        loss_weights: the factor of each of several losses; 1 where not given.
        device: moves the model; "auto" takes the accelerator where there is one.
        precision: "float32", or autocast in "bf16" or "fp16" (with a gradient scaler).
        accumulate: how many batches make one optimiser step; the gradient is that of one
            batch of all their samples.
        clip_norm, clip_value: limits of the gradients' total norm (L2) and of each element.
        scheduler: a torch scheduler, or a function `(step, total) -> factor` of the rate.
        scheduler_every: when a torch scheduler moves; by default each epoch, but each step
            for OneCycleLR and CyclicLR.
        averaging: `lampas.optim.EMA` or `SWA`: validation uses, and `fit` leaves, the averages.
        penalties: regularisers `(model) -> 0-d tensor` such as `lampas.losses.L2(1e-4)`; they
            are added to what is minimised and reported beside the loss, not in it.
        jit: True compiles the whole step into one call, after the first; "auto" while the run goes
            on, where what is left of it pays for that; False never. What cannot be compiled runs
            as ever, and a line says why. See `lampas.jit`.
        recompute: activation checkpointing: blocks of the net whose activations are dropped and
            computed again in backward, which takes less memory and more time; the gradient is the
            same to the last bit. True finds them; names or patterns of modules
            ("encoder.layers.*"), or modules, say which.
        optimizer_in_backward: each parameter is stepped as soon as its gradient is there, which is
            let go then: all gradients are never there together, and the weights are the same.

        Raises `InputError`, with what, where and the fix, for anything that cannot be used.
        """
        self._check_forward()
        home = find_device(device, self)
        if device is not None:
            self.to(home)
        criterion = make_criterion(loss, loss_weights)
        if optimizer_in_backward and self.has_own_step:
            refuse_own_step(type(self).__name__)
        optimizers = make_optimizers(optimizer, self, own_step=self.has_own_step)
        self._plan = Plan(
            criterion=criterion,
            meters=make_meters(metrics, criterion),
            named_optimizers=optimizers,
            named_penalties=losses.resolve_penalties(penalties),
            device=home,
            precision=precision,
            accumulate=accumulate,
            clip_norm=clip_norm,
            clip_value=clip_value,
            schedule=make_schedule(scheduler, optimizers, scheduler_every),
            averaging=averaging,
            jit=jit,
            recompute=make_recompute(self, recompute),
            optimizer_in_backward=optimizer_in_backward,
        )
        saved = past_of(self).take_optimizers()
        continue_optimizers(optimizers, saved, scheduled=scheduler is not None)

    @property
    def plan(self) -> Plan:
        """What `compile` decided. Raises `NotCompiledError` before it."""
        plan = self.__dict__.get("_plan")
        if plan is None:
            raise NotCompiledError(
                "the model is not compiled: call model.compile(optimizer, loss) first"
            )
        return plan

    def _settled_plan(self) -> Plan:
        """The plan, following a model that was moved since `compile`."""
        plan, home = self.plan, device_of(self)
        if plan.device != home:
            plan.settle(home)
        return plan

    @property
    def is_compiled(self) -> bool:
        """Whether `compile` was called."""
        return "_plan" in self.__dict__

    @property
    def optimizer(self) -> Any:
        """The optimiser, or the dict of several."""
        named = self.plan.named_optimizers
        return named.get("", named)

    @property
    def history(self) -> History:
        """What the last `fit` recorded, up to where it ended; empty before."""
        return past_of(self).history

    def train_step(self, batch: Batch) -> StepResult | Mapping[str, Any]:
        """One training step: the method to override to write your own.

        Your step reads like a script: it takes `batch.x`, `batch.y` (on the model's device),
        zeroes, computes, calls `backward()` and steps `self.optimizer`, or the several of a
        dict by their names. It returns a dict of 0-d losses, each a mean over the batch, for
        the history; under "y_pred", what the metrics shall see.

        ::

            class GAN(lampas.Model):
                def train_step(self, batch):
                    opt = self.optimizer["discriminator"]
                    opt.zero_grad()
                    loss = ...
                    loss.backward()
                    opt.step()
                    return {"d_loss": loss}
        """
        return step.train_step(self, batch)

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: BatchSize = 32,
        epochs: int = 1,
        verbose: Literal["auto", 0, 1, 2] = "auto",
        callbacks: Sequence[CallbackLike] | CallbackLike | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        checkpoint: CheckpointLike = None,
        every: str | None = None,
    ) -> History:
        """Train, and return the history of losses and metrics, a row an epoch.

        x: inputs (N, ...): a tensor, a NumPy array or a pandas object; a tuple (positional
            arguments of `forward`) or dict (keyword arguments) of these; or a `Dataset`, a
            `DataLoader`, a generator with `steps_per_epoch`, which yield x, (x, y) or
            (x, y, sample_weight).
        y: targets (N, ...), of the same kinds; None where x yields them or the model needs none.
        batch_size: samples in a batch, where x is not batched already. "auto": the largest power of
            two that fits, found by trying (arrays only); the largest is not always the best.
        epochs: the number of the last epoch, counted from 1.
        verbose: "auto" shows a bar on a terminal and nothing elsewhere; 1 a bar, 2 a line an
            epoch, 0 nothing.
        callbacks: objects or functions that hear the run's events and may ask it to stop.
        validation_split: the share of the last rows that is held out (arrays only).
        validation_data: (x, y), (x, y, sample_weight), or a dataset or loader.
        shuffle: a new order each epoch, from torch's random state (arrays and datasets).
        class_weight: {class number: weight}; multiplies the sample weights.
        sample_weight: (N,) weights; the loss is sum(w * l) / sum(w).
        initial_epoch: epochs already done, as when a run is continued; their rows in `history`
            are carried over.
        steps_per_epoch: batches that make an epoch; the next epoch reads on.
        validation_steps: batches of a validation. validation_batch_size: samples in a batch
            of it; by default batch_size, up to four times it where rows are small.
        validation_freq: validate after each so many epochs.
        checkpoint: a folder, or `lampas.Checkpoints`, where the state of the run is kept. The
            same call, in another process, goes on where the newest whole checkpoint was taken,
            in the middle of an epoch too, and ends with the same bits; where that cannot be, a
            line says why. A finished run is not trained again, but for more epochs.
        every: how often: "5 min" (the default), "200 steps", "epoch".

        With checkpoints SIGTERM and SIGUSR1 end the run after its step, write one, and end the
        program with exit code 75 (`lampas.Preempted`): start it again to go on.

        Ctrl-C ends the run after its step and returns the history so far; a second one
        interrupts at once. Raises `DataError`, `ShapeError`, `DtypeError` for data that do not
        fit, before the first step where that can be known, and `NonFiniteError` when the loss
        becomes nan: on a CPU before it reaches the weights.
        """
        asked = fitting.Asked(
            x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data,
            shuffle, class_weight, sample_weight, initial_epoch, steps_per_epoch,
            validation_steps, validation_batch_size, validation_freq, checkpoint, every,
        )  # fmt: skip
        with fitting.prepared(self, self._settled_plan(), asked) as run:
            return loop.fit(run)

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: BatchSize | None = None,
        *,
        sample_weight: Any = None,
        steps: int | None = None,
    ) -> dict[str, float]:
        """The loss and metrics over all samples: exact, whatever the batch size.

        Takes what `fit` takes. batch_size: None is 128, or up to 1 024 where rows are small; it
        changes time and memory, and no result but in its last bits.

        A metric that is no number, such as a confusion matrix, is in `metric_values` afterwards.
        """
        plan = self._settled_plan()
        source = source_as_fitted(self, x, y, sample_weight)
        with closing(source), looking_at_data(self, source.rows) as found:
            size = size_to_evaluate(self, batch_size, source, "evaluate")
            plan.criterion.expect([None])  # a callback may evaluate during a fit
            found |= loop.evaluate(self, source.once(size, steps=steps, times=1))
        return found

    @property
    def metric_values(self) -> dict[str, Any]:
        """The raw value of each metric, as last computed."""
        return {meter.name: meter.value for meter in self.plan.meters}

    def predict(
        self, x: Any, batch_size: BatchSize | None = None, *, steps: int | None = None
    ) -> Any:
        """The outputs for all samples, on the CPU: a tensor (N, ...), or a tuple or dict of such.

        batch_size: as for `evaluate`. The inputs are streamed and may be larger than memory; the
        outputs are held once, and where they are larger too, take `predict_batches`. Needs no
        `compile`.
        """
        source = source_as_fitted(self, x)
        size = size_to_evaluate(self, batch_size, source, "predict")
        # Once for all batches where no dataset of the user's is read, which may want gradients.
        quiet = nullcontext() if source.rows is None else torch.no_grad()
        with closing(source), quiet:
            parts = loop.predict(self, source.once(size, steps=steps, times=1))
            return gathered(parts, partial(rows_to_come, source, size, steps))

    def predict_batches(
        self, x: Any, batch_size: BatchSize | None = None, *, steps: int | None = None
    ) -> Iterator[Any]:
        """The outputs batch by batch, on the CPU, in the order of `x`."""
        source = source_as_fitted(self, x)
        size = size_to_evaluate(self, batch_size, source, "predict")
        with closing(source):
            yield from loop.predict(self, source.once(size, steps=steps, times=1))

    def save(self, path: str | Path) -> None:
        """Write weights, optimiser state and history to one file, whole or not at all.

        The file is a safetensors file with a description in JSON: no pickle, no code; it holds
        the names that the wrapped module's own `state_dict` has. `lampas.load` reads it. Raises
        `InputError` for a place that cannot be written.
        """
        named = self.plan.named_optimizers if self.is_compiled else {}
        save_model(
            self.net if type(self) is Model else self,
            path,
            optimizers=named,
            history=self.history.rows,
            origin=self.origin,
        )

    def export(
        self, path: str | Path, example: Any = None, *, tolerance: float | None = None
    ) -> "Exported":
        """Write the net for other programs, once the file is found to answer as the model does.

        The suffix of `path` says the format. ".onnx": the graph in ONNX, opset 18 (needs
        `pip install 'lampas[onnx]'`). ".pt2": the graph of `torch.export`, for any program with
        torch. ".safetensors": the weights alone, under the names of the wrapped module's own
        `state_dict`. A graph holds the net in evaluation mode, in the dtypes of its weights, on
        the CPU, and takes any number of rows; inputs have the names of `forward`'s parameters,
        outputs those of the dict that it returns, or "output".

        example: inputs as `predict` takes them, one row or more, for a graph alone; None: the
        first rows of the arrays that `fit` was given.
        tolerance: what the file's outputs may differ from the model's: |file − model| over the
        largest |model| at this place of a row, or 0.1 if that is less. None is 1e-4 for float32,
        1e-8 for float64, 1e-2 for float16, 5e-2 for bfloat16, by the least exact of weights and
        outputs. Weights are compared bit by bit.

        The file is read back and run beside the model on the example's rows, in batches of 3, 1
        and 7. Where anything differs, or cannot be traced, nothing is written and what was at
        `path` stays. The model does not change.

        Raises `InputError` for a suffix, an example or a net that will not do, `ArtifactError`
        for a file that differs, `MissingExtraError` where onnx, onnxscript or onnxruntime is
        missing.

        >>> import lampas, tempfile, torch
        >>> model = lampas.Model(torch.nn.Linear(3, 1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = model.export(f"{folder}/m.pt2", example=torch.rand(2, 3))
        >>> print(*made.inputs, *made.outputs, made.difference)
        input (batch, 3) float32 output (batch, 1) float32 0.0
        """
        from lampas.export.plain import export

        first = past_of(self).example
        if example is not None:
            first = source_as_fitted(self, example).first(EXAMPLE_ROWS)
        return export(self, path, first, tolerance)

    @property
    def origin(self) -> dict[str, Any]:
        """What the last `fit` was, as plain values: data, settings, seed, versions, command; with
        checkpoints fingerprints of data and code too. {} before. It is saved with the model."""
        return past_of(self).origin

    def profile(
        self, x: Any, y: Any = None, batch_size: int = 32, *, steps: int = 20,
        trace: str | Path | None = None, sample_weight: Any = None,
    ) -> "Profile":  # fmt: skip
        """Where the time of a training step goes: in words, as tables, and as a `trace` file.

        Some steps are made on a copy: the model is not touched. See `lampas.profiling.profile`.
        """
        from lampas.profiling import profile

        return profile(
            self, x, y, batch_size, steps=steps, trace=trace, sample_weight=sample_weight
        )

    def summary(
        self, input_shape: Any = None, input_dtype: Any = None, *, inputs: Any = None,
        batch_size: int | None = None, depth: int | None = None,
    ) -> Summary:  # fmt: skip
        """Layers, shapes, parameters, work and memory, as a table that prints itself.

        input_shape: without the batch dimension, as (3, 32, 32); a list or dict for several
        inputs. input_dtype: their dtype. depth: how many levels of the tree are shown. Nothing is
        computed: shapes come from fake tensors. Memory is told for the optimiser and precision of
        `compile`, or Adam and float32. See `lampas.summarize`.
        """
        plan = self.plan if self.is_compiled else None
        again = None if plan is None else plan.recompute
        named = {} if plan is None else plan.named_optimizers
        return summarize(
            self, input_shape, input_dtype, inputs, batch_size,
            depth=depth,
            optimizer=next(iter(named.values())) if len(named) == 1 else "adam",
            precision="float32" if plan is None else plan.precision,
            recompute=None if again is None else again.asked,
            optimizer_in_backward=plan is not None and plan.optimizer_in_backward,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        from lampas.cards import model_card

        return model_card(self)

    @property
    def has_own_step(self) -> bool:
        """Whether a subclass writes its own `train_step`."""
        return type(self).train_step is not Model.train_step

    @property
    def has_own_forward(self) -> bool:
        """Whether a forward pass is more than that of the wrapped module."""
        return type(self).forward is not Model.forward or "forward" in vars(self)

    def _check_forward(self) -> None:
        if not self.has_own_forward and not hasattr(self, "net"):
            name = type(self).__name__
            raise InputError(f"{name} has no forward: write {name}.forward(self, x)")

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles carry the net and its history, not what `compile` decided."""
        return {name: value for name, value in self.__dict__.items() if name != "_plan"}
