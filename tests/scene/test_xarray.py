"""Scenes as lazy arrays and back, with rioxarray as the judge of the conventions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rioxarray
import xarray
from made import speckled

from sar_colorize.errors import SceneError
from sar_colorize.raster import Unit, Window
from sar_colorize.scene import open_scene


def test_a_scene_as_an_array_equals_rioxarrays_own_reading(scene_with_holes: Path) -> None:
    ours = open_scene(scene_with_holes).to_xarray()
    theirs = rioxarray.open_rasterio(scene_with_holes, masked=True)
    assert isinstance(theirs, xarray.DataArray)
    assert ours.rio.crs == theirs.rio.crs
    assert ours.rio.transform() == theirs.rio.transform()
    assert np.array_equal(ours.x, theirs.x)
    assert np.array_equal(ours.y, theirs.y)
    both = np.isfinite(theirs.values).all(axis=0)
    assert np.array_equal(np.isfinite(ours.values[0]), both)
    assert np.array_equal(ours.values[:, both], theirs.values[:, both])
    theirs.close()


def test_chunks_are_whole_blocks_of_the_file_and_nothing_is_read_yet(make_tif: Callable[..., Path]) -> None:
    path = make_tif(speckled(1500, 2300), blockxsize=256, blockysize=256)
    array = open_scene(path).to_xarray()
    assert array.chunks == ((1,), (1024, 476), (1024, 1024, 252))
    path.unlink()  # the header was read, the pixels were not


def test_an_array_is_a_scene_with_the_same_windows(scene_with_holes: Path) -> None:
    scene = open_scene(scene_with_holes)
    again = open_scene(scene.to_xarray())
    assert (again.bands, again.unit, again.grid) == (scene.bands, scene.unit, scene.grid)
    window = Window(-5, 300, 250, 500)
    assert np.array_equal(again.read(window).valid, scene.read(window).valid)
    assert np.array_equal(again.read(window).values, scene.read(window).values)


def test_a_relative_scale_survives_the_round_trip(make_tif: Callable[..., Path]) -> None:
    scene = open_scene(make_tif(np.full((64, 64), 100, np.uint16)))
    assert scene.declaration.absolute is False
    assert open_scene(scene.to_xarray()).declaration.absolute is False


def test_plain_arrays_need_no_crs_and_take_their_nodata_from_rioxarray() -> None:
    values = speckled(40, 50)
    values[3, 4] = -999
    array = xarray.DataArray(values, dims=("y", "x"), name="vh_db").rio.write_nodata(-999)
    scene = open_scene(array)
    assert (scene.bands, scene.unit, scene.grid.crs_wkt) == (("VH",), Unit.DB, None)
    assert np.argwhere(~scene.read(scene.grid.window).valid).tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (xarray.DataArray(np.ones(5), dims="x"), r"must have the dimensions \(y, x\) or \(band, y, x\), got \('x',\)"),
        (xarray.DataArray(np.ones((4, 4), complex), dims=("y", "x")), "detected intensity, got complex values"),
    ],
)
def test_what_is_no_scene_is_refused(array: xarray.DataArray, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        open_scene(array)


@pytest.mark.parametrize(
    "part",
    [
        (0,), (-1, 5), (slice(None), -1), (1, 3, 4), (0, slice(3, 90, 7), slice(60, None, 3)), (0, slice(9, 2, -2)),
    ],
)  # fmt: skip
def test_one_band_one_row_and_one_column_can_be_chosen(make_tif: Callable[..., Path], part: tuple[object, ...]) -> None:
    values = np.random.default_rng(0).normal(-12, 3, (2, 100, 130)).astype(np.float32)
    array = open_scene(make_tif(values, names=("VV", "VH"), tags={"UNITS": "dB"})).to_xarray()
    assert np.array_equal(array[part].values, values[part])
