"""The compiled loss: one term for each output, each an exact mean over what it counts.

A batch's loss is a mean over its samples, and batches differ: in size, in how many targets are
masked, in the sum of their weights. Each term therefore answers with the value to
differentiate *and* the count it is a mean of, so that an epoch's loss is the mean over all
samples of the epoch, whatever the batches:

    L = sum_b(value_b * count_b) / sum_b(count_b)
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import nn

from lampas import losses
from lampas.data.batch import Batch
from lampas.data.nest import Nest, leaves
from lampas.errors import DtypeError, InputError, ShapeError
from lampas.losses.kinds import recognise

Count = int | torch.Tensor
LossFunction = Callable[[Any, Any], torch.Tensor]


class Term:
    """The loss of one output.

    The count of a mean is the number of samples; the number of targets that are not
    `ignore_index`; the sum of the class weights of the targets; or the sum of the sample
    weights: the denominator that the loss itself divides by.
    """

    def __init__(self, name: str, function: LossFunction, weight: float = 1.0) -> None:
        self.name = name
        self.function = function
        self.weight = weight
        self.reduction: str = getattr(function, "reduction", "mean")
        # Of a module that nobody knows, only what it returns is believed: a mean over samples.
        known = recognise(function)
        self.ignore_index = known.ignore_index if known is not None and known.plain else None
        self.class_weight: torch.Tensor | None = _class_weight(function)
        self.may_ignore = self.ignore_index is not None
        self._each = _with_reduction(function, "none")
        self._sum = _with_reduction(function, "sum")

    def __call__(
        self, y_pred: Any, y_true: Any, weight: torch.Tensor | None, size: int
    ) -> tuple[torch.Tensor, Count]:
        """The value to differentiate, a 0-d tensor, and the count that it is a mean of."""
        if weight is not None:
            return self._weighted(y_pred, y_true, weight)
        count = size if self.ignore_index is None else self.count(y_true, None, size)
        if isinstance(count, int):
            value = self._tensor(self.function(y_pred, y_true))
            return (value.mean() if value.ndim else value), count
        total = self._sum(y_pred, y_true)
        return (total if self.reduction == "sum" else total / _positive(count)), count

    def count(self, y_true: Any, weight: torch.Tensor | None, size: int) -> Count:
        """The denominator of this term for one batch: a tensor where the targets decide it."""
        mass = self._mass(y_true)
        if mass is not None:
            return mass.sum() if weight is None else _dot(mass, weight)
        places = y_true.numel() // size if self._counts_places(y_true) else 1
        return size * places if weight is None else weight.sum() * places

    def _counts_places(self, y_true: Any) -> bool:
        """Whether the mean is over all targets of a sample, as over its words or pixels."""
        return self.ignore_index is not None and _is_classes(y_true)

    def _mass(self, y_true: Any) -> torch.Tensor | None:
        """What each target adds to the denominator, in the shape of the targets; None: 1 each."""
        if not self._counts_places(y_true):
            return None
        if self.class_weight is None or self.reduction == "sum":
            return (y_true != self.ignore_index).float() if self.may_ignore else None
        kept = y_true != self.ignore_index
        # An ignored target names no class: class 0 stands in, and counts for nothing.
        index = torch.where(kept, y_true, 0).clamp(0, len(self.class_weight) - 1)
        return self.class_weight[index] * kept

    def _weighted(
        self, y_pred: Any, y_true: Any, weight: torch.Tensor
    ) -> tuple[torch.Tensor, Count]:
        each = self._tensor(self._each(y_pred, y_true))
        if each.ndim == 0 or len(each) != len(weight):
            raise ShapeError(
                f"sample_weight and class_weight need the loss of each sample, but {self.name} "
                f"returns shape {tuple(each.shape)}: make it return one value a sample"
            )
        sums = self.reduction in ("sum", "batchmean") or self._counts_places(y_true)
        each = each.reshape(len(each), -1)
        total = _dot(each if sums else each.mean(1), weight)
        count = self.count(y_true, weight, len(weight))
        return (total if self.reduction == "sum" else total / _positive(count)), count

    def _tensor(self, value: Any) -> torch.Tensor:
        if not isinstance(value, torch.Tensor):
            raise DtypeError(
                f"{self.name} returned a {type(value).__name__}: a loss returns a tensor, from "
                "which gradients can be computed"
            )
        return value

    def expect(self, targets: list[Any]) -> None:
        """Learn from all targets of a fit whether any is masked: counting costs a little."""
        if self.ignore_index is not None:
            self.may_ignore = any(
                not isinstance(y_true, torch.Tensor) or bool((y_true == self.ignore_index).any())
                for y_true in targets
            )

    def to(self, device: torch.device) -> None:
        """Move the loss's own tensors; the variants of it share them."""
        if isinstance(self.function, nn.Module):
            self.function.to(device)
            self.class_weight = _class_weight(self.function)
            self._each = _with_reduction(self.function, "none")
            self._sum = _with_reduction(self.function, "sum")


