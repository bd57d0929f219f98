"""Whether a file answers as the model does: both run on the same inputs, at several sizes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lampas.errors import ArtifactError, InputError
from lampas.export.outputs import named_outputs
from lampas.export.portable import BATCH, Call, Portable
from lampas.export.why import why

Runner = Callable[[Call], list[Tensor]]
"""Runs a file: the outputs for a call, in the file's order."""

TRACED, OTHERS = (3, 5), ((1, 1), (7, 4))
"""Rows, and sizes of other free dimensions: of what is traced, and of what is tried beside it."""

TOLERANCES = {torch.float64: 1e-8, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
"""What is allowed by default, by the least exact dtype among a net's numbers and its outputs."""

_SMALL = 0.1  # outputs below this are measured in it: sums of large numbers may come near zero
_ULPS = 8  # roundings in the last place
_RANDOM = (
    "the net itself answers otherwise when asked again (random numbers, or a state that it "
    "changes), which no file can repeat: leave that out in evaluation mode"
)
_WHERE = (
    "look in forward for an if on sizes, and for numbers taken out of tensors; where it is near "
    "enough, pass a larger tolerance="
)


@dataclass(frozen=True, slots=True)
class Case:
    """One call, and what the model answers."""

    sizes: Mapping[str, int]
    call: Call
    outputs: Mapping[str, Tensor]


def cases_of(portable: Portable) -> list[Case]:
    """The call to trace and those to try beside it, with the net's answers.

    Raises `InputError` where the net cannot answer.
    """
    return [_case(portable, rows, size) for rows, size in (TRACED, *OTHERS)]


def _case(portable: Portable, rows: int, size: int) -> Case:
    others = {name for axes in portable.axes.values() for name in axes.values()}
    sizes = {**dict.fromkeys(others, size), BATCH: rows}
    call = portable.sized(sizes)
    return Case(sizes, call, answer(portable, sizes))


def answer(portable: Portable, sizes: Mapping[str, int]) -> dict[str, Tensor]:
    """What the net says, by name."""
    args, kwargs = portable.sized(sizes)  # a copy: forward may work in place
    try:
        with torch.no_grad():
            said: Any = portable.net(*args, **kwargs)
    except Exception as error:
        inputs = ", ".join(
            f"{name} {tuple(one.shape)} {str(one.dtype).removeprefix('torch.')}"
            for name, one in zip(portable.names, (*args, *kwargs.values()), strict=True)
        )
        raise InputError(
            f"{type(portable.net).__name__} cannot read {inputs}: {why(error)}"
        ) from error
    outputs = named_outputs(said, portable.outputs, portable.names)
    return {name: one.clone() for name, one in outputs.items()}


def tolerance_of(portable: Portable, outputs: Mapping[str, Tensor]) -> float:
    """The default: see `TOLERANCES`."""
    tensors = [*portable.net.parameters(), *portable.net.buffers(), *outputs.values()]
    kinds = {one.dtype for one in tensors if one.is_floating_point()} or {torch.float32}
    return max(TOLERANCES.get(kind, TOLERANCES[torch.bfloat16]) for kind in kinds)


def compared(portable: Portable, cases: list[Case], run: Runner, tolerance: float) -> float:
    """The largest difference between what `run` and the model answer over all `cases`.

    Raises `ArtifactError` where one is beyond `tolerance`, or shapes or dtypes differ, naming
    the output and the size.
    """
    largest = 0.0
    units = {name: _unit(portable, cases, name, tolerance) for name in cases[0].outputs}
    for case in cases:
        found = run(case.call)
        for (name, wanted), said in zip(case.outputs.items(), found, strict=True):
            where = f"the file's {name} for a batch of {case.sizes[BATCH]}"
            _check_kind(where, said, wanted)
            apart = difference(said, wanted, units[name])
            if not apart <= tolerance:
                twice = difference(answer(portable, case.sizes)[name], wanted, units[name])
                raise ArtifactError(
                    f"{where} differs from the model's by {apart:.2g}, and {tolerance:g} is "
                    f"allowed: {_RANDOM if twice > tolerance else _WHERE}"
                )
            largest = max(largest, apart)
    return largest


def difference(said: Tensor, wanted: Tensor, unit: Tensor | float = 1.0) -> float:
    """max |said − wanted| / unit; infinite where one alone is nan, or they differ in a sign of
    infinity; 0 for two that are nan.

    >>> difference(torch.tensor([1.0, torch.nan]), torch.tensor([1.5, torch.nan]), 2.0)
    0.25
    """
    said, wanted = said.double(), wanted.double()
    same = (said == wanted) | (said.isnan() & wanted.isnan())
    apart = ((said - wanted).abs() / unit).nan_to_num(torch.inf, torch.inf)
    return float(torch.where(same, 0.0, apart).max()) if said.numel() else 0.0


def _unit(portable: Portable, cases: list[Case], name: str, tolerance: float) -> Tensor:
    """What differences of an output are measured in: the portable's own unit, or the largest
    number at each place of a row; at least so much that rounding in the output's own dtype is
    no difference."""
    largest = _largest([case.outputs[name] for case in cases])
    dtype = cases[0].outputs[name].dtype
    rounding = _ULPS * torch.finfo(dtype).eps if dtype.is_floating_point else 0.0
    unit = largest.clamp(min=_SMALL) if portable.unit is None else portable.unit.double()
    return unit.maximum(largest * rounding / max(tolerance, rounding, 1e-300))


def _largest(several: list[Tensor]) -> Tensor:
    """The largest finite number at each place of a row, over all rows; over everything where
    rows have another shape in each case."""
    sizes = [one.double().abs().nan_to_num(0, 0, 0) for one in several]
    alike = len({one.shape[1:] for one in sizes}) == 1 and sizes[0].ndim > 0
    rows = torch.cat(sizes) if alike else torch.cat([one.flatten() for one in sizes])
    return rows.amax(0) if len(rows) else torch.tensor(0.0).double()


def _check_kind(where: str, said: Tensor, wanted: Tensor) -> None:
    if said.shape != wanted.shape or said.dtype != wanted.dtype:
        kinds = [f"{tuple(one.shape)} {str(one.dtype).removeprefix('torch.')}"
                 for one in (said, wanted)]  # fmt: skip
        raise ArtifactError(f"{where} is {kinds[0]}, and the model's is {kinds[1]}")
