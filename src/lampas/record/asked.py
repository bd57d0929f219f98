"""What is asked of held-out samples, checked before any training."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from lampas.errors import InputError
from lampas.losses.kinds import task_of
from lampas.task import Task

if TYPE_CHECKING:
    from lampas.model import Model
    from lampas.tables.schema import Scalar


def names_of(classes: Any) -> "tuple[Scalar, ...] | None":
    """`classes` as names that can be told apart; a dict is {number: name}. Raises `InputError`.

    >>> names_of({1: "cat", 0: "dog"})
    ('dog', 'cat')
    """
    if classes is None:
        return None
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise InputError(f"classes is {classes!r}: pass a list of names, one for each class")
    given = cast("Mapping[Any, Any]", classes) if isinstance(classes, Mapping) else None
    names: tuple[Any, ...]
    try:
        names = tuple(classes) if given is None else tuple(given[n] for n in range(len(given)))
    except KeyError as error:
        raise InputError(f"classes has no name for the class {error}") from None
    for place, name in enumerate(names):
        if name is None or name != name or not str(name).strip():
            raise InputError(f"classes[{place}] is {name!r}: give it a name")
        if str(name) in map(str, names[:place]):
            raise InputError(f"classes has {str(name)!r} twice: each class needs a name of its own")
    return names


def task_to_judge(model: "Model") -> Task:
    """What the loss of a compiled `model` says of its outputs. Raises `InputError`."""
    terms = model.plan.criterion.terms
    found = task_of(getattr(terms[0], "function", None)) if len(terms) == 1 else None
    if found is None:
        raise InputError(
            "held-out samples are judged where one loss of torch's or Lampas's own says what the "
            "outputs are; this model was compiled with another"
        )
    return found
