"""The colours of a place as a simple function of what a network sees there, learned where radar and picture overlap.

Ridge regression (Hoerl and Kennard, Technometrics 1970) of L, a and b on the features of `by-place` and their squares,
in closed form: seconds, and the same result every time. It is judged on parts left out in turn, and kept only where it
gains there; what it was wrong by on those parts is fitted once more, and says where colours are to be doubted.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32, Window
from .palette import Fit, FitLine

if TYPE_CHECKING:
    from ..models.painter import PalettePainter

MOST_ALONG = 8
SIDE_PX = 256
"""The fit is made from windows of this side, at most so many along each side of the scene, spread evenly."""
PARTS = 4
_RIDGE, _PRIOR_SAMPLES = 1.0, 1500.0
"""Weight against slopes where features have unit variance: what nearly tied best on val, and what few samples add."""
_USUAL = (2.0, 98.0)
"""Percentiles of what a place shows; nothing beyond them is painted."""
_FILLED = 0.7
"""Share of the variance of L that the fit leaves unexplained, and that the radar's finer structure is to fill."""
_LEAST_SAMPLES = 300
_LEAST_GAIN = 0.01
_BLOCK = 16


@dataclass
class Examples:
    """Ground that radar and a picture both show, cut into parts of which each is left out once."""

    features: list[Float32] = field(default_factory=list)
    colours: list[Float32] = field(default_factory=list)
    blocks: list[NDArray[np.int64]] = field(default_factory=list)
    texture: list[float] = field(default_factory=list)

    def add(self, features: Float32, lab: Float32, valid: Bool, texture: Float32) -> None:
        """A window: features (K, H, W), CIE Lab (3, H, W), where both are known (H, W), what is finer in L."""
        if not valid.any():
            return
        if texture.size:
            self.texture.append(float(texture.var()))
        self.features.append(np.ascontiguousarray(features[:, valid].T, np.float32))
        self.colours.append(np.ascontiguousarray(lab[:, valid].T, np.float32))
        row, col = np.nonzero(valid)
        self.blocks.append(row // _BLOCK + 2 * (col // _BLOCK))

    @property
    def count(self) -> int:
        """Samples so far."""
        return sum(map(len, self.features))

    def fit(self) -> Fit | None:
        """The line through all samples; None where they are too few, or where nothing is gained on parts left out."""
        if self.count < _LEAST_SAMPLES:
            return None
        x, y = np.concatenate(self.features).astype(np.float64), np.concatenate(self.colours).astype(np.float64)
        # Windows are left out whole; of one or two, blocks.
        many = len(self.blocks) >= PARTS
        parts = np.concatenate([np.full(len(b), i) if many else b for i, b in enumerate(self.blocks)]) % PARTS
        centre, unit = x.mean(0), x.std(0) + 1e-3
        z = np.clip((x - centre) / unit, -Fit.REACH, Fit.REACH)
        z = np.concatenate([z, z * z - 1.0], 1)
        each = [_Sums.of(z[parts == part], y[parts == part]) for part in range(PARTS)]
        everything = sum(each[1:], each[0])
        fitted, flat = np.empty_like(y), np.empty_like(y)
        for part in range(PARTS):
            out = parts == part
            if out.all():
                return None
            start, slopes = (everything - each[part]).ridge()
            low, high = np.percentile(y[~out], _USUAL, axis=0)
            fitted[out], flat[out] = np.clip(start + z[out] @ slopes, low, high), y[~out].mean(0)
        error, flat_error = (np.abs(made - y)[:, 1:].mean(1) for made in (fitted, flat))
        if not error.mean() < (1.0 - _LEAST_GAIN) * flat_error.mean():
            return None
        unexplained = _FILLED * max(0.0, y[:, 0].var() - fitted[:, 0].var())
        share = min(1.0, float(np.sqrt(unexplained / max(np.mean(self.texture or [0.0]), 1e-6))))
        wanted = np.column_stack([y, error])
        start, slopes = replace(everything, y=wanted.sum(0), zy=z.T @ wanted).ridge()
        low, high = np.percentile(wanted, _USUAL, axis=0)
        numbers = (values.round(4).tolist() for values in (low, high, start, slopes.T))
        lines = [FitLine(a, b, c, tuple(each)) for a, b, c, each in zip(*numbers, strict=True)]
        return Fit(
            tuple(centre.round(4).tolist()),
            tuple(unit.round(4).tolist()),
            (lines[0], lines[1], lines[2], lines[3]),
            samples=len(x),
            error=round(float(error.mean()), 3),
            flat_error=round(float(flat_error.mean()), 3),
            texture_share=round(share, 3),
        )


def learn(found: Examples, painter: PalettePainter, lightness: Float32, lab: Float32, valid: Bool) -> None:
    """Adds a window to the ground that colours are fitted to.

    Args:
        painter: with the palette of the place. lightness: L (C, H, W) of its bands, 0..100.
        lab: CIE Lab (3, H, W) of the same ground. valid: (H, W), where both show it.
    """
    found.add(painter.features(lightness), *quartered(lab, valid), painter.texture(lightness, valid))


def quartered(lab: Float32, valid: Bool) -> tuple[Float32, Bool]:
    """(3, H / 4, W / 4) means of CIE Lab (3, H, W), and where all of what they are means of is valid."""
    height, width = (side // 4 for side in valid.shape)
    cut = (slice(0, 4 * height), slice(0, 4 * width))
    means: Float32 = lab[(slice(None), *cut)].reshape(3, height, 4, width, 4).mean((2, 4))
    known: Bool = np.all(valid[cut].reshape(height, 4, width, 4), axis=(1, 3))
    return means, known


@dataclass(frozen=True)
class _Sums:
    """What a regression of y (N, M) on z (N, K) needs of samples; those of parts add up."""

    count: int
    z: NDArray[np.float64]
    y: NDArray[np.float64]
    zz: NDArray[np.float64]
    zy: NDArray[np.float64]

    @classmethod
    def of(cls, z: NDArray[np.float64], y: NDArray[np.float64]) -> _Sums:
        """Of samples."""
        return cls(len(z), z.sum(0), y.sum(0), z.T @ z, z.T @ y)

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def ridge(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Start (M,) and slopes (K, M) of y on z."""
        z_mean, y_mean = self.z / self.count, self.y / self.count
        covariance = self.zz / self.count - np.outer(z_mean, z_mean)
        weight = _RIDGE + _PRIOR_SAMPLES / self.count
        together = self.zy / self.count - np.outer(z_mean, y_mean)
        slopes = np.linalg.solve(covariance + weight * np.eye(len(z_mean)), together).astype(np.float64, copy=False)
        return y_mean - z_mean @ slopes, slopes


def spread_windows(height: int, width: int) -> list[Window]:
    """Windows of SIDE_PX, or of the whole side where that is less, that do not overlap."""
    starts, sides = [], []
    for length in (height, width):
        count, side = min(MOST_ALONG, max(1, length // SIDE_PX)), min(SIDE_PX, length)
        starts.append([(2 * i + 1) * length // (2 * count) - side // 2 for i in range(count)])
        sides.append(side)
    return [Window(row, col, *sides) for row in starts[0] for col in starts[1]]
