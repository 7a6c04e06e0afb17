"""Frost's filter: a weighted mean whose weights fall off faster where the ground is rough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from .base import Filter
from .windows import box_sum, counts, inner, moments_of, squared_cv


@dataclass(frozen=True)
class Frost(Filter):
    """Frost's filter.

    out = sum of w power / sum of w over the valid pixels of the window,
    w = exp(-damping (variance / mean**2) distance), distance in pixels from the centre.

    Equals the Orfeo Toolbox's Frost with `deramp` = damping (its default is 0.1, nearly a plain mean). The looks do
    not enter: the window's own variation does.

    Source: V. S. Frost, J. A. Stiles, K. S. Shanmugan, J. C. Holtzman, A model for radar images and its application
    to adaptive digital filtering of multiplicative noise, IEEE Transactions on Pattern Analysis and Machine
    Intelligence 4 (1982) 157-166; the paper's weight is alpha exp(-alpha distance), where alpha cancels.
    """

    name: ClassVar[str] = "frost"
    uses_looks: ClassVar[bool] = False
    default_size_px: ClassVar[int] = 7
    damping: float = 2.0

    def _estimate(self, power: Any, present: Any) -> Any:
        xp, rings = namespace(power), _rings(power, self.halo_px)
        count = counts(present, self.size_px)
        total = sum(rings.values(), inner(power, self.halo_px))
        mean, variance = moments_of(total, box_sum(power * power, self.size_px), count)
        slope = squared_cv(mean, variance) * np.float32(-self.damping)
        present_rings = _rings(present, self.halo_px) if present is not None else _ring_sizes(self.halo_px)
        weighted = inner(power, self.halo_px) + np.float32(0.0)
        weights = xp.zeros_like(weighted)
        weights += np.float32(1.0) if present is None else inner(present, self.halo_px)
        for root, multiples in _by_root(list(rings)).items():
            unit = xp.exp(slope * np.float32(root**0.5))
            weight, reached = unit, 1
            for multiple in multiples:  # distance = multiple sqrt(root): the weight is a power of the first
                while reached < multiple:
                    weight, reached = weight * unit, reached + 1
                weighted += weight * rings[root * multiple**2]
                weights += weight * present_rings[root * multiple**2]
        return weighted / xp.clip(weights, np.float32(1e-30), None)


def _rings(values: Any, radius: int) -> dict[int, Any]:
    """Sums of the pixels at each distance from the centre, by squared distance, nearest first."""
    height, width = values.shape[-2] - 2 * radius, values.shape[-1] - 2 * radius

    def shifted(array: Any, row: int, col: int | None) -> Any:
        rows = slice(radius + row, radius + row + height)
        return array[..., rows, :] if col is None else array[..., radius + col : radius + col + width]

    sides = [values[..., radius : radius + width]]
    sides += [shifted(values, 0, -col) + shifted(values, 0, col) for col in range(1, radius + 1)]
    found: dict[int, Any] = {}
    for distance2, row, col in sorted((r * r + c * c, r, c) for r in range(radius + 1) for c in range(radius + 1)):
        if distance2:
            part = shifted(sides[col], row, None)
            if row:
                part = shifted(sides[col], -row, None) + part
            found[distance2] = found[distance2] + part if distance2 in found else part
    return found


def _ring_sizes(radius: int) -> dict[int, np.float32]:
    """How many pixels stand at each squared distance."""
    sides = range(-radius, radius + 1)
    squared = [r * r + c * c for r in sides for c in sides]
    return {value: np.float32(squared.count(value)) for value in set(squared)}


def _by_root(squared: list[int]) -> dict[int, list[int]]:
    """Squared distances as root * multiple**2 with the smallest root: {root: multiples, ascending}."""
    found: dict[int, list[int]] = {}
    for value in sorted(squared):
        multiple = max(m for m in range(1, int(value**0.5) + 1) if value % (m * m) == 0)
        found.setdefault(value // multiple**2, []).append(multiple)
    return found
