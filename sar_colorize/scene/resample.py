"""A raster drawn on another grid by windows: two windows agree to the last bit where they overlap.

    pixel of the target -> position in the source, exact at nodes and interpolated between -> mean of four source pixels

All from absolute positions, which a warp of each window would not promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..raster import Bool, Float32, Window
from .control import Float64

NODE_PX = 16
"""Distance of the pixels at which positions are computed."""
TILE_PX, SOURCE_PX = 256, 2048
"""A window is resampled by squares of at most TILE_PX, about SOURCE_PX of the source, NODE_PX at least."""
MOST_STRETCHED = 20
"""Source pixels for each target pixel, beyond those that its resolution asks for: about 1.5 on the side of a real
scene."""
Positions = Callable[[Float64, Float64], tuple[Float64, Float64]]
"""Rows and columns (n,) of the target to those of the source, both from the outer corner of the first pixel."""
Read = Callable[[Window], tuple[Float32, Bool]]
"""Values (C, height, width) of a window of the source and where they are valid; it may reach outside the source."""


@dataclass(frozen=True)
class Nodes:
    """Source rows and columns at every NODE_PX-th target pixel of a window, which is counted in nodes."""

    window: Window
    rows: Float64
    cols: Float64

    @classmethod
    def of(cls, window: Window, positions: Positions) -> Self:
        """The nodes around a window of the target."""
        around = _node_window(window)
        rows, cols = np.meshgrid(
            np.arange(around.row, around.row + around.height, dtype=np.float64) * NODE_PX,
            np.arange(around.col, around.col + around.width, dtype=np.float64) * NODE_PX,
            indexing="ij",
        )
        at_rows, at_cols = positions(rows.ravel(), cols.ravel())
        return cls(around, at_rows.reshape(around.shape), at_cols.reshape(around.shape))

    def around(self, tile: Window) -> Nodes:
        """Only the nodes around a smaller window."""
        part = _node_window(tile)
        inside = part.within(self.window)
        return Nodes(part, self.rows[inside], self.cols[inside])

    def source_window(self) -> Window:
        """The source pixels under the nodes, with those beside them."""
        top, left = int(np.floor(self.rows.min())) - 2, int(np.floor(self.cols.min())) - 2
        return Window(top, left, int(np.ceil(self.rows.max())) + 2 - top, int(np.ceil(self.cols.max())) + 2 - left)

    def widest(self) -> float:
        """Source pixels that they span along rows or columns, whichever is more; not finite where they are not."""
        with np.errstate(invalid="ignore"):
            return max(float(np.ptp(self.rows)), float(np.ptp(self.cols)))

    def at(self, tile: Window, down: float, right: float) -> tuple[Float64, Float64]:
        """Source rows and columns (height, width) of the points `down`, `right` (0..1) inside each pixel of a tile."""
        y = (np.arange(tile.row, tile.row + tile.height) + down) / NODE_PX
        x = (np.arange(tile.col, tile.col + tile.width) + right) / NODE_PX
        i, j = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
        fy, fx = (y - i)[:, None], (x - j)[None]
        i, j = i - self.window.row, j - self.window.col

        def blend(nodes: Float64) -> Float64:
            along = nodes[:, j] + fx * (nodes[:, j + 1] - nodes[:, j])  # (nodes down, width)
            return along[i] + fy * (along[i + 1] - along[i])

        return blend(self.rows), blend(self.cols)


def _node_window(window: Window) -> Window:
    """The nodes around a window, counted in NODE_PX."""
    row, col = window.row // NODE_PX, window.col // NODE_PX
    bottom, right = -(-(window.row + window.height) // NODE_PX), -(-(window.col + window.width) // NODE_PX)
    return Window(row, col, bottom - row + 1, right - col + 1)


def tile_side(samples_per_side: int) -> int:
    """Side of the squares by which a window is resampled, so that memory is bounded however coarse the target is."""
    return max(NODE_PX, min(TILE_PX, SOURCE_PX // samples_per_side // NODE_PX * NODE_PX))


def tiles_of(window: Window, side: int) -> Iterator[Window]:
    """The squares of a window, cut to it; they are fixed to the target's first pixel."""
    for row in range(window.row // side * side, window.row + window.height, side):
        for col in range(window.col // side * side, window.col + window.width, side):
            yield Window(row, col, side, side).intersect(window)


def resample(
    read: Read, nodes: Nodes, tile: Window, bands: int, source: Window, samples: int = 1
) -> tuple[Float32, Bool] | None:
    """Values and validity of a small window: the mean of its samples, each between four source pixels.

    value = sum(share * value of a source pixel) / sum(share), over valid source pixels; valid where the shares add up
    to at least half.

    Args:
        nodes: around `tile`, or around more. bands: that `read` gives. source: the extent of the source.
        samples: along each side of a pixel.

    Returns:
        (bands, height, width) and (height, width); None where the nodes are torn apart or not finite.
    """
    total = np.zeros((bands, *tile.shape), dtype=np.float32)
    weight = np.zeros(tile.shape, dtype=np.float32)
    if not nodes.widest() <= MOST_STRETCHED * tile_side(samples) * samples:
        return None
    nodes = nodes.around(tile)
    span = nodes.source_window()
    if span.intersect(source).is_empty:
        return total, np.zeros(tile.shape, dtype=bool)
    values, known = read(span)
    if not known.any():
        return total, np.zeros(tile.shape, dtype=bool)
    for i in range(samples):
        for j in range(samples):
            rows, cols = nodes.at(tile, (2 * i + 1) / (2 * samples), (2 * j + 1) / (2 * samples))
            for part, share in _four(values, known, span, rows, cols):
                total += part
                weight += share
    valid = weight >= np.float32(0.5 * samples * samples)
    return np.where(valid, total / np.where(valid, weight, np.float32(1.0)), np.float32(0.0)), valid


def _four(
    values: Float32, valid: Bool, span: Window, rows: Float64, cols: Float64
) -> Iterator[tuple[Float32, Float32]]:
    """The four source pixels around each position: values times share, and share, 0 where invalid.

    `span` is the window of the values, which holds all four: see `Nodes.source_window`.
    """
    y, x = rows - 0.5, cols - 0.5  # from corners to centres
    i, j = np.floor(y), np.floor(x)
    fy, fx = (y - i).astype(np.float32), (x - j).astype(np.float32)
    width = span.width
    first = (i.astype(np.intp) - span.row) * width + (j.astype(np.intp) - span.col)
    flat, known = values.reshape(len(values), -1), valid.ravel().astype(np.float32)
    for offset, share in (
        (0, (1 - fy) * (1 - fx)),
        (1, (1 - fy) * fx),
        (width, fy * (1 - fx)),
        (width + 1, fy * fx),
    ):
        index = first + offset
        share *= known.take(index)
        yield flat.take(index, axis=1) * share, share