def _dot(each: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted sum over samples of the sum of each sample's values."""
    return (each.reshape(len(each), -1).sum(1) * weight).sum()


def _positive(count: Count) -> Count:
    """A batch with nothing to count has loss 0, not 0 / 0."""
    if isinstance(count, torch.Tensor):
        return torch.where(count == 0, torch.ones_like(count), count)
    return count or 1


def _is_classes(y_true: Any) -> bool:
    return isinstance(y_true, torch.Tensor) and not y_true.is_floating_point()


def _class_weight(function: LossFunction) -> torch.Tensor | None:
    """The class weights that a mean divides by: torch does so for these two alone."""
    if isinstance(function, (nn.CrossEntropyLoss, nn.NLLLoss)):
        return function.weight
    return None


def _with_reduction(function: LossFunction, reduction: str) -> LossFunction:
    """The same loss with another reduction; a plain function stays as it is."""
    if not isinstance(function, nn.Module) or not hasattr(function, "reduction"):
        return function
    if function.reduction == reduction:
        return function
    twin: Any = copy.copy(function)  # shallow: the weights are shared
    twin.reduction = reduction
    return twin


class OwnLoss:
    """The loss that the model computes itself: `forward` returns it, or an object holding it."""

    name = "loss"
    weight = 1.0
    reduction = "mean"

    def __call__(self, output: Any, size: int) -> tuple[torch.Tensor, Count]:
        loss = own_loss_of(output)
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            raise InputError(
                f"no loss was compiled and forward returned {_kind(output)}: pass loss= to "
                "compile, or return a 0-d loss, a dict with 'loss' or an object with .loss"
            )
        return loss.reshape(()), size


def own_loss_of(output: Any) -> Any:
    """The loss inside what a model returned, or None."""
    if isinstance(output, torch.Tensor):
        return output if output.numel() == 1 else None
    if isinstance(output, Mapping):
        return cast(Mapping[str, Any], output).get("loss")
    return getattr(output, "loss", None)


def prediction_of(output: Any) -> Any:
    """The prediction inside what a model with its own loss returned."""
    if isinstance(output, Mapping):
        parts = cast(Mapping[str, Any], output)
        return parts.get("logits", {k: v for k, v in parts.items() if k != "loss"})
    return getattr(output, "logits", output)


def _kind(output: Any) -> str:
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    return f"a {type(output).__name__}"


class Criterion:
    """All terms of the loss, and which output and target each of them reads."""

    def __init__(self, terms: list[tuple[Any, Term]]) -> None:
        self._terms = terms
        self._own = OwnLoss() if not terms else None
        self.is_own = not terms
        self._checked: set[bool] = set()  # in training, in evaluation
        self._targets: list[Any] = []

    @property
    def terms(self) -> list[Term | OwnLoss]:
        """The terms in order."""
        return [self._own] if self._own else [term for _, term in self._terms]

    def __call__(
        self, output: Any, batch: Batch
    ) -> tuple[torch.Tensor, list[torch.Tensor], list[Count]]:
        """(the loss to differentiate, the value of each term, the count of each term)."""
        if self._own is not None:
            if batch.weight is not None:
                raise InputError(
                    "sample_weight and class_weight need a loss passed to compile: the model's "
                    "own loss cannot be weighted from outside"
                )
            value, count = self._own(output, batch.size)
            return self._share(value, 0, batch), [value], [count]
        values: list[torch.Tensor] = []
        counts: list[Count] = []
        total: torch.Tensor | None = None
        for index, (key, term) in enumerate(self._terms):
            y_pred = output if key is None else pick(output, key, "the model's output")
            y_true = batch.y if key is None else pick(batch.y, key, "y")
            if torch.is_grad_enabled() not in self._checked:
                self._check(key, term, y_pred, y_true)
            value, count = self._value(term, y_pred, y_true, batch)
            values.append(value)
            counts.append(count)
            part = value if batch.shares is None else self._share(value, index, batch)
            part = part if term.weight == 1.0 else part * term.weight
            total = part if total is None else total + part
        self._checked.add(torch.is_grad_enabled())
        self._targets = []
        assert total is not None
        return total, values, counts

    def _check(self, key: Any, term: Term, y_pred: Any, y_true: Any) -> None:
        """The first batch against its targets, and the classes there are against all targets."""
        losses.check(term.function, y_pred, y_true)
        for y, of in zip(self._targets, ("y", "the validation targets"), strict=False):
            if y is not None:
                losses.check_all(term.function, y_pred, pick(y, key, "y"), of)

    def _value(
        self, term: Term, y_pred: Any, y_true: Any, batch: Batch
    ) -> tuple[torch.Tensor, Count]:
        try:
            return term(y_pred, y_true, batch.weight, batch.size)
        except (RuntimeError, IndexError, TypeError, ValueError):
            losses.check(term.function, y_pred, y_true)  # says it in one line, where it can
            raise

    def _share(self, value: torch.Tensor, index: int, batch: Batch) -> torch.Tensor:
        if batch.shares is None or self.terms[index].reduction == "sum":
            return value
        return value * batch.shares[index]

    def counts(self, batch: Batch) -> list[Count]:
        """The denominator of each term for one batch, known before its forward pass."""
        if self._own is not None:
            return [batch.size]
        return [term.count(pick(batch.y, key, "y"), batch.weight, batch.size)
                for key, term in self._terms]  # fmt: skip

    def loss_of(self, key: Any) -> LossFunction | None:
        """The loss that reads the output `key`; with None, the only loss there is."""
        for name, term in self._terms:
            if name == key:
                return term.function
        return None

    def expect(self, targets: list[Any]) -> None:
        """Prepare for data with these targets in all; None where they come batch by batch."""
        self._checked.clear()
        self._targets = targets
        for key, term in self._terms:
            term.expect([None if y is None else pick(y, key, "y") for y in targets])

    @property
    def needs_finite_targets(self) -> bool:
        """Whether nan in a target is a fault: a function of the user's may mask it."""
        return all(losses.task_of(term.function) is not None for _, term in self._terms)

    def to(self, device: torch.device) -> None:
        """Move the losses that hold tensors, such as class weights."""
        for _, term in self._terms:
            term.to(device)


def pick(nest: Nest, key: Any, what: str) -> Any:
    """The part of an output or a target that a term reads; `key` None means all of it."""
    if key is None:
        return nest
    try:
        if not isinstance(nest, torch.Tensor):  # whose parts would be its rows
            return nest[key]
    except (KeyError, IndexError, TypeError):
        pass
    raise ShapeError(f"no part {key!r} in {what}, which is {_parts(nest)}")


def _parts(nest: Nest) -> str:
    if isinstance(nest, Mapping):
        return f"a dict of {', '.join(map(repr, cast(Mapping[Any, Any], nest)))}"
    if isinstance(nest, (tuple, list)):
        return f"a {type(nest).__name__} of {len(leaves(nest))}"
    return "one tensor" if isinstance(nest, torch.Tensor) else f"a {type(nest).__name__}"


def make_criterion(loss: Any, loss_weights: Any = None) -> Criterion:
    """The criterion from what `compile` was given: a loss, or a dict or list of them."""
    if loss is None:
        if loss_weights is not None:
            raise InputError("loss_weights are factors of several losses, and there is none")
        return Criterion([])
    if isinstance(loss, Mapping):
        keys = list(cast(Mapping[str, Any], loss))
        specs = [cast(Mapping[str, Any], loss)[key] for key in keys]
        names = [f"{key}_loss" for key in keys]
    elif isinstance(loss, (list, tuple)):
        specs = list(cast(list[Any], loss))
        keys = list(range(len(specs)))
        names = [f"output_{key}_loss" for key in keys]
    else:
        if loss_weights is not None:
            raise InputError("loss_weights are factors of several losses, and there is one")
        return Criterion([(None, _term("loss", loss))])
    weights = _weights(loss_weights, keys)
    parts = zip(keys, names, specs, weights, strict=True)
    return Criterion([(key, _term(name, spec, weight)) for key, name, spec, weight in parts])


def _term(name: str, spec: Any, weight: float = 1.0) -> Term:
    return Term(name, losses.as_module(losses.resolve(spec)), weight)


def _weights(loss_weights: Any, keys: list[Any]) -> list[float]:
    if loss_weights is None:
        return [1.0] * len(keys)
    if isinstance(loss_weights, Mapping):
        given = cast(Mapping[Any, float], loss_weights)
        unknown = [key for key in given if key not in keys]
        if unknown:
            raise InputError(f"loss_weights has {unknown[0]!r}, which loss has not: it has {keys}")
        return [float(given.get(key, 1.0)) for key in keys]
    if len(loss_weights) != len(keys):
        raise InputError(f"loss_weights has {len(loss_weights)} numbers for {len(keys)} losses")
    return [float(weight) for weight in loss_weights]
