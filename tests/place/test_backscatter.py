"""Colours by backscatter: where a reference shows the ground of the scene, radar tells where else its colours are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made import TRANSFORM

from sar_colorize.color import srgb_to_lab
from sar_colorize.colorizer import ColorizeSettings, prepare
from sar_colorize.models.by_place import by_backscatter
from sar_colorize.palette import LEVELS, Backscatter
from sar_colorize.scene import open_scene

FOREST, SAND = (40, 80, 40), (220, 190, 140)


def test_a_cell_holds_the_mean_of_its_pixels_drawn_to_the_palette_as_by_300_pixels() -> None:
    found = Backscatter()
    lightness = np.stack([np.full((100, 100), 30.0), np.full((100, 100), 60.0)]).astype(np.float32)
    lab = np.stack([np.full((100, 100), value) for value in (50.0, -10.0, 20.0)]).astype(np.float32)
    valid = np.zeros((100, 100), bool)
    valid[:60] = True
    found.add(lightness, (0, 1), lab, valid)
    table = np.array(found.table((40.0, 0.0, 0.0)))
    assert table.shape == (3, LEVELS, LEVELS)
    # L of VV 30 is in step 2, of VH 60 in step 4; 6000 pixels beside the 300 of the prior.
    assert table[:, 2, 4] == pytest.approx(np.array([10, -10, 20]) * 6000 / 6300, abs=0.01)
    assert np.count_nonzero(table) == 3


@pytest.mark.parametrize(("channel", "axis"), [(0, 2), (1, 1)])
def test_of_a_band_that_is_not_there_all_steps_are_alike(channel: int, axis: int) -> None:
    found = Backscatter()
    lightness = np.linspace(0, 100, 10000, dtype=np.float32).reshape(1, 100, 100)
    lab = np.concatenate([lightness, lightness, -lightness])
    found.add(lightness, (channel,), lab, np.ones((100, 100), bool))
    table = np.array(found.table((50.0, 50.0, -50.0)))
    assert np.ptp(table, axis=axis).max() == 0
    assert (np.diff(table[0].max(axis - 1)) > 5).all()


def test_too_little_common_ground_gives_no_table() -> None:
    found = Backscatter()
    found.add(np.full((1, 50, 50), 40.0, np.float32), (0,), np.zeros((3, 50, 50), np.float32), np.ones((50, 50), bool))
    assert found.table((0.0, 0.0, 0.0)) is None


def test_the_table_is_looked_up_between_the_middles_of_its_cells() -> None:
    table = torch.zeros(3, LEVELS, LEVELS)
    table[0] = torch.arange(8.0)[:, None]  # by VV
    table[1] = torch.arange(8.0)[None]  # by VH
    for vv, vh, expected in ((6.25, 6.25, (0, 0)), (50.0, 6.25, (3.5, 0)), (6.25, 93.75, (0, 7)), (100.0, 0.0, (7, 0))):
        lightness = torch.tensor([vv, vh])[None, :, None, None].expand(1, 2, 8, 8) / 50.0 - 1.0
        away = by_backscatter(table, lightness)
        assert away.shape == (1, 3, 2, 2)
        assert away[0, :2, 0, 0].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def coast(make_tif: Callable[..., Path]) -> tuple[Path, Path]:
    """400 x 400 px of radar, bright forest in the north, dark sand in the south; a picture of the west half alone."""
    random = np.random.default_rng(0)
    north = np.arange(400)[:, None] < 200
    speckle = 10 * np.log10(random.gamma(4.4, 1 / 4.4, (2, 400, 400)))
    radar = np.stack([np.where(north, -7.0, -18.0), np.where(north, -12.0, -26.0)]) + speckle
    rgb = np.where(north, np.array(FOREST)[:, None, None], np.array(SAND)[:, None, None])
    west = np.broadcast_to(rgb, (3, 400, 200)).astype(np.uint8)
    scene = make_tif(radar.astype(np.float32), names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"})
    return scene, make_tif(west, "west.tif", transform=TRANSFORM)


@pytest.mark.parametrize("bands", [("VV", "VH"), ("VV",), ("VH",)])
def test_ground_beyond_the_reference_gets_the_colours_of_its_backscatter(
    coast: tuple[Path, Path], placed_weights: Path, bands: tuple[str, ...]
) -> None:
    scene = open_scene(coast[0]).select(*bands)
    scene, colorizer = prepare(scene, ColorizeSettings(str(placed_weights), palette=str(coast[1])))
    assert "Colours by backscatter from" in colorizer.palette.note  # type: ignore[union-attr]
    east = srgb_to_lab(colorizer.block(scene, scene.grid.window).values[:, :, 210:] / np.float32(255))
    forest, sand = (
        srgb_to_lab(np.array(c, np.float32).reshape(3, 1, 1) / np.float32(255))[:, 0, 0] for c in (FOREST, SAND)
    )
    found = east[:, 230:].mean((1, 2)) - east[:, :170].mean((1, 2))
    # Whatever the untrained network adds: sand is to the south, redder and not darker than the forest.
    assert found[1] == pytest.approx((sand - forest)[1], rel=0.25)
    assert found[0] > 0


def test_without_common_ground_there_is_no_table_and_blocks_stay_pure(
    coast: tuple[Path, Path], placed_weights: Path
) -> None:
    chosen = ColorizeSettings(str(placed_weights), palette=str(coast[1]))
    scene, colorizer = prepare(open_scene(coast[0]), chosen)
    whole = colorizer.block(scene, scene.grid.window).values
    part = replace(scene.grid.window, row=100, col=150, height=90, width=170)
    assert np.array_equal(colorizer.block(scene, part).values, whole[:, 100:190, 150:320])
    _, none = prepare(open_scene(coast[0]), replace(chosen, palette="none"))
    assert none.palette.table is None  # type: ignore[union-attr]
