"""Tables of the metrics by site, by terrain and overall, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .metrics import COLUMNS, METRICS, SET_METRICS, Metric

DRAWS = 1000
Float64 = NDArray[np.float64]
OfSets = Callable[[NDArray[np.int64]], Float64]
"""(methods, SET_METRICS) of the patches with these numbers."""


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
"""By method and metric."""


@dataclass(frozen=True)
class Tables:
    """The metrics of every method over groups of patches."""

    overall: Rows
    """The mean over sites, each counting alike, as in the weight cards."""
    sites: dict[str, Rows]
    """Of the patches of each site."""
    terrains: dict[str, Rows]
    """Of the patches of each terrain; none where pairs name no terrain."""


def tables(
    values: Float64,
    pixels: Float64,
    sites: Sequence[str],
    terrains: Sequence[str],
    methods: Sequence[str],
    *,
    of_sets: OfSets | None = None,
    seed: int = 0,
) -> Tables:
    """Means over patches, weighted by their valid pixels.

    Args:
        values: (patches, methods, metrics); NaN where undefined.
        pixels: (patches,) valid pixels.
        sites: of each patch.
        terrains: of each patch; "" for none.
        methods: their names.
        of_sets: the metrics of pictures as a set, of all patches, of a site or a terrain; None leaves them undefined.
        seed: of the bootstrap, which draws the patches of each site anew `DRAWS` times.
    """
    by_site = _groups(sites)
    random = np.random.default_rng(seed)
    drawn = {site: _drawn(values[index], pixels[index], random) for site, index in by_site.items()}
    by_terrain = {name: index for name, index in _groups(terrains).items() if name}

    def rows(means: Float64, index: NDArray[np.int64]) -> Rows:
        together = np.full((len(methods), len(SET_METRICS)), np.nan) if of_sets is None else of_sets(index)
        return _rows(means, together, methods)

    return Tables(
        rows(_mean(np.stack(list(drawn.values()))), np.arange(len(pixels))),
        {site: rows(means, by_site[site]) for site, means in drawn.items()},
        {name: rows(_drawn(values[index], pixels[index], random), index) for name, index in by_terrain.items()},
    )


def best(rows: Rows, metric: Metric, real: float, among: Sequence[str]) -> str | None:
    """The method with the best mean among these; None where none is defined.

    Args:
        rows: the means.
        metric: by which they are compared.
        real: what it is of the real pictures.
        among: names of methods.
    """
    means = {name: rows[name][metric.key].mean for name in among}
    defined = {name: mean for name, mean in means.items() if np.isfinite(mean)}
    if not defined:
        return None
    if metric.best == "high":
        return max(defined, key=defined.__getitem__)
    goal = {"low": -np.inf, "one": 1.0, "real": real}[metric.best]
    if metric.best == "low":
        return min(defined, key=defined.__getitem__)
    return min(defined, key=lambda name: abs(defined[name] - goal))


def _drawn(values: Float64, weights: Float64, random: np.random.Generator) -> Float64:
    """(1 + DRAWS, methods, metrics): the weighted mean, then that of each draw of as many patches."""
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


def _rows(means: Float64, together: Float64, methods: Sequence[str]) -> Rows:
    """Cells of means (1 + DRAWS, methods, METRICS), and of metrics of sets (methods, SET_METRICS), without interval."""
    columns = [metric.key for metric in COLUMNS]
    return {
        method: dict(
            zip(
                columns,
                [
                    *(_cell(means[:, i, k]) for k in range(len(METRICS))),
                    *(Cell(float(value), float("nan"), float("nan")) for value in together[i]),
                ],
                strict=True,
            )
        )
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
