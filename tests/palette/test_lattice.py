"""Numbers at nodes of a large scene, and how the kinds of ground differ between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from affine import Affine
from rasterio.crs import CRS

from sar_colorize.backscatter import DB_RANGES
from sar_colorize.models.ground_kinds import told_picture
from sar_colorize.palette.difference import difference, numbers_of
from sar_colorize.palette.from_radar import RadarGround, ground_kinds
from sar_colorize.palette.lattice import CELL_PX, MOST_NODES, Lattice, nodes_of
from sar_colorize.palette.palette import UNKNOWN_PALETTE, GroundKinds
from sar_colorize.palette.world import expect
from sar_colorize.raster import Grid, Window

BANDS = ("VV", "VH")
WHOLE = Window(0, 0, 640, 480)
COAST, DESERT = expect(-118.4, 33.7), expect(-116.2, 34.8)


def _grid(degrees: float, height: int = 640, width: int = 480, north: float = 35.0) -> Grid:
    transform = Affine(degrees, 0.0, -119.0, 0.0, -degrees, north)
    return Grid(height, width, transform, CRS.from_epsg(4326).to_wkt())


def test_a_plane_is_exact_between_nodes_and_at_its_edge_beyond_them() -> None:
    values = tuple((100.0 * row + 10.0 * column, 7.0) for row in range(3) for column in range(2))
    found = Lattice(640, 480, 3, 2, values).over(Window(-64, -64, 768, 640))
    rows, columns = (CELL_PX * (np.arange(length // CELL_PX) + 0.5) - 64.0 for length in (768, 640))
    wanted = 100.0 * np.clip(rows / 320.0, 0, 2)[:, None] + 10.0 * np.clip(columns / 480.0, 0, 1)
    np.testing.assert_allclose(found[0], wanted, atol=1e-9)
    np.testing.assert_allclose(found[1], 7.0, atol=1e-12)


def test_a_window_has_the_bits_of_the_whole() -> None:
    random = np.random.default_rng(0).uniform(-50.0, 50.0, (20, 3))
    lattice = Lattice(640, 480, 4, 5, tuple(map(tuple, random.tolist())))
    whole = lattice.over(WHOLE)
    for part in (Window(96, 32, 160, 224), Window(320, 448, 32, 32)):
        rows, columns = (
            slice(first // CELL_PX, (first + length) // CELL_PX)
            for first, length in ((part.row, part.height), (part.col, part.width))
        )
        assert np.array_equal(lattice.over(part), whole[:, rows, columns])


def test_nodes_stand_a_quarter_of_a_degree_apart_or_more() -> None:
    nodes = nodes_of(_grid(0.0025, north=0.8))  # 1.6 by 1.2 degrees at the equator
    assert nodes is not None
    assert (nodes.rows, nodes.columns) == (7, 5)
    assert nodes.places[0] == pytest.approx((-119.0, 0.8))
    assert nodes.places[-1] == pytest.approx((-117.8, -0.8))
    assert nodes_of(_grid(0.0025, north=70.0)).columns == 2  # type: ignore[union-attr]  # degrees are short there


def test_a_side_that_is_short_has_one_node_in_its_middle() -> None:
    nodes = nodes_of(_grid(0.001, height=640, width=100))
    assert nodes is not None
    assert (nodes.rows, nodes.columns) == (3, 1)
    assert nodes.places[1] == pytest.approx((-118.95, 34.68))
    assert np.ptp(nodes.lattice([(0.0,), (1.0,), (2.0,)]).over(WHOLE), 2).max() == 0.0


@pytest.mark.parametrize("grid", [_grid(0.0003), Grid(640, 480), Grid(640, 480, Affine.scale(10.0), None)])
def test_a_small_scene_or_one_without_a_place_has_no_nodes(grid: Grid) -> None:
    assert nodes_of(grid) is None


def test_even_a_picture_of_the_world_has_few_nodes() -> None:
    nodes = nodes_of(_grid(0.25, 640, 1440, 80.0))
    assert nodes is not None
    assert (nodes.rows, nodes.columns) == (MOST_NODES, MOST_NODES)


def _large(bands: tuple[str, ...] = BANDS) -> GroundKinds:
    """The mean of two places, the one in the west of the scene and the other in the east."""
    ranges = {band: DB_RANGES[band] for band in bands}
    west, east = (ground_kinds(each, bands, ranges) for each in (COAST, DESERT))
    return replace(ground_kinds(expect(-117.3, 34.2), bands, ranges),
                   lattice=Lattice(640, 480, 1, 2, (numbers_of(west), numbers_of(east))))  # fmt: skip


@pytest.mark.parametrize("bands", [BANDS, ("VH",)])
@pytest.mark.parametrize("own", [False, True])
def test_at_a_node_ground_is_told_as_if_its_expectation_were_that_of_the_scene(
    bands: tuple[str, ...], own: bool
) -> None:
    lightness = torch.tensor(np.random.default_rng(0).uniform(5.0, 95.0, (1, len(bands), 64, 64)).astype(np.float32))
    large, ranges = replace(_large(bands), own_lightness=own), {band: DB_RANGES[band] for band in bands}
    for expected, column in ((COAST, -1024), (DESERT, 1024)):
        beside = difference(large, Window(64, column, 64, 64))
        assert beside is not None
        made = told_picture(large, lightness, torch.from_numpy(beside)[None])
        there = replace(ground_kinds(expected, bands, ranges), own_lightness=own, off=large.off)  # one for a scene
        alone = told_picture(there, lightness)
        np.testing.assert_allclose(made.kinds, alone.kinds, atol=0.001)
        if own:  # the radar's own L is brought to the brightness of the whole scene, and colour follows it
            continue
        np.testing.assert_allclose(made.error, alone.error, atol=0.01)
        np.testing.assert_allclose(made.lab, alone.lab, atol=0.02)
        assert float((made.lab - told_picture(large, lightness).lab).abs().mean()) > 0.3


def test_between_two_places_colours_change_by_little_from_square_to_square() -> None:
    lightness = torch.full((1, 2, 64, 480), 45.0)
    beside = difference(_large(), Window(0, 0, 64, 480))
    assert beside is not None
    lab = told_picture(_large(), lightness, torch.from_numpy(beside)[None]).lab[0, :, 32].numpy()
    apart = np.abs(lab[:, -1] - lab[:, 0]).max()
    assert apart > 3.0
    assert np.abs(lab[:, 1:] - lab[:, :-1]).max() < 0.1 * apart  # 60 squares


def test_the_note_says_that_the_expectation_varies_and_the_record_leaves_out_its_numbers() -> None:
    found = RadarGround(BANDS, 7)
    db = np.full((2, 64, 64), -11.0, np.float32) + np.array([[[0.0]], [[-7.0]]], np.float32)
    for place in ((-118.9, 34.9), (-117.9, 33.5)):
        found.add(db, np.ones((64, 64), bool), place)
    palette = found.palette(UNKNOWN_PALETTE, DB_RANGES, nodes_of(_grid(0.0025)))
    assert "What is expected varies over the scene (7 x 4 places); the legend gives the mean." in palette.note
    assert palette.ground is not None
    assert palette.ground.lattice is not None
    assert sum(palette.ground.seen) == pytest.approx(1.0, abs=0.001)
    assert palette.record["ground"]["lattice"] == {"height": 640, "width": 480, "rows": 7, "columns": 4}
    assert "varies over the scene" not in found.palette(UNKNOWN_PALETTE, DB_RANGES).note
