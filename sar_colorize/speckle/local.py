"""Filters from the mean and variance of a square window: boxcar and Lee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import as_float, namespace
from .base import Filter, window_sum


@dataclass(frozen=True)
class Boxcar(Filter):
    """The mean of the valid pixels of the window."""

    name: ClassVar[str] = "boxcar"
    default_size_px: ClassVar[int] = 5

    def apply(self, power: Any, valid: Any) -> Any:
        xp = namespace(power)
        count = window_sum(as_float(valid, power), self.size_px)
        mean = window_sum(xp.where(valid, power, 0.0), self.size_px) / xp.clip(count, 1.0, None)
        return xp.where(valid, mean, np.nan)


@dataclass(frozen=True)
class Lee(Filter):
    """Lee's minimum mean square error filter.

    out = mean + w (power - mean), w = max(0, 1 - (1 / looks) / (variance / mean**2))

    with the mean and the population variance of the valid pixels of the window: flat ground is averaged, edges and
    bright points are kept.

    Source: J.-S. Lee, Digital image enhancement and noise filtering by use of local statistics, IEEE Transactions on
    Pattern Analysis and Machine Intelligence 2 (1980) 165-168, with multiplicative noise.
    """

    name: ClassVar[str] = "lee"
    default_size_px: ClassVar[int] = 7

    def apply(self, power: Any, valid: Any) -> Any:
        xp = namespace(power)
        filled = xp.where(valid, power, 0.0)
        count = xp.clip(window_sum(as_float(valid, power), self.size_px), 1.0, None)
        mean = window_sum(filled, self.size_px) / count
        variance = window_sum(filled * filled, self.size_px) / count - mean * mean
        noise = mean * mean * np.float32(1.0 / self.looks)
        signal = variance > noise
        weight = xp.where(signal, 1.0 - noise / xp.where(signal, variance, 1.0), 0.0)
        return xp.where(valid, mean + weight * (filled - mean), np.nan)
