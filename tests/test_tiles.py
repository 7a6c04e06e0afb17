"""The tile grid: every pixel exactly once, or with weights that add up to one constant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sar_colorize.errors import SettingError
from sar_colorize.raster import Window
from sar_colorize.tiles import TileGrid, blocks

grids = st.tuples(st.integers(2, 20), st.integers(0, 10), st.booleans()).map(
    lambda t: TileGrid(2 * t[0], 2 * min(t[1], t[0] // 2), t[2])
)
windows = st.builds(Window, st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 50), st.integers(1, 50))


@settings(max_examples=60, deadline=None)
@given(grids, windows)
def test_the_tiles_of_a_window_cover_each_pixel_evenly(grid: TileGrid, window: Window) -> None:
    total = np.zeros(window.shape)
    weights = grid.weights() if grid.blend else np.ones((grid.tile_px, grid.tile_px))
    for tile in grid.covering(window):
        part = grid.contribution(tile).intersect(window)
        assert not part.is_empty
        total[part.within(window)] += weights[part.within(tile)]
    assert np.ptp(total) == 0
    assert total[0, 0] == ((2 * max(1, grid.overlap_px)) ** 2 if grid.blend else 1)


@settings(max_examples=60, deadline=None)
@given(grids, windows)
def test_the_span_holds_all_tiles_and_no_more(grid: TileGrid, window: Window) -> None:
    span = grid.span(window)
    tiles = list(grid.covering(window))
    assert all(tile.intersect(span) == tile for tile in tiles)
    assert (span.row, span.col) == (tiles[0].row, tiles[0].col)
    assert span.row + span.height == tiles[-1].row + grid.tile_px


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 4))
def test_a_cut_tile_holds_its_core_in_the_scene_and_a_margin_around_it(height: int, width: int, align: int) -> None:
    grid, scene = TileGrid(8 * align, 4 * align, blend=False, align_px=align), Window(0, 0, height, width)
    for tile in grid.covering(scene):
        cut = grid.cut(tile, scene)
        assert (cut.row, cut.col, cut.height % align, cut.width % align) == (tile.row, tile.col, 0, 0)
        needed = grid.contribution(tile).intersect(scene).pad(grid.margin_px)
        assert needed.intersect(cut) == needed
        assert grid.contribution(cut).intersect(scene) == grid.contribution(tile).intersect(scene)
        assert cut.height < needed.height + align
        assert cut.width < needed.width + align
    whole = TileGrid(8, 4, blend=True)
    assert all(whole.cut(tile, scene) == tile for tile in whole.covering(scene))


@given(windows, windows)
def test_two_windows_meet_the_same_tiles(a: Window, b: Window) -> None:
    grid = TileGrid(16, 4, blend=False)
    for tile in grid.covering(a):
        assert (tile.row + 2) % 12 == 0
        assert (tile.col + 2) % 12 == 0
    common = a.intersect(b)
    if not common.is_empty:
        assert set(grid.covering(common)) <= set(grid.covering(a)) & set(grid.covering(b))


@given(windows, st.integers(1, 40))
def test_blocks_cut_a_window_into_each_pixel_once(window: Window, block_px: int) -> None:
    seen = np.zeros(window.shape, int)
    for block in blocks(window, block_px):
        assert block.height <= block_px
        assert block.width <= block_px
        seen[block.within(window)] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((256, 300, False), r"overlap_px=300 must be smaller than tile_px=256; 64 is a good start"),
        ((250, 32, False, 16), r"tile_px must be a positive multiple of 16, got 250"),
        ((256, 24, False, 16), r"overlap_px must be a multiple of 32 for this model, got 24; 32 would do"),
        ((256, 160, True), r"at most half of tile_px=256 where tiles are blended; 64 is a good start"),
        ((0, 0, False), r"tile_px must be a positive multiple of 1, got 0"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TileGrid(*arguments)
