"""Simulated ground whose true backscatter is known: a landscape, and thin lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...raster import Bool, Float32
from ...simulate import MEAN_DB
from ...simulate import speckle as radar_speckle
from ...simulate.landscape import landscape

SIDE_PX = 512
PSNR_LOOKS = (1, 2, 4)


@dataclass(frozen=True)
class SimulatedGround:
    """A landscape and lines with and without speckle, linear power."""

    clean: Float32
    """(H, W) a landscape without speckle."""
    noisy: Float32
    """(H, W) the same with the speckle of GRD products."""
    white: dict[int, Float32]
    """By looks, (H, W) the same with speckle that is independent from pixel to pixel."""
    lines: tuple[Float32, Float32, Bool, Bool]
    """Thin lines without and with speckle, where they are, and the flat ground beside them; see `thin_lines`."""


def simulate_ground(seed: int) -> SimulatedGround:
    """The simulated grounds of a seed, SIDE_PX wide."""
    random = np.random.default_rng(seed)
    cover, gain_db = landscape(SIDE_PX, SIDE_PX, random)
    means = np.array(list(MEAN_DB.values()), np.float32)[:, 0]
    clean = (10.0 ** ((means[cover] + gain_db) / 10.0)).astype(np.float32)
    white = {looks: (clean * random.gamma(looks, 1.0 / looks, clean.shape)).astype(np.float32) for looks in PSNR_LOOKS}
    lines_db, line, beside = thin_lines(SIDE_PX // 2)
    lines = (10.0 ** (lines_db / 10.0)).astype(np.float32)
    noisy_lines = lines * radar_speckle(len(lines), len(lines), random)
    noisy = clean * radar_speckle(SIDE_PX, SIDE_PX, random)
    return SimulatedGround(clean, noisy, white, (lines, noisy_lines, line, beside))


def thin_lines(side_px: int) -> tuple[Float32, Bool, Bool]:
    """Flat ground with lines of one pixel, 6 dB brighter or darker in turn.

    Returns:
        (H, W) decibels; where the bright lines are, which are measured; and the flat ground 4 to 8 px beside them.
    """
    rows, cols = np.mgrid[:side_px, :side_px]
    db = np.full((side_px, side_px), -12.0, np.float32)
    line, beside = np.zeros(db.shape, bool), np.zeros(db.shape, bool)
    for half, across in enumerate((cols + rows // 5, rows - cols // 3)):
        part = (rows < side_px // 2) == (half == 0)
        at = across % 48
        db[part & (at == 12)] += 6.0
        db[part & (at == 36)] -= 6.0
        inner = part & (rows % (side_px // 2) >= 8) & (rows % (side_px // 2) < side_px // 2 - 8)
        line |= inner & (at == 12)
        beside |= inner & (np.abs(at - 12) >= 4) & (np.abs(at - 12) <= 8)
    return db, line, beside
