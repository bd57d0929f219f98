"""One malformed input: whether it works, or is one line of ours and leaves the model as it was."""

import contextlib
import io
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

import lampas
from lampas.errors import LampasError


@dataclass(frozen=True)
class Verdict:
    """`kind`: "works"; "refused"; "passed on", where the net's own code raised, with a note of ours;
    or "wrong", and then `why`. `what`: the input, in words."""

    kind: str
    what: str
    why: str = ""


def tried(what: str, run: Callable[[], Any], model: lampas.Model | None = None) -> Verdict:
    """What becomes of `run`, which may use `model`."""
    before = None if model is None else _state(model)
    with warnings.catch_warnings(record=True) as said, _quiet():
        warnings.simplefilter("always")
        try:
            run()
            kind, why = "works", ""
        except LampasError as error:
            kind, why = "refused", _unclear(str(error))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            noted = any("lampas: " in note for note in getattr(error, "__notes__", []))
            why = "" if noted else f"{type(error).__name__}: {str(error)[:200]}"
            kind = "passed on" if noted else "wrong"
    foreign = [one for one in said if "site-packages" in one.filename or "/lampas/" in one.filename]
    if not why and foreign:
        why = f"warning: {str(foreign[0].message)[:200]} ({foreign[0].filename})"
    if not why and kind != "works" and model is not None and before is not None:
        why = _changed(model, before)
    return Verdict("wrong" if why else kind, what, why)


def _quiet() -> contextlib.ExitStack:
    stack = contextlib.ExitStack()
    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
    stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
    return stack


def _unclear(line: str) -> str:
    if len(line.splitlines()) != 1:
        return f"not one line: {line[:200]!r}"
    return f"a line of {len(line)} letters: {line[:100]!r}" if len(line) > 1500 else ""


State = tuple[dict[str, torch.Tensor], list[bool], bool]


def _state(model: lampas.Model) -> State:
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    return weights, [part.training for part in model.modules()], _stepped(model)


def _stepped(model: lampas.Model) -> bool:
    return model.is_compiled and any(bool(one.state) for one in model.plan.optimizers)


def _changed(model: lampas.Model, before: State) -> str:
    """What an error before the first step has changed."""
    weights, modes, stepped = before
    if [part.training for part in model.modules()] != modes:
        return "training modes changed"
    if _stepped(model) and not stepped:  # the error came later: of a batch that nobody had seen
        return ""
    for name, value in model.state_dict().items():
        same = torch.equal(value.nan_to_num(), weights[name].nan_to_num())
        if not same:
            return f"{name} changed"
    return ""


def usable(model: lampas.Model, x: Any, y: Any) -> str:
    """What is wrong with evaluating `model` now."""
    loss = model.evaluate(x, y)["loss"]
    return "" if math.isfinite(loss) else "the model is spoilt"
