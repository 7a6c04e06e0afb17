"""Simulated radar images of optical pictures, for the learned speckle filter; no radar pixel is used.

A picture's lightness becomes a map of reflectivity with a contrast drawn anew, with level steps, bright points and thin
lines; a sensor of known resolution then sees it through speckle. The target is the expected intensity.

    amplitude = psf * sqrt(reflectivity) (sqrt(g) P + sqrt(1 - g) N),    P, N complex Gaussian, one pair for each look
    image = mean over looks |amplitude|**2,    target = E[image | P]

With g = 0 it is fully developed speckle. With g > 0 a part of the pattern is what every pass sees, as in real series of
deserts and towns; it belongs to the target, and the filter gets the looks of the rest, L / mean(1 - g**2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...raster import Bool, Float32
from ..color.augment import hole, turn
from .settings import FilterSettings

MARGIN_PX = 8


@dataclass(frozen=True)
class Sample:
    """A batch of patches."""

    db: Tensor
    """(B, 1, H, W) with speckle, in dB."""
    target: Tensor
    """(B, 1, H, W) what the filter should make of it, in dB."""
    valid: Tensor
    """(B, 1, H, W)."""
    looks: Tensor
    """(B, 1, 1, 1) the looks that the filter gets."""


def simulate(ground_db: Float32, valid: Bool, settings: FilterSettings, random: np.random.Generator) -> Sample:
    """Radar images of a batch of grounds: one number of looks and one point spread for all.

    Args:
        ground_db: (B, H, W) reflectivity in dB, MARGIN_PX wider on each side than what is given back.
        valid: (B, H - 2 MARGIN_PX, W - 2 MARGIN_PX).
    """
    count, height, width = ground_db.shape
    low, high = np.log(settings.looks)
    looks = round(float(np.exp(random.uniform(low, high))))
    shared = torch.from_numpy(_persistence(ground_db, settings, random))  # (B, H, W)
    rows, cols = (_spreading(size, random.uniform(*settings.spread_px)) for size in (height, width))
    root = torch.from_numpy(10.0 ** (ground_db / 20.0)).float() * 0.5**0.5  # (B, H, W), of real and imaginary part
    fresh, kept = root * (1.0 - shared) ** 0.5, root * shared**0.5
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    image = torch.zeros_like(root)
    expected = 2.0 * ((rows**2) @ (fresh * fresh) @ (cols**2).T)
    for _ in range(looks):
        field = rows @ (torch.randn((2, *root.shape), generator=generator) * fresh) @ cols.T
        if shared.any():
            pattern = rows @ (torch.randn((2, *root.shape), generator=generator) * kept) @ cols.T
            expected += (pattern**2).sum(0) / looks
            field += pattern
        image += (field**2).sum(0) / looks
    inner = (slice(None), None, slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX))
    rest = looks / (1.0 - (shared**2).mean((1, 2))) * torch.from_numpy(np.exp(random.normal(0.0, 0.3, count)))
    return Sample(
        10.0 * torch.log10(image[inner].clamp(min=1e-9)),
        10.0 * torch.log10(expected[inner].clamp(min=1e-9)),
        torch.from_numpy(valid)[:, None],
        rest.float()[:, None, None, None],
    )


def _persistence(ground_db: Float32, settings: FilterSettings, random: np.random.Generator) -> Float32:
    """(B, H, W) share of the speckle that every pass sees, 0 for most; half the time only on the brighter ground."""
    out = np.zeros(ground_db.shape, np.float32)
    for share, db in zip(out, ground_db, strict=True):
        if random.random() < settings.persistent_share:
            share[:] = random.uniform(0.2, 0.95)
            if random.random() < 0.5:
                share[db < np.quantile(db, random.uniform(0.1, 0.6))] = 0.0
    return out


def _spreading(size: int, spread_px: float) -> Tensor:
    """(size, size) matrix of a Gaussian point spread of amplitude whose squares add up to 1 in each row."""
    at = torch.arange(size, dtype=torch.float32)
    line = torch.exp(-((at[:, None] - at[None]) ** 2) / (2.0 * spread_px**2))
    line[line < 1e-4] = 0.0  # denormal numbers make products 20 times slower
    return line / (line**2).sum(1, keepdim=True) ** 0.5


def ground(lightness: NDArray[np.uint8], size_px: int, random: np.random.Generator) -> Float32:
    """(size, size) reflectivity in dB of a piece of a picture (H, W), L as 0..255, with a contrast drawn anew."""
    step = 2 if min(lightness.shape) >= 2 * size_px and random.random() < 0.3 else 1
    row, col = (int(random.integers(0, length - step * size_px + 1)) for length in lightness.shape)
    piece = lightness[row : row + step * size_px, col : col + step * size_px]
    shown = piece.astype(np.float32) * np.float32(100.0 / 255.0)
    if step == 2:
        shown = shown.reshape(size_px, 2, size_px, 2).mean((1, 3))
    shown = turn(shown, int(random.integers(4)), bool(random.integers(2)))
    spread = max(float(shown.std()), 1.0)
    contrast_db = random.choice([0.0, 1.0, 1.0, 1.0]) * float(np.exp(random.uniform(np.log(0.3), np.log(6.0))))
    shape = (shown - shown.mean()) / spread * random.choice([-1.0, 1.0])
    db = np.clip(shape, -4.0, 4.0) * contrast_db
    if random.random() < 0.3:  # fields, lakes: two levels with a sharp border
        db = db + random.uniform(-12.0, 12.0) * (shape > random.normal(0.0, 0.8))
    if random.random() < 0.4:
        db = db + _lines(size_px, random)
    power = 10.0 ** (db / 10.0)
    if random.random() < 0.45:
        power = power + _points(size_px, random)
    ground_db: Float32 = (10.0 * np.log10(power)).astype(np.float32)
    return ground_db


def _lines(size_px: int, random: np.random.Generator) -> Float32:
    """Roads, ridges, rivers: slightly bent lines of 1 to 4 px, brighter or darker than what is around them, in dB."""
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32) / size_px - 0.5
    out = np.zeros((size_px, size_px), np.float32)
    for _ in range(int(random.integers(1, 6))):
        angle, bend = random.uniform(0.0, np.pi), random.normal(0.0, 0.5)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        away = np.abs(across - random.uniform(-0.5, 0.5) - bend * along**2) * size_px
        out += (away < random.uniform(0.5, 2.0)) * np.float32(random.choice([-1, 1]) * random.uniform(1.5, 9.0))
    return out


def _points(size_px: int, random: np.random.Generator) -> Float32:
    """Houses, pylons, dunes: bright discs of 0.5 to 4 px, in power over a ground of about 1."""
    out = np.zeros((size_px, size_px), np.float32)
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32)
    broad = random.random() < 0.5
    for _ in range(int(np.exp(random.uniform(0.0, np.log(90.0))))):
        radius = random.uniform(1.0, 4.0) if broad else 0.6
        row, col = random.uniform(0.0, size_px, 2)
        power = 10.0 ** (random.uniform(2.0, 12.0 if broad else 24.0) / 10.0)
        top, left = max(0, int(row) - 5), max(0, int(col) - 5)
        box = np.s_[top : int(row) + 6, left : int(col) + 6]
        out[box] += ((y[box] - row) ** 2 + (x[box] - col) ** 2 <= radius**2) * np.float32(power)
    return out


def batches(pictures: Sequence[NDArray[np.uint8]], settings: FilterSettings, *, first: int = 0) -> Iterator[Sample]:
    """Batch after batch, each a function of (seed, number) alone."""
    for number in range(first, settings.steps):
        random = np.random.default_rng((settings.seed, number))
        grounds, valid = [], []
        for _ in range(settings.batch):
            picture = pictures[int(random.integers(len(pictures)))]
            grounds.append(ground(picture, settings.patch_px + 2 * MARGIN_PX, random))
            shape = (settings.patch_px, settings.patch_px)
            gone = hole(shape, random) if random.random() < settings.hole_share else np.zeros(shape, bool)
            valid.append(~gone)
        yield simulate(np.stack(grounds), np.stack(valid), settings, random)
