"""Where in a scene its reference shows the ground: a product lies right on plains, and kilometres off on mountains.

Asked where the reference holds as a whole (`agreement`). What its colours lead one to expect over the scene is held
against the radar around each of the windows it was judged by. Of 432 windows of 256 x 256 pixels of three places, taken
with their neighbours, the radar followed by 0.4 to 0.7 of what was expected at least (1st to 5th percentile), where the
picture was moved by 16 pixels or more by -0.1 to 0.2 (median) and 0.4 at most (95th).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..raster import Float32
from .agreement import MOVES, Evidence, has_structure, slopes_of

FOLLOWS = (0.25, 0.4)
"""Shares of what is expected between which a window is believed: the radar follows it, or does not."""
_MOST_DOUBTFUL = 0.25
"""Spread of that share at places far away from which on nothing can be said."""


@dataclass(frozen=True)
class Belief:
    """How far the reference is believed around points on rows and columns of the scene, and linearly between them."""

    rows: Float32
    """(R,) pixels, rising."""
    cols: Float32
    """(C,) pixels, rising."""
    share: Float32
    """(R, C) 0..1."""

    def of(self, row: int, col: int, shape: tuple[int, int]) -> Float32:
        """(H, W) of a window with its first pixel there; beyond the outer points as at them."""
        above, below, down = _between(self.rows, row, shape[0])
        left, right, along = _between(self.cols, col, shape[1])
        lines = self.share[above] + down[:, None] * (self.share[below] - self.share[above])
        share: Float32 = lines[:, left] + along * (lines[:, right] - lines[:, left])
        return share

    @property
    def lost(self) -> float:
        """The share of the points at which the reference is not believed, 0..1."""
        return float((self.share < 0.5).mean())


def _between(points: Float32, start: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float32]:
    """(count,) each: for pixels from a first one on, the points before and behind them, and how far between these."""
    at = np.interp(np.arange(start, start + count), points, np.arange(len(points)))
    before = at.astype(np.intp)
    return before, np.minimum(before + 1, len(points) - 1), (at - before).astype(np.float32)


def believe(
    found: Sequence[Evidence], middles: Sequence[tuple[int, int]], move: tuple[int, int], bands: int
) -> Belief | None:
    """How far the reference is believed in each part of a scene; None where it is everywhere.

    Args:
        found: of windows spread over the scene. middles: row and column of the middle of each.
        move: see `Agreement.move`. bands: how many the radar has.
    """
    slopes = slopes_of(found, bands, MOVES.index(move))
    rows, cols = (sorted({middle[axis] for middle in middles}) for axis in (0, 1))
    sums = np.zeros((len(rows), len(cols), 1 + len(found[0].totals[0])))
    for each, (row, col) in zip(found, middles, strict=True):
        if has_structure([each]):
            along = each.products.sum(0) @ slopes
            whole = slopes @ each.squares.sum(0) @ slopes * bands
            sums[rows.index(row), cols.index(col)] = [whole, *along]
    wide = np.pad(sums, ((1, 1), (1, 1), (0, 0)))
    height, width = sums.shape[:2]
    near = np.sum([wide[i : i + height, j : j + width] for i in range(3) for j in range(3)], 0)
    follows, doubt = _follows(near, move)
    low, high = FOLLOWS
    share = np.clip((follows - low) / (high - low), 0.0, 1.0)
    share = np.where(doubt > _MOST_DOUBTFUL, 1.0, share)
    if share.min() >= 1.0:
        return None
    return Belief(*(np.array(each, np.float32) for each in (rows, cols, share)))


def _follows(sums: NDArray[np.float64], move: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By how much the radar follows what is expected, and the spread of that at places far away."""
    whole, along = sums[..., 0], sums[..., 1:]
    share = along / np.maximum(whole, 1e-9)[..., None]
    far = share[..., len(MOVES) :]
    doubt = np.where(whole > 1e-6, np.sqrt((far**2).mean(-1)), np.inf)
    return share[..., MOVES.index(move)], doubt
