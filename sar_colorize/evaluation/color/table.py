"""Figures of patches to tables: by site, by terrain, overall, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .measures import MEASURES, Measure

DRAWS = 1000
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A mean with the interval that holds 95 % of its bootstrap draws; NaN where undefined everywhere."""

    mean: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """For JSON, which has no NaN."""
        return {name: _plain(value) for name, value in vars(self).items()}


Rows = dict[str, dict[str, Cell]]
"""By method and measure."""


@dataclass(frozen=True)
class Tables:
    """overall: the mean over sites, each counting alike, as in the weight cards. sites, terrains: of their patches."""

    overall: Rows
    sites: dict[str, Rows]
    terrains: dict[str, Rows]


def tables(
    values: Float64,
    pixels: Float64,
    sites: Sequence[str],
    terrains: Sequence[str],
    methods: Sequence[str],
    *,
    seed: int = 0,
) -> Tables:
    """Means over patches, weighted by their valid pixels.

    Args:
        values: (patches, methods, measures); NaN where undefined.
        pixels: (patches,) valid pixels.
        sites, terrains: of each patch; "" for no terrain.
        seed: of the bootstrap, which draws the patches of each site anew `DRAWS` times.
    """
    by_site = _groups(sites)
    random = np.random.default_rng(seed)
    drawn = {site: _drawn(values[index], pixels[index], random) for site, index in by_site.items()}
    by_terrain = {name: index for name, index in _groups(terrains).items() if name}
    return Tables(
        _rows(_mean(np.stack(list(drawn.values()))), methods),
        {site: _rows(means, methods) for site, means in drawn.items()},
        {
            name: _rows(_drawn(values[index], pixels[index], random), methods)
            for name, index in by_terrain.items()
        },
    )  # fmt: skip


def best(rows: Rows, measure: Measure, real: float, among: Sequence[str]) -> str | None:
    """The method whose mean is best among these; None where none is defined. `real`: the measure of the truth."""
    means = {name: rows[name][measure.key].mean for name in among}
    defined = {name: mean for name, mean in means.items() if np.isfinite(mean)}
    if not defined:
        return None
    if measure.best == "high":
        return max(defined, key=defined.__getitem__)
    goal = {"low": -np.inf, "one": 1.0, "real": real}[measure.best]
    if measure.best == "low":
        return min(defined, key=defined.__getitem__)
    return min(defined, key=lambda name: abs(defined[name] - goal))


def _drawn(values: Float64, weights: Float64, random: np.random.Generator) -> Float64:
    """(1 + DRAWS, methods, measures): the weighted mean, then that of each draw of as many patches."""
    count = len(weights)
    counts = random.multinomial(count, np.full(count, 1.0 / count), size=DRAWS)
    shares = np.concatenate([np.ones((1, count)), counts]) * weights
    known = np.isfinite(values)
    flat = np.where(known, values, 0.0).reshape(count, -1)
    total = shares @ known.reshape(count, -1)
    out = np.where(total > 0, shares @ flat / np.where(total > 0, total, 1.0), np.nan)
    return out.reshape(-1, *values.shape[1:])


def _mean(means: Float64) -> Float64:
    """Over the first axis, of what is defined."""
    known = np.isfinite(means)
    count = known.sum(0)
    return np.where(count > 0, np.where(known, means, 0.0).sum(0) / np.maximum(count, 1), np.nan)


def _rows(means: Float64, methods: Sequence[str]) -> Rows:
    return {
        method: {measure.key: _cell(means[:, i, k]) for k, measure in enumerate(MEASURES)}
        for i, method in enumerate(methods)
    }


def _cell(means: Float64) -> Cell:
    draws = means[1:][np.isfinite(means[1:])]
    if not np.isfinite(means[0]) or not draws.size:
        return Cell(float(means[0]), float("nan"), float("nan"))
    low, high = np.percentile(draws, (2.5, 97.5))
    return Cell(float(means[0]), float(low), float(high))


def _groups(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Positions of each name, in alphabetical order."""
    array = np.array(names)
    return {str(name): np.flatnonzero(array == name) for name in sorted(set(names))}


def _plain(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None
