"""Does a picture explain the radar: what backscatter its colours lead one to expect, and whether it shows this place.

Fitted once per scene, in closed form, on windows spread over it. Two questions, two fits of the decibels on colours:

- *Expected* backscatter, with all scales: how far the radar is from it is a surprise, in standard deviations.
- *Agreement*, on what is finer than about 30 pixels: the share of the radar's variance that colours explain, over that
  which the same picture explains where it is moved by a third or half of a window. Of 24 pictures of the right place
  0.07 to 0.36 was explained, of moved ones at most 0.04. Moved by a few pixels, the best place tells a misregistration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32
from .half import gaussian, smooth

WIDE = gaussian(2.5, 6)
"""Surroundings of a coarse pixel."""
SEARCH = 3
"""A misregistration is looked for up to so many coarse pixels."""
_COARSE = gaussian(6.0, 12)
_RIDGE = 0.01
_FAR = tuple((a / 6.0, b / 6.0) for a in range(6) for b in range(6) if 2 <= a <= 4 or 2 <= b <= 4)[::2]
"""Moves, in shares of a window, at which a picture can explain nothing."""
_LEAST_STRUCTURE = (0.45, 1.2)
"""Standard deviations of what is fine in the radar (dB) and in the picture's L below which nothing can be judged."""
_LEAST, _USUAL_COUNT = 0.02, 16384
"""Of a picture of 256 x 256 pixels; of n times as many a share smaller by the root of n proves it, down to a fifth."""
_CLEAR, _LEAST_CLEAR = 6.0, 0.0007
"""So many spreads of what moved pictures explain above their mean, and at least such a share, prove it too. Of 36 right
pictures of large scenes that explain 0.0008 to 0.15 of the radar 34 hold, of 72 wrong ones, 0.0006 at most, none."""
_LEAST_GAIN, _RIDGE_SHARE = 1.25, 0.85
"""A picture is moved only where it then explains so much more, and two coarse pixels further on, whichever way, at most
that share of it: along one straight coast many moves are as good."""
_LEAST_COUNT = 4000
"""Coarse pixels below which no move is looked for: among many moves one fits a small picture by chance."""
FOLDS = 4


def colour_values(lab: Float32, wide: Float32) -> Float32:
    """(9, h, w) of coarse CIE Lab and its surroundings, (3, h, w) each."""
    x = lab * np.float32(0.05)
    return np.concatenate([x, x * x, wide * np.float32(0.05)])


@dataclass(frozen=True)
class Expected:
    """What decibels colours lead one to expect."""

    centre: Float32
    slopes: Float32
    """(9,) and (9, C)."""
    start: Float32
    spread: Float32
    """(C,) decibels where colours are at their mean, and the usual distance from what is expected."""

    def surprise(self, values: Float32, db: Float32) -> Float32:
        """(C, h, w) standard deviations that decibels (C, h, w) lie above what `colour_values` lead one to expect."""
        out = np.empty_like(db)
        for c in range(len(db)):
            expected = np.full(db.shape[1:], self.start[c], np.float32)
            for k in range(len(values)):
                expected += (values[k] - self.centre[k]) * self.slopes[k, c]
            out[c] = (db[c] - expected) / self.spread[c]
        return out


def fit_expected(x: NDArray[np.float32], y: NDArray[np.float32]) -> Expected:
    """Ridge regression of decibels (N, C) on colours (N, 9), with little weight for what is far off."""
    slopes, starts, spreads = [], [], []
    centre = x.mean(0)
    z = (x - centre).astype(np.float64)
    for column in y.T.astype(np.float64):
        weight = np.ones(len(z))
        for _ in range(5):
            total = weight.sum()
            z_mean, y_mean = weight @ z / total, weight @ column / total
            moved = z - z_mean
            moment = (moved * weight[:, None]).T @ moved / total + _RIDGE * np.eye(z.shape[1])
            slope = np.linalg.solve(moment, (moved * weight[:, None]).T @ (column - y_mean) / total)
            rest = column - y_mean - moved @ slope
            spread = 1.4826 * float(np.median(np.abs(rest))) + 0.05
            weight = 1.0 / (1.0 + (rest / (1.5 * spread)) ** 2)
        slopes.append(slope)
        starts.append(y_mean - z_mean @ slope)
        spreads.append(spread)
    return Expected(
        centre.astype(np.float32),
        np.stack(slopes, 1).astype(np.float32),
        np.array(starts, np.float32),
        np.array(spreads, np.float32),
    )


@dataclass(frozen=True)
class Evidence:
    """What one window says of the agreement: sums for the regression at every move."""

    squares: NDArray[np.float64]
    """(FOLDS, 9, 9)."""
    products: NDArray[np.float64]
    """(FOLDS, moves, 9)."""
    totals: NDArray[np.float64]
    """(FOLDS, moves) of squared decibels."""
    count: int
    structure: tuple[float, float]
    """Standard deviation of what is fine in the radar, and in L."""


MOVES = [(dy, dx) for dy in range(-SEARCH, SEARCH + 1) for dx in range(-SEARCH, SEARCH + 1)]


