"""The mean over a straight path, by few points."""

import numpy as np
import torch

from lampas.data.feed import check_count


def path_points(steps: int) -> list[tuple[float, float]]:
    """`steps` places between 0 and 1 and their weights, which sum to 1: Gauss and Legendre's rule.

    ∫ f(α) dα from 0 to 1 ≈ Σ weight · f(place); exact for polynomials of degree 2 · steps − 1,
    and close at the ends of the path, where nets with norms bend most. Raises `InputError` for
    no whole number of steps.

    >>> round(sum(weight * place**3 for place, weight in path_points(2)), 12)
    0.25
    """
    check_count("steps", steps)
    places, weights = np.polynomial.legendre.leggauss(steps)
    return list(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def between(start: torch.Tensor, end: torch.Tensor, place: float) -> torch.Tensor:
    """What stands at `place` of the straight path from `start`, at 0, to `end`, at 1."""
    return start + place * (end - start)
