"""Filters that know a square window by its mean and variance: boxcar, Lee, Kuan, enhanced Lee and Gamma MAP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from .base import Filter
from .windows import box_sum, counts, inner, moments, speckle_share, squared_cv


@dataclass(frozen=True)
class Boxcar(Filter):
    """The mean of the valid pixels of the window."""

    name: ClassVar[str] = "boxcar"
    uses_looks: ClassVar[bool] = False
    default_size_px: ClassVar[int] = 5

    def _estimate(self, power: Any, present: Any) -> Any:
        return box_sum(power, self.size_px) / counts(present, self.size_px)


@dataclass(frozen=True)
class Lee(Filter):
    """Lee's minimum mean square error filter.

    out = mean + w (power - mean), w = max(0, 1 - (1 / looks) / (variance / mean**2))

    with the mean and the unbiased variance of the valid pixels of the window: flat ground is averaged, edges and
    bright points are kept. Equals the Orfeo Toolbox's Lee.

    Source: J.-S. Lee, Digital image enhancement and noise filtering by use of local statistics, IEEE Transactions on
    Pattern Analysis and Machine Intelligence 2 (1980) 165-168, with multiplicative noise.
    """

    name: ClassVar[str] = "lee"
    default_size_px: ClassVar[int] = 7

    def _estimate(self, power: Any, present: Any) -> Any:
        mean, variance = moments(power, present, self.size_px)
        out = inner(power, self.halo_px) - mean
        out *= np.float32(1.0) - speckle_share(mean, variance, 1.0 / self.looks)
        out += mean
        return out


@dataclass(frozen=True)
class Kuan(Filter):
    """Kuan's filter: as Lee's, but the noise is multiplicative without approximation, and weighs a little more.

    out = mean + w (power - mean), w = max(0, 1 - (1 / looks) / (variance / mean**2)) / (1 + 1 / looks)

    Equals the Orfeo Toolbox's Kuan.

    Source: D. T. Kuan, A. A. Sawchuk, T. C. Strand, P. Chavel, Adaptive restoration of images with speckle, IEEE
    Transactions on Acoustics, Speech and Signal Processing 35 (1987) 373-383.
    """

    name: ClassVar[str] = "kuan"
    default_size_px: ClassVar[int] = 7

    def _estimate(self, power: Any, present: Any) -> Any:
        mean, variance = moments(power, present, self.size_px)
        signal = np.float32(1.0) - speckle_share(mean, variance, 1.0 / self.looks)
        return mean + signal * np.float32(1.0 / (1.0 + 1.0 / self.looks)) * (inner(power, self.halo_px) - mean)


@dataclass(frozen=True)
class EnhancedLee(Filter):
    """Enhanced Lee: mean on flat ground, the pixel itself on points, and a slope between.

    With C = sqrt(variance) / mean of the window, Cu = 1 / sqrt(looks) and Cmax = sqrt(1 + 2 / looks):
    out = mean where C <= Cu, power where C >= Cmax, else mean W + power (1 - W),
    W = exp(-damping (C - Cu) / (Cmax - C)).

    Source: A. Lopes, R. Touzi, E. Nezry, Adaptive speckle filters and scene heterogeneity, IEEE Transactions on
    Geoscience and Remote Sensing 28 (1990) 992-1000.
    """

    name: ClassVar[str] = "enhanced-lee"
    default_size_px: ClassVar[int] = 7
    damping: float = 1.0

    def _estimate(self, power: Any, present: Any) -> Any:
        mean, variance = moments(power, present, self.size_px)
        xp = namespace(mean)
        flat, point = np.float32((1.0 / self.looks) ** 0.5), np.float32((1.0 + 2.0 / self.looks) ** 0.5)
        cv = squared_cv(mean, variance) ** 0.5
        slope = xp.clip(cv - flat, 0.0, None) / xp.clip(point - cv, np.float32(1e-6), None)
        weight = xp.where(cv < point, xp.exp(slope * np.float32(-self.damping)), 0.0)
        centre = inner(power, self.halo_px)
        return centre + weight * (mean - centre)


@dataclass(frozen=True)
class GammaMap(Filter):
    """Gamma maximum a posteriori: the likeliest reflectivity if it, too, is gamma distributed.

    With C2 = variance / mean**2 of the window and Cu2 = 1 / looks: mean where C2 <= Cu2, power where C2 >= 2 Cu2, else
    out = (b mean + sqrt((b mean)**2 + 4 a looks mean power)) / (2 a), a = (1 + Cu2) / (C2 - Cu2), b = a - looks - 1.

    Equals the Orfeo Toolbox's GammaMAP.

    Source: A. Lopes, E. Nezry, R. Touzi, H. Laur, Maximum a posteriori speckle filtering and first order texture
    models in SAR images, IGARSS 1990, 2409-2412.
    """

    name: ClassVar[str] = "gamma-map"
    default_size_px: ClassVar[int] = 7

    def _estimate(self, power: Any, present: Any) -> Any:
        mean, variance = moments(power, present, self.size_px)
        xp = namespace(mean)
        looks, speckle = np.float32(self.looks), np.float32(1.0 / self.looks)
        cv2, centre = squared_cv(mean, variance), inner(power, self.halo_px)
        # a and b divided by a, so that nothing overflows near flat ground, where a goes to infinity
        flatness = xp.clip(cv2 - speckle, 0.0, speckle) * np.float32(1.0 / (1.0 + 1.0 / self.looks))  # 1 / a
        shifted = (np.float32(1.0) - flatness * (looks + np.float32(1.0))) * mean  # b mean / a
        root = xp.clip(shifted * shifted + np.float32(4.0) * flatness * looks * mean * centre, 0.0, None) ** 0.5
        likeliest = (shifted + root) * np.float32(0.5)
        return xp.where(cv2 <= speckle, mean, xp.where(cv2 >= np.float32(2.0) * speckle, centre, likeliest))
