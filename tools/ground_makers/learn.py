"""Colours and backscatter of kinds of ground, learned from pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sar_colorize.palette.likelihood import FREEDOM
from sar_colorize.palette.world import BARE, FIELD, KINDS, LEARNED, REACH

from .rows import Rows

_RIDGE, _RIDGE_LIGHT = 0.3, 2.0
"""Weight against slopes where conditions have unit variance; of L, whose slopes go too far beyond what was learned."""
_BOX = 3.0
"""Degrees, sides of the boxes whose ground is held against the conditions."""
_FEW = 3.0
"""So many cells are believed by half."""
_SPECKLE = 4.8
"""Variance in decibels that speckle of 4.4 looks adds to the pixels learned from, and not to means of many."""
_LEAST_VARIANCE = 1.0
_STEPS = 10
_KNOWN = 64
"""So many conditions stand for all that were learned from."""
_TOWN_DB, _TOWN_DEVIATION, _TOWN_CORRELATION = (-5.5, -13.0), (3.0, 3.0), 0.8
"""An assumption: the built-up pixels are single houses among fields."""
Array = NDArray[np.float64]


def learn(rows: Rows) -> dict[str, Array]:
    """What `world.ground_model` reads; a member for each region, learned without it."""
    weight = rows.weight
    centre = weight @ rows.values
    unit = np.sqrt(weight @ (rows.values - centre) ** 2)
    z = np.clip((rows.values - centre) / unit, -REACH, REACH)
    regions = np.unique(rows.region)
    members = [member(rows.of(rows.region != region), z[rows.region != region]) for region in regions]
    start, slopes, green, green_slopes = (np.stack(each) for each in zip(*members, strict=True))
    model = {
        "centre": centre, "unit": unit, "start": start, "slopes": slopes, "green": green, "green_slopes": green_slopes,
        "known": farthest(np.unique(z.round(2), axis=0), _KNOWN),
    }  # fmt: skip
    return model | near(rows, z, model) | spreads(rows, z, model) | backscatter(rows, z)


def spreads(rows: Rows, z: Array, model: dict[str, Array]) -> dict[str, Array]:
    """How colours vary within a kind, (K, 3)."""
    square, found = (rows.lab - usual(rows, z, model)) ** 2, []
    for kind in range(LEARNED):
        chosen = rows.kind == kind
        found.append(np.sqrt(_mean(square[chosen], rows.weight[chosen])))
    return {"spread": np.stack(found)}


def usual(rows: Rows, z: Array, model: dict[str, Array]) -> Array:
    """(N, 3) the colours of pixels of known kind, by the conditions alone."""
    kind = np.clip(rows.kind, 0, LEARNED - 1)
    start, slopes = model["start"].mean(0), model["slopes"].mean(0)
    made: Array = start[kind] + np.einsum("nc,ncj->nj", z, slopes[kind])
    return made


def near(rows: Rows, z: Array, model: dict[str, Array]) -> dict[str, Array]:
    """How the ground around places that were learned from differs from what their conditions lead to expect.

    nodes (P, 2) longitude and latitude, node_colours (P, K, 3), node_green (P,); of few cells little is believed.
    """
    left = rows.lab - usual(rows, z, model)
    green = (rows.kind == FIELD) - (model["green"].mean() + z @ model["green_slopes"].mean(0))
    box = np.floor(rows.place[:, :2] / _BOX)
    nodes, colours, greens = [], [], []
    for number in np.unique(box, axis=0):
        here = (box == number).all(1) & (rows.kind >= 0) & np.isfinite(rows.db).all(1)
        if not here.any():
            continue
        own = np.zeros((LEARNED, 3))
        means = {kind: _by_cell(left, rows.cell, here & (rows.kind == kind)) for kind in range(LEARNED)}
        shared = sum((mean * cells for mean, cells in means.values()), np.zeros(3)) / (
            sum(cells for _, cells in means.values()) + _FEW
        )
        for kind, (mean, cells) in means.items():
            own[kind] = shared + (mean - shared) * cells / (cells + _FEW)
        opened = here & ((rows.kind == FIELD) | (rows.kind == BARE))
        mean, cells = _by_cell(green[:, None], rows.cell, opened)
        nodes.append(rows.place[here, :2].mean(0))
        colours.append(own)
        greens.append(mean[0] * cells / (cells + _FEW))
    return {"nodes": np.stack(nodes), "node_colours": np.stack(colours), "node_green": np.array(greens)}


def _by_cell(values: Array, cell: NDArray[np.str_], chosen: NDArray[np.bool_]) -> tuple[Array, int]:
    """Mean of the means of cells, (M,), and how many cells there are."""
    names, number = np.unique(cell[chosen], return_inverse=True)
    if not len(names):
        return np.zeros(values.shape[1]), 0
    sums = np.stack([np.bincount(number, column) for column in values[chosen].T], 1)
    found: Array = (sums / np.bincount(number)[:, None]).mean(0)
    return found, len(names)


def backscatter(rows: Rows, z: Array) -> dict[str, Array]:
    """Mean decibels of VV and VH of each kind, (K, 2), slopes (K, C, 2) and covariance (K, 2, 2) of smoothed radar.

    Open ground goes with the conditions; water, woods and towns look alike the world over. Of Student's density, as
    `likelihood` takes it: by weights that are the less, the farther a pixel lies (Lange, Little and Taylor, JASA 1989).
    """
    mean, slopes = np.zeros((LEARNED, 2)), np.zeros((LEARNED, z.shape[1], 2))
    covariance, weight = np.zeros((LEARNED, 2, 2)), rows.weight
    for kind in range(LEARNED):
        chosen = (rows.kind == kind) & np.isfinite(rows.db).all(1)
        db, believed = rows.db[chosen], np.ones(chosen.sum())
        for _ in range(_STEPS):
            now = weight[chosen] * believed
            if kind in (FIELD, BARE):
                mean[kind], slopes[kind] = _ridge(z[chosen], db, now, _RIDGE)
            else:
                mean[kind] = _mean(db, now)
            off = db - mean[kind] - z[chosen] @ slopes[kind]
            covariance[kind] = (off * now[:, None]).T @ off / weight[chosen].sum()
            far = (off @ np.linalg.inv(covariance[kind]) * off).sum(1)
            believed = (FREEDOM + 2.0) / (FREEDOM + far)
        size, along = np.linalg.eigh(covariance[kind])
        covariance[kind] = along * np.maximum(size - _SPECKLE, _LEAST_VARIANCE) @ along.T
    town, (co, cross) = KINDS.index("town"), _TOWN_DEVIATION
    mean[town], slopes[town], together = _TOWN_DB, 0.0, _TOWN_CORRELATION * co * cross
    covariance[town] = [[co**2, together], [together, cross**2]]
    return {"db_mean": mean, "db_slopes": slopes, "db_covariance": covariance}


def member(rows: Rows, z: Array) -> tuple[Array, Array, Array, Array]:
    """Colours of each kind, (K, 3) and slopes (K, C, 3), and the green share of open ground, () and (C,)."""
    light, light_slopes = kinds(rows, z, rows.lab[:, :1], _RIDGE_LIGHT)
    hue, hue_slopes = kinds(rows, z, rows.lab[:, 1:], _RIDGE)
    opened = (rows.kind == FIELD) | (rows.kind == BARE)
    green = (rows.kind[opened] == FIELD).astype(np.float64)[:, None]
    of_green, green_slopes = _ridge(z[opened], green, rows.weight[opened], _RIDGE)
    start, slopes = np.concatenate([light, hue], 1), np.concatenate([light_slopes, hue_slopes], 2)
    return start, slopes, of_green[0], green_slopes[:, 0]


def kinds(rows: Rows, z: Array, y: Array, ridge: float) -> tuple[Array, Array]:
    """Means (K, M) and slopes (K, C, M) of y (N, M) on z (N, C).

    All kinds share slopes; what a kind adds of its own is the smaller, the rarer it is.
    """
    weight, seen = rows.weight, rows.kind >= 0
    one = np.eye(LEARNED)[np.clip(rows.kind, 0, LEARNED - 1)]
    x, w = np.column_stack([one, z])[seen], weight[seen] / weight[seen].sum()
    penalty = np.diag(np.r_[np.full(LEARNED, 1e-3), np.full(z.shape[1], ridge)])
    shared = np.linalg.solve((x * w[:, None]).T @ x + penalty, (x * w[:, None]).T @ y[seen])
    start, slopes = shared[:LEARNED].copy(), np.tile(shared[LEARNED:], (LEARNED, 1, 1))
    for kind in range(LEARNED):
        chosen = seen & (rows.kind == kind)
        share = weight[chosen].sum() / weight[seen].sum()
        if share < 1e-4:
            continue
        left = y[chosen] - start[kind] - z[chosen] @ slopes[kind]
        own, own_slopes = _ridge(z[chosen], left, weight[chosen], max(ridge, 0.05 / share))
        believed = min(1.0, 10.0 * share)
        start[kind] += believed * own
        slopes[kind] += believed * own_slopes
    return start, slopes


def farthest(points: Array, count: int) -> Array:
    """(count, C) of points (N, C), each the farthest from those before it, the first nearest to their mean."""
    taken = [int(((points - points.mean(0)) ** 2).sum(1).argmin())]
    far = ((points - points[taken[0]]) ** 2).sum(1)
    for _ in range(min(count, len(points)) - 1):
        taken.append(int(far.argmax()))
        far = np.minimum(far, ((points - points[taken[-1]]) ** 2).sum(1))
    return points[taken]


def write(model: dict[str, Array], path: Path) -> None:
    """The file, in single precision."""
    np.savez_compressed(path, **{name: values.astype(np.float32) for name, values in model.items()})


def _mean(values: Array, weight: Array) -> Array:
    found: Array = weight @ values / weight.sum()
    return found


def _ridge(z: Array, y: Array, weight: Array, ridge: float) -> tuple[Array, Array]:
    """Start (M,) and slopes (C, M) of y (N, M) on z (N, C)."""
    weight = weight / weight.sum()
    z_mean, y_mean = weight @ z, weight @ y
    off = (z - z_mean) * weight[:, None]
    slopes = np.linalg.solve(off.T @ (z - z_mean) + ridge * np.eye(z.shape[1]), off.T @ (y - y_mean))
    return y_mean - z_mean @ slopes, slopes
