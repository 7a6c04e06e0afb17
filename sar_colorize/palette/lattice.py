"""Numbers that vary smoothly over a scene: known at nodes that are fixed to it, bilinear between them.

A window gets the same bits whatever it is part of: each number depends on its place in the scene alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..position import middle_of, place_in
from ..raster import Grid, Window

Array = NDArray[np.float64]
CELL_PX = 8
"""Side of the squares over which the numbers are constant."""
STEP_DEGREES = 0.25
"""Least distance of two nodes: the width of a cell of land cover in `world`."""
MOST_NODES = 16
"""Along a side."""


@dataclass(frozen=True)
class Lattice:
    """Numbers at nodes: in even steps from edge to edge of a scene, or in the middle of a side that has one.

    height, width: of the scene, pixels. rows, columns: of nodes. values: of each node, row by row.
    """

    height: int
    width: int
    rows: int
    columns: int
    values: tuple[tuple[float, ...], ...]

    def over(self, window: Window) -> Array:
        """(P, h / CELL_PX, w / CELL_PX) over a window on multiples of CELL_PX; beyond the scene as at its edge."""
        known = np.array(self.values).T.reshape(-1, self.rows, self.columns)
        known = _between(known, 1, _steps(window.row, window.height, self.height, self.rows))
        return _between(known, 2, _steps(window.col, window.width, self.width, self.columns))


def _steps(first: int, length: int, whole: int, nodes: int) -> Array:
    """Where squares along one side lie, counted in nodes."""
    middle = first + CELL_PX * (np.arange(length // CELL_PX) + 0.5)
    return np.clip(middle / whole, 0.0, 1.0) * (nodes - 1)


def _between(values: Array, axis: int, at: Array) -> Array:
    """Linear between the nodes along an axis."""
    before = np.minimum(at.astype(int), max(values.shape[axis] - 2, 0))
    behind = np.minimum(before + 1, values.shape[axis] - 1)
    share = (at - before).reshape(-1, *[1] * (2 - axis))
    found: Array = values.take(before, axis) * (1.0 - share) + values.take(behind, axis) * share
    return found


class Nodes(NamedTuple):
    """The nodes of a `Lattice` before anything is known there."""

    height: int
    width: int
    rows: int
    columns: int
    places: tuple[tuple[float, float], ...]
    """Longitude and latitude of each, degrees, row by row."""

    def lattice(self, values: Iterable[tuple[float, ...]]) -> Lattice:
        """Numbers at each of them."""
        return Lattice(*self[:4], tuple(values))


def nodes_of(grid: Grid) -> Nodes | None:
    """The nodes of a scene; None for one that is smaller than one step, or that has a node without a position."""
    rows, columns = (_count(grid, along_rows=each) for each in (True, False))
    if rows * columns == 1:
        return None
    places = [place_in(grid, x, y) for y in _spread(grid.height, rows) for x in _spread(grid.width, columns)]
    known = tuple(place for place in places if place is not None)
    return Nodes(*grid.window.shape, rows, columns, known) if len(known) == len(places) else None


def _spread(side: int, nodes: int) -> list[float]:
    return [side / 2.0] if nodes == 1 else [side * number / (nodes - 1) for number in range(nodes)]


def _count(grid: Grid, *, along_rows: bool) -> int:
    """Nodes along a side, from the distance between the scene's middle and the middle of the other side."""
    middle = middle_of(grid)
    edge = place_in(grid, grid.width / 2.0, 0.0) if along_rows else place_in(grid, 0.0, grid.height / 2.0)
    if middle is None or edge is None:
        return 1
    east = (edge[0] - middle[0] + 180.0) % 360.0 - 180.0
    degrees = 2.0 * np.hypot(east * np.cos(np.radians(middle[1])), edge[1] - middle[1])
    return min(1 + int(degrees / STEP_DEGREES), MOST_NODES)
