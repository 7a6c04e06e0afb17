"""The global tile grid of a scene: where tiles stand, what each contributes, and how they are blended. Integers only.

Tiles are fixed to the scene's first pixel, never to a block, so that every block computes the same tiles and a window
is the same picture whatever the block size, order or executor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import SettingError
from .raster import Window

MOST_BLOCKS = 1_000_000
"""Of a run: a scene of 25,000 x 17,000 px has 400 of 1024 px. Each takes some hundred bytes before anything is read."""
LEAST_BLOCK_PX, MOST_BLOCK_PX = 64, 1 << 16
LEAST_TILE_PX = 64
MOST_WORK = 64
"""Times that a pixel may be computed because tiles overlap."""


@dataclass(frozen=True)
class TileGrid:
    """Square tiles of `tile_px`, neighbours sharing `overlap_px`.

    With stride = tile_px - overlap_px and margin = overlap_px / 2, tile (i, j) begins at pixel
    (i stride - margin, j stride - margin) and its core, [i stride, (i + 1) stride) on each axis, tiles the plane.

    blend: false keeps the core of each tile (enough where the margin covers the receptive field); true adds up whole
        tiles with weights that fall linearly over the overlap.
    align_px: tiles begin at multiples of it, as networks with strides need.
    """

    tile_px: int
    overlap_px: int
    blend: bool
    align_px: int = 1

    def __post_init__(self) -> None:
        align = self.align_px
        if self.tile_px < 1 or self.tile_px % align:
            raise SettingError(
                f"tile_px must be a positive multiple of {align}, got {self.tile_px}; 512 is a good start"
            )
        if not 0 <= self.overlap_px < self.tile_px:
            raise SettingError(
                f"overlap_px={self.overlap_px} must be smaller than tile_px={self.tile_px}; 64 is a good start"
            )
        if self.overlap_px % (2 * align):
            raise SettingError(
                f"overlap_px must be a multiple of {2 * align} for this model, got {self.overlap_px}; "
                f"{max(1, round(self.overlap_px / (2 * align))) * 2 * align} would do"
            )
        if self.blend and 2 * self.overlap_px > self.tile_px:
            raise SettingError(
                f"overlap_px={self.overlap_px} must be at most half of tile_px={self.tile_px} where tiles are blended; "
                f"{self.tile_px // 4} is a good start"
            )

    @property
    def stride_px(self) -> int:
        """Pixels from one tile to the next."""
        return self.tile_px - self.overlap_px

    @property
    def margin_px(self) -> int:
        """Pixels of a tile on each side of its core."""
        return self.overlap_px // 2

    @property
    def work(self) -> float:
        """How many times each pixel is computed."""
        return (self.tile_px / self.stride_px) ** 2

    def count(self, window: Window) -> int:
        """How many tiles contribute to `window`."""
        return len(self._starts(window.row, window.height)) * len(self._starts(window.col, window.width))

    def span(self, window: Window) -> Window:
        """The smallest window that holds every tile which contributes to `window`."""
        tiles = list(self.covering(window))
        first, last = tiles[0], tiles[-1]
        return Window(first.row, first.col, last.row - first.row + self.tile_px, last.col - first.col + self.tile_px)

    def covering(self, window: Window) -> Iterator[Window]:
        """The tiles that contribute to `window`, row by row; some may reach outside the scene."""
        for row in self._starts(window.row, window.height):
            for col in self._starts(window.col, window.width):
                yield Window(row, col, self.tile_px, self.tile_px)

    def cut(self, tile: Window, scene: Window) -> Window:
        """A tile without what no core needs: the rest beyond a margin behind the scene's last pixel.

        It ends at a multiple of `align_px`. Blended tiles stay whole: they have the same weights everywhere.
        """
        if self.blend:
            return tile
        sides = (scene.height - tile.row + self.margin_px, scene.width - tile.col + self.margin_px)
        height, width = (min(self.tile_px, -(-side // self.align_px) * self.align_px) for side in sides)
        return Window(tile.row, tile.col, height, width)

    def contribution(self, tile: Window) -> Window:
        """The pixels that a tile, cut or not, contributes to: its core, or all of it where tiles are blended."""
        return tile if self.blend else tile.pad(-self.margin_px)

    def weights(self) -> NDArray[np.float32]:
        """(tile_px, tile_px) blending weights, whole numbers; those of all tiles over a pixel add up to a constant.

        On one axis 1, 3, 5, ... over the overlap and 2 overlap_px between, so that two neighbours add up to the same.
        """
        line = np.full(self.tile_px, 2 * max(1, self.overlap_px), dtype=np.float32)
        ramp = 2 * np.arange(self.overlap_px, dtype=np.float32) + 1
        line[: self.overlap_px] = ramp
        line[self.tile_px - self.overlap_px :] = ramp[::-1]
        return np.outer(line, line)

    def _starts(self, first: int, length: int) -> range:
        """Where tiles begin on one axis that contribute to pixels [first, first + length)."""
        reach = self.margin_px if self.blend else 0
        begin = (first - reach) // self.stride_px
        end = (first + length - 1 + reach) // self.stride_px
        return range(begin * self.stride_px - self.margin_px, end * self.stride_px - self.margin_px + 1, self.stride_px)


def count_blocks(window: Window, block_px: int) -> int:
    """How many blocks a window has.

    Raises:
        SettingError: more than MOST_BLOCKS.
    """
    rows, cols = (len(cells) for cells in _cells(window, block_px))
    if rows * cols > MOST_BLOCKS:
        raise SettingError(
            f"blocks of a run must be at most {MOST_BLOCKS:,}, got {rows * cols:,} of {block_px} px; choose a larger "
            "block_px or a smaller bbox"
        )
    return rows * cols


def blocks(window: Window, block_px: int) -> Iterator[Window]:
    """The cells of a global grid of `block_px` that share pixels with `window`, cut to it, row by row."""
    rows, cols = _cells(window, block_px)
    for row in rows:
        for col in cols:
            yield Window(row * block_px, col * block_px, block_px, block_px).intersect(window)


def largest_blocks(window: Window, block_px: int) -> list[Window]:
    """A few blocks of a window, its largest among them, however many there are."""
    rows, cols = (cells[:4] for cells in _cells(window, block_px))
    return [
        Window(row * block_px, col * block_px, block_px, block_px).intersect(window) for row in rows for col in cols
    ]


def _cells(window: Window, block_px: int) -> tuple[range, range]:
    """Row and column numbers of the blocks of a window."""
    return (
        range(window.row // block_px, -(-(window.row + window.height) // block_px)),
        range(window.col // block_px, -(-(window.col + window.width) // block_px)),
    )


def check_block_px(block_px: int) -> None:
    """Refuses a side of blocks that no block can have.

    Raises:
        SettingError: not a whole number, less than 64 or more than 65536.
    """
    check_whole_number("block_px", block_px, most=MOST_BLOCK_PX)
    if block_px is None or block_px < LEAST_BLOCK_PX:
        raise SettingError(f"block_px must be at least {LEAST_BLOCK_PX}, got {block_px}; 1024 is a good start")


def check_whole_number(name: str, value: Any, least: int = -(1 << 31), most: int = 1 << 31) -> None:
    """Refuses what is neither None nor a whole number from `least` to `most`.

    Raises:
        SettingError: text, a fraction, true or false; a number beyond.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(f"{name} must be a whole number, got {value!r}; leave it out for the usual one")
    if not least <= value <= most:
        allowed = f"at least {least}" if value < least else f"at most {most}"
        got = value if abs(value) < 1 << 64 else f"a number of {value.bit_length()} bits"
        raise SettingError(f"{name} must be {allowed}, got {got}; leave it out for the usual one")