def gather(lab: Float32, db: Float32, known: Bool) -> Evidence:
    """The evidence of a window: coarse CIE Lab (3, h, w), decibels (C, h, w), and where both are known (h, w)."""
    weight = known.astype(np.float32)
    y = (db - smooth(db, weight, _COARSE)) * weight
    values = colour_values(lab, smooth(lab, weight, WIDE))
    x = (values - smooth(values, weight, _COARSE)) * weight
    height, width = known.shape
    fold = ((np.arange(height) // 8)[:, None] + (np.arange(width) // 8)[None] * 3) % FOLDS
    moves = MOVES + [(int(a * height), int(b * width)) for a, b in _FAR]
    squares = np.zeros((FOLDS, len(x), len(x)))
    products, totals = np.zeros((FOLDS, len(moves), len(x))), np.zeros((FOLDS, len(moves)))
    order = np.argsort(fold, axis=None, kind="stable")
    ends = np.searchsorted(fold.ravel()[order], np.arange(1, FOLDS))
    parts = np.split(x.reshape(len(x), -1)[:, order].astype(np.float64), ends, axis=1)
    # Bands are followed by the same colours: what they add up to is all that the products need.
    wide = y.astype(np.float64)
    total, power = wide.sum(0), (wide * wide).sum(0)
    moved = np.stack([np.roll(total, move, (0, 1)).ravel()[order] for move in moves])  # (moves, h w)
    for f, (part, there) in enumerate(zip(parts, np.split(moved, ends, axis=1), strict=True)):
        squares[f], products[f] = part @ part.T, there @ part.T
    for m, move in enumerate(moves):
        totals[:, m] = np.add.reduceat(np.roll(power, move, (0, 1)).ravel()[order], [0, *ends])
    n = max(1, int(known.sum()))
    fine = float(np.sqrt((y[0] ** 2).sum() / n))
    light = float(np.sqrt((x[0] ** 2).sum() / n)) * 20.0
    return Evidence(squares, products, totals, n, (fine, light))


def explained(found: Sequence[Evidence], bands: int) -> NDArray[np.float64]:
    """(moves,) share of the fine radar's variance that colours explain on parts left out in turn."""
    squares = np.sum([each.squares for each in found], 0) * bands
    products, totals = (np.sum([getattr(each, name) for each in found], 0) for name in ("products", "totals"))
    count = sum(each.count for each in found)
    size = squares.shape[-1]
    error = np.zeros(totals.shape[1])
    for f in range(FOLDS):
        rest = [k for k in range(FOLDS) if k != f]
        moment = squares[rest].sum(0) + _RIDGE * count * np.eye(size)
        slopes = np.linalg.solve(moment, products[rest].sum(0).T)
        error += totals[f] - 2.0 * np.einsum("mk,km->m", products[f], slopes)
        error += np.einsum("km,kl,lm->m", slopes, squares[f], slopes)
    share: NDArray[np.float64] = 1.0 - error / np.maximum(totals.sum(0), 1e-9)
    return share


def slopes_of(found: Sequence[Evidence], bands: int, move: int) -> NDArray[np.float64]:
    """(9,) what the fine radar follows colours by, over all windows, the picture moved by that of `MOVES`."""
    squares = np.sum([each.squares.sum(0) for each in found], 0) * bands
    products = np.sum([each.products[:, move].sum(0) for each in found], 0)
    count = sum(each.count for each in found)
    slopes: NDArray[np.float64] = np.linalg.solve(squares + _RIDGE * count * np.eye(len(squares)), products)
    return slopes


def has_structure(found: Sequence[Evidence]) -> bool:
    """Whether radar and picture are rich enough to be compared."""
    counts = np.array([each.count for each in found], float)
    fine, light = (np.array([each.structure for each in found]) * counts[:, None]).sum(0) / counts.sum()
    return bool(fine > _LEAST_STRUCTURE[0] and light > _LEAST_STRUCTURE[1])


@dataclass(frozen=True)
class Agreement:
    """Whether a picture shows the ground of a scene, and where it lies."""

    share: float
    """Of the fine radar's variance that it explains."""
    chance: float
    """The most that it explains moved far away."""
    move: tuple[int, int]
    """Coarse rows and columns by which the picture lies too far down and right."""
    judged: bool
    """False where radar or picture is too smooth to tell."""
    least: float = _LEAST
    """What must be explained at least, less the more ground was looked at."""
    distance: float = 0.0
    """Of the share from what it explains moved far away, in spreads of that."""

    @property
    def holds(self) -> bool:
        """Whether the picture may be believed."""
        least = _LEAST_CLEAR if self.distance > _CLEAR else self.least
        return not self.judged or self.share > max(least, 1.5 * self.chance)


def judge(found: Sequence[Evidence], bands: int) -> Agreement:
    """The agreement of one window, or of all of a scene."""
    shares = explained(found, bands)
    near, far = shares[: len(MOVES)], shares[len(MOVES) :]
    here, best = near[MOVES.index((0, 0))], int(near.argmax())
    counts = np.array([each.count for each in found], float)
    gains = near[best] > max(_LEAST_GAIN * here, here + 0.01) and near[best] > max(0.05, 3.0 * far.max())
    around = [share for (down, right), share in zip(MOVES, near, strict=True)
              if max(abs(down - MOVES[best][0]), abs(right - MOVES[best][1])) == 2]  # fmt: skip
    gains = gains and max(around) < _RIDGE_SHARE * near[best]
    move = MOVES[best] if gains and counts.sum() >= _LEAST_COUNT else (0, 0)
    least = float(np.clip(_LEAST * np.sqrt(_USUAL_COUNT / counts.sum()), _LEAST / 5.0, _LEAST))
    share, chance = round(float(near[MOVES.index(move)]), 4), round(float(far.max()), 4)
    distance = round(float((share - far.mean()) / max(1e-6, far.std(ddof=1))), 1)
    return Agreement(share, chance, move, has_structure(found), least, distance)
