"""What a network must beat, learned from the same training pairs in one pass.

    grey (oracle)   the real L, a = b = 0: no method without the real picture could know that L
    mean colour     L, and everywhere the mean (a, b) of train
    look-up table   L, and for each of 256 levels of L the mean (a, b) of the ground under it in train
    LR4ColSAR       red, green and blue, each a line over the radar's L, fitted on train (Shen et al. 2024)
    NoColSAR        the radar's L repeated as red, green and blue (Shen et al. 2024)

Shen et al. (Neural Networks 169:698) stretch each radar patch from its own minimum to its maximum before the last two.
Here L comes from a fixed range of decibels, as everywhere in this package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...color import L_MAX, srgb_to_lab
from ...errors import DataError
from ...pairs.find import Pair
from ...pairs.lightness import colour_lightness, radar_lightness
from ...pairs.read import ground_of, read_pair
from ...raster import Bool, Float32

GREY, MEAN, TABLE, LR, NOCOL = "grey (oracle)", "mean colour", "look-up table", "LR4ColSAR", "NoColSAR"
NAMES = (MEAN, TABLE, LR, NOCOL, GREY)
_LEVELS = 256
_SIDE_PX = 512


@dataclass(frozen=True)
class Sample:
    """A training pair that the baselines learn from."""

    lightness: Float32
    """(H, W) L that methods get."""
    radar: Float32
    """(H, W) L of the radar."""
    rgb: NDArray[np.uint8]
    """(3, H, W) the real picture, 0..255."""
    valid: Bool
    """(H, W) where the real picture shows ground."""


@dataclass(frozen=True)
class Baselines:
    """The baselines as numbers."""

    mean_ab: Float32
    """(2,) mean colour."""
    table_ab: Float32
    """(2, 256) mean colour by level of L; levels that no pair has hold the mean colour of all."""
    slope: Float32
    """(3,) of sRGB in 0..1 over L of the radar in 0..1."""
    intercept: Float32
    """(3,) of the same lines."""

    def mean_colour(self, lightness: Float32) -> Float32:
        """CIE Lab (3, H, W) under L (H, W)."""
        return np.stack([lightness, *(np.full_like(lightness, value) for value in self.mean_ab)])

    def look_up(self, lightness: Float32) -> Float32:
        """CIE Lab (3, H, W) under L (H, W)."""
        return np.stack([lightness, *self.table_ab[:, _level(lightness)]])

    def regressed(self, radar: Float32) -> Float32:
        """CIE Lab (3, H, W) from the radar's L (H, W)."""
        rgb = self.slope[:, None, None] * (radar[None] / np.float32(L_MAX)) + self.intercept[:, None, None]
        lab: Float32 = srgb_to_lab(np.clip(rgb, 0.0, 1.0))
        return lab


def uncoloured(radar: Float32) -> Float32:
    """CIE Lab (3, H, W) of the radar's L (H, W) shown as it is in red, green and blue."""
    lab: Float32 = srgb_to_lab(np.repeat(radar[None] / np.float32(L_MAX), 3, 0))
    return lab


def learn(samples: Iterable[Sample]) -> Baselines:
    """The baselines of these training pairs; every pair counts alike, whatever its size.

    Raises:
        DataError: no usable pixel.
    """
    sums, counts = np.zeros((2, _LEVELS)), np.zeros(_LEVELS)
    moments, product = np.zeros(3), np.zeros((2, 3))  # of x: 1, x, x**2; of y: y, x y
    for sample in samples:
        if not sample.valid.any():
            continue
        level = _level(sample.lightness)[sample.valid]
        share = 1.0 / level.size
        counts += np.bincount(level, minlength=_LEVELS) * share
        rgb = sample.rgb / np.float32(255.0)
        for channel, values in enumerate(srgb_to_lab(rgb)[1:, sample.valid]):
            sums[channel] += np.bincount(level, values, minlength=_LEVELS) * share
        x, y = (sample.radar[sample.valid] / L_MAX).astype(np.float64), rgb[:, sample.valid].astype(np.float64)
        moments += np.array([1.0, x.mean(), np.square(x).mean()])
        product += np.stack([y.mean(1), (x * y).mean(1)])
    if counts.sum() == 0:
        raise DataError("training pairs must show ground somewhere, got none; look at the colour patches")
    mean = (sums.sum(1) / counts.sum()).astype(np.float32)
    table = np.where(counts > 0, sums / np.where(counts > 0, counts, 1), mean[:, None]).astype(np.float32)
    x_mean, y_mean = moments[1] / moments[0], product[0] / moments[0]
    variance = moments[2] / moments[0] - x_mean**2
    slope = (product[1] / moments[0] - x_mean * y_mean) / variance if variance > 1e-12 else np.zeros(3)
    return Baselines(mean, table, slope.astype(np.float32), (y_mean - slope * x_mean).astype(np.float32))


def samples(pairs: Iterable[Pair], input: str, filter: str, skipped: list[str] | None = None) -> Iterable[Sample]:
    """Training pairs one by one, of large ones the middle 512 px.

    Args:
        pairs: to learn from.
        input: "sar" or "optical", the lightness that methods get.
        filter: before the radar's lightness.
        skipped: gets the reason for each pair that cannot be read and is left out; None refuses such a pair.

    Raises:
        DataError: a pair cannot be read, and `skipped` is None.
    """
    for pair in pairs:
        try:
            code, rgb = read_pair(pair)
        except DataError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        rows, cols = (slice(max(0, (side - _SIDE_PX) // 2), (side + _SIDE_PX) // 2) for side in code.shape)
        code, rgb = code[rows, cols], rgb[:, rows, cols]
        radar = radar_lightness(code, pair.polarization, filter)
        given = radar if input == "sar" else colour_lightness(rgb)
        yield Sample(given, radar, rgb, ground_of(rgb))


def _level(lightness: Float32) -> NDArray[np.int64]:
    level: NDArray[np.int64] = np.clip(np.rint(lightness * (255.0 / L_MAX)), 0, _LEVELS - 1).astype(np.int64)
    return level
