"""A made place for tests of memory: what its picture and its radar show, and windows of it as a scene has them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sar_colorize.color import srgb_to_lab
from sar_colorize.raster import Unit
from sar_colorize.reference.memory import Ground, Memory, Remembered
from sar_colorize.simulate import MEAN_DB, simulate_scene
from sar_colorize.simulate.optical import COLOURS
from sar_colorize.speckle import get_filter
from sar_colorize.speckle.values import to_db


@cache
def place_of(seed: int = 0, size: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """(3, H, W) CIE Lab of a made landscape and (2, H, W) its despeckled decibels, VV and VH; do not change them."""
    scene = simulate_scene(size, size * 17 // 16, seed)  # of which the west is valid everywhere
    cover = scene.cover[:, :size]
    random = np.random.default_rng((seed, 1))
    colours = np.array([COLOURS[name] for name in MEAN_DB], np.float32)[cover].transpose(2, 0, 1)
    shade = random.normal(1.0, 0.06, (size, size)).astype(np.float32)
    lee, valid = get_filter("lee"), np.ones((size, size), bool)
    db = np.stack([to_db(band[:, :size], valid, Unit.DB, lee, (-25.0, 0.0)) for band in scene.raster.values])
    return srgb_to_lab(np.clip(colours * shade / np.float32(255), 0, 1)), db.astype(np.float32)


def misplaced(down: int, right: int, size: int = 496) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture of a place where it lies so many pixels, 8 at most, too far down and right; where right; decibels."""
    lab, db = place_of(0)
    middle, off = slice(8, 8 + size), tuple(slice(8 - move, 8 - move + size) for move in (down, right))
    return lab[:, *off], lab[:, middle, middle], db[:, middle, middle]


def ground_of(lab: np.ndarray, db: np.ndarray, **more: Any) -> Ground:
    """A whole scene that picture and radar show everywhere."""
    everywhere = np.ones(lab.shape[1:], bool)
    return Ground(**({"reference": lab, "seen": everywhere, "db": db, "valid": everywhere} | more))


def window_of(ground: Ground, row: int, col: int, height: int, width: int) -> Ground:
    """A window of a whole scene, which may reach outside: nothing is seen or valid there."""
    side = max(height, width) + max(abs(row), abs(col)) + 1

    def part(values: np.ndarray, outside: float) -> np.ndarray:
        wide = np.pad(values, [(0, 0)] * (values.ndim - 2) + [(side, side)] * 2, constant_values=outside)
        return wide[..., row + side : row + side + height, col + side : col + side + width]

    before = None if ground.before is None else part(ground.before, np.nan)
    return Ground(part(ground.reference, 0), part(ground.seen, 0), part(ground.db, 0), part(ground.valid, 0), before,
                  row, col)  # fmt: skip


def remembered(memory: Memory, ground: Ground, painted: np.ndarray, window: tuple[int, int, int, int]) -> Remembered:
    """The picture with memory of a window (row, column, height, width) of a whole scene."""
    halo, (row, col, height, width) = memory.halo_px, window
    around = window_of(ground, row - halo, col - halo, height + 2 * halo, width + 2 * halo)
    core = (slice(halo, halo + height), slice(halo, halo + width))
    return memory.picture(painted[:, row : row + height, col : col + width], None, around, core)
