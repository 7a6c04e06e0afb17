"""Sums over pixels, from which a palette is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32
from .palette import Palette


@dataclass(frozen=True)
class Moments:
    """Sums over pixels, from which a palette is made; sums of two grounds add up to that of both.

    count: pixels. first: (3,) sums of L, a, b. second: (3, 3) sums of their products.
    """

    count: float
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    @classmethod
    def of(cls, lab: Float32, valid: Bool) -> Moments:
        """Of a picture (3, H, W) in CIE Lab where `valid` (H, W)."""
        values = lab[:, valid].astype(np.float64)
        return cls(float(values.shape[1]), values.sum(1), values @ values.T)

    @classmethod
    def total(cls, parts: Iterable[Moments]) -> Moments:
        """Of all these grounds together."""
        sums = cls(0.0, np.zeros(3), np.zeros((3, 3)))
        for part in parts:
            sums = cls(sums.count + part.count, sums.first + part.first, sums.second + part.second)
        return sums

    def palette(self, **fields: Any) -> Palette | None:
        """The palette of this ground, or None where it has no pixel; `fields` are its trust, source and note."""
        if self.count < 1:
            return None
        mean = self.first / self.count
        covariance = self.second / self.count - np.outer(mean, mean)
        spread = np.sqrt(np.maximum(np.diag(covariance), 1e-6))
        correlation = np.clip(covariance / np.outer(spread, spread), -1.0, 1.0)
        pairs = (correlation[0, 1], correlation[0, 2], correlation[1, 2])
        return Palette(_three(mean), _three(spread), _three(pairs), **fields)


def _three(values: Iterable[float]) -> tuple[float, float, float]:
    first, second, third = (round(float(value), 4) for value in values)
    return first, second, third
