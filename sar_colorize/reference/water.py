"""New water: where the radar is dark, the picture does not lead one to expect it, and shows no water itself.

Logistic regressions, learned by tools/make_memory.py on pictures after floods with flood masks. The radar there had an
unknown level, so the first uses what a scene says of itself: its median, its spread, and the valley between dark and
bright ground (Otsu 1979). Where decibels are absolute a second one, learned on dated pixels of lakes and land, must
agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Float32
from .half import box, spread

TABLE = Path(__file__).parent / "weights" / "water.json"
MOST_DARK = 0.6
"""Share of a scene below the valley from which it is no valley between water and land."""
NO_VALLEY = 3.0
"""Spreads below the median at which ground counts as dark in a scene without a valley."""
NEAR = box(5)
"""Coarse pixels over which means are taken."""


@dataclass(frozen=True)
class Level:
    """What dark means in a scene: decibels of its first band."""

    median: float
    spread: float
    """1.4826 times the median distance from it, at least 1 dB."""
    valley: float
    """Between dark and bright ground."""
    distance: float
    """Of their means, in standard deviations within."""
    dark: float
    """Share of what is darker than the valley."""


def level_of(db: NDArray[np.float32]) -> Level:
    """The level of a scene, from decibels (N,) spread over it."""
    median = float(np.median(db))
    width = max(1.0, 1.4826 * float(np.median(np.abs(db - median))))
    if float(np.ptp(db)) < 0.1:
        return Level(median, width, median - 10.0, 0.0, 0.0)
    valley = _between(db)
    if (db <= valley).mean() > MOST_DARK:  # between land and what is brighter, such as towns
        return Level(median, width, median - NO_VALLEY * width, 0.0, 0.0)
    low, high = db[db <= valley], db[db > valley]
    within = float(np.sqrt((low.var() * len(low) + high.var() * len(high)) / len(db))) + 0.3
    return Level(median, width, valley, float(high.mean() - low.mean()) / within, len(low) / len(db))


def _between(db: NDArray[np.float32]) -> float:
    """The value of 256 that parts two classes best (Otsu, IEEE Trans. Systems, Man and Cybernetics 9, 1979)."""
    counts, edges = np.histogram(db, 256)
    centres = (edges[:-1] + edges[1:]) / 2.0
    low, sums = np.cumsum(counts), np.cumsum(counts * centres)
    high = low[-1] - low
    means = sums / np.maximum(low, 1), (sums[-1] - sums) / np.maximum(high, 1)
    return float(centres[np.argmax((low * high * (means[0] - means[1]) ** 2)[:-1])])


def dark_values(level: Level, db: Float32, surprise: Float32, weight: Float32 | None = None) -> Float32:
    """(7, h, w) of what tells new water, from decibels and surprise of the first band (h, w).

    Args:
        weight: (h, w), 1 where both are known; None where pixels are no neighbours, and each is all there is near it.
    """
    near, odd = (each if weight is None else _near(each, weight) for each in (db, surprise))
    width = np.float32(level.spread)
    above = np.clip((near - level.valley) / np.float32(2.0), -4, 4)
    return np.stack(
        [
            np.clip((db - level.median) / width, -6, 6),
            np.clip((near - level.median) / width, -6, 6),
            above,
            above * np.float32(min(level.distance, 5.0)),
            np.clip(surprise, -6, 6),
            np.clip(odd, -6, 6),
            np.full(db.shape, level.dark, np.float32),
        ]
    ).astype(np.float32)


def _near(values: Float32, weight: Float32) -> Float32:
    """(h, w) means of what is known around each pixel."""
    near = spread(values * weight, NEAR) / np.maximum(spread(weight, NEAR), np.float32(1e-3))
    return near.astype(np.float32)


def chance(values: Float32, which: str) -> Float32:
    """(h, w) probability 0..1 of values (K, h, w) by the regression of that name."""
    line = table()[which]
    total = np.full(values.shape[1:], np.float32(line["start"]))
    for slope, each in zip(line["slopes"], values, strict=True):
        total += np.float32(slope) * each
    result: Float32 = np.float32(1.0) / (np.float32(1.0) + np.exp(-np.clip(total, -30, 30)))
    return result


def water_colour_values(lab: Float32, middle: NDArray[np.float32]) -> Float32:
    """(7, h, w) of what tells water by its colour: CIE Lab (3, h, w), the same about a scene's middle, and chroma."""
    chroma = (lab[1:2] ** 2 + lab[2:] ** 2) / np.float32(400.0)
    return np.concatenate([lab / np.float32(20.0), (lab - middle[:, None, None]) / np.float32(10.0), chroma])


def looks_like_water(lab: Float32, middle: NDArray[np.float32]) -> Float32:
    """(h, w) probability that a colour is that of water, by the rule learned on pictures after floods.

    Args:
        lab: (3, h, w) CIE Lab. middle: (3,) median of the whole picture.
    """
    return chance(water_colour_values(lab, middle), "colour")


@cache
def table() -> dict[str, Any]:
    """The regressions, the usual colour of a flood, and what a flood does to the colours of land."""
    loaded: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return loaded


def absolute_chance(bands: tuple[str, ...], db: Float32) -> Float32:
    """(h, w) probability of water from decibels (C, h, w) with an absolute level."""
    kinds = ["VV" if band in ("VV", "HH") else "VH" for band in bands]
    centre = {"VV": -14.0, "VH": -21.0}
    values = np.stack([np.clip((each - centre[kind]) / 3.0, -4, 4) for kind, each in zip(kinds, db, strict=True)])
    order = sorted(range(len(kinds)), key=lambda i: ("VV", "VH").index(kinds[i]))
    return chance(values[order].astype(np.float32), "absolute_" + "_".join(kinds[i] for i in order))
