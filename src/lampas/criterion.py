"""The compiled loss: one term for each output, or the loss that the model computes itself."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from lampas import losses
from lampas.argument_order import prediction_first
from lampas.data.batch import Batch
from lampas.data.nest import Nest, leaves
from lampas.errors import InputError, ShapeError
from lampas.own_loss import OwnLoss
from lampas.term import Count, LossFunction, Term


class Criterion:
    """All terms of the loss, and which output and target each of them reads."""

    def __init__(self, terms: list[tuple[Any, Term]]) -> None:
        self._terms = terms
        self._own = OwnLoss() if not terms else None
        self.is_own = not terms
        self.is_mean_of_rows = [key for key, term in terms if term.is_mean_of_rows] == [None]
        self.needs_finite_targets = all(losses.task_of(t.function) is not None for _, t in terms)
        """Whether nan in a target is a fault: a function of the user's may mask it."""
        self.shows_gaps = [key for key, term in terms if term.shows_gaps] == [None]
        """Whether the loss is not finite where any number of output or target is not."""
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
        share = batch.shares[index]
        return value * (share.to(value.dtype) if isinstance(share, torch.Tensor) else share)

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
    function = losses.as_module(losses.resolve(spec))
    if not isinstance(function, nn.Module):
        function = prediction_first(function)
    return Term(name, function, weight)


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