def check_tiles(tiles: TileGrid) -> None:
    """Refuses tiles so small, or sharing so much, that a run would not end.

    Raises:
        SettingError: a side under 64 px, or each pixel computed more than MOST_WORK times.
    """
    if tiles.tile_px < LEAST_TILE_PX:
        raise SettingError(f"tile_px must be at least {LEAST_TILE_PX}, got {tiles.tile_px}; leave it out")
    if tiles.work > MOST_WORK:
        raise SettingError(
            f"overlap_px={tiles.overlap_px} must be at most seven eighths of tile_px={tiles.tile_px}, or each pixel is "
            f"computed {tiles.work:.0f} times; leave both out"
        )


def batches(tiles: Sequence[Window], most: int) -> Iterator[list[Window]]:
    """The tiles in batches of one shape."""
    by_shape: dict[tuple[int, int], list[Window]] = {}
    for tile in tiles:
        by_shape.setdefault(tile.shape, []).append(tile)
    for alike in by_shape.values():
        for start in range(0, len(alike), most):
            yield alike[start : start + most]


def mirrored(values: Any, span: Window, tile: Window, scene: Window) -> Any:
    """A tile (C, h, w) of `span`, with what lies beyond the scene replaced by the mirror image of its inside.

    Args:
        values: (C, H, W), numpy or torch.
    """
    inside = tile.intersect(scene)
    part = values[(slice(None), *inside.within(span))]
    if inside == tile:
        return part
    rows = _mirrored(tile.row - inside.row, tile.height, inside.height)
    cols = _mirrored(tile.col - inside.col, tile.width, inside.width)
    return part[:, rows][:, :, cols]


def _mirrored(first: int, count: int, length: int) -> NDArray[np.intp]:
    """Which of `length` pixels stand at `count` places from `first` on, where a line and its mirror image alternate."""
    at = np.arange(first, first + count, dtype=np.intp) % (2 * length)
    return np.minimum(at, 2 * length - 1 - at)
