"""Any optical raster as sRGB on a grid."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import TRANSFORM, UTM33

from sar_colorize.color import render_reflectance, srgb_to_lab
from sar_colorize.errors import SettingError
from sar_colorize.raster import Grid
from sar_colorize.reference.picture import REFLECTANCE, REFLECTANCE_E4, look_at, reference_on

WKT = rasterio.crs.CRS.from_user_input(UTM33).to_wkt()


def colours(height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(2).integers(40, 200, (3, height, width)).astype(np.uint8)


def test_on_its_own_grid_a_picture_is_itself(make_tif: Callable[..., Path]) -> None:
    values = colours()
    values[:, 3, 4], values[:, 5, 6] = 0, 255
    lab, shown = reference_on(str(make_tif(values)), Grid(40, 60, TRANSFORM, WKT))
    assert (lab == srgb_to_lab(values.astype(np.float32) / np.float32(255))).all()
    expected = np.ones((40, 60), bool)
    expected[3, 4] = expected[5, 6] = False
    assert (shown == expected).all()


def test_beyond_the_picture_nothing_is_shown(make_tif: Callable[..., Path]) -> None:
    half = Grid(40, 60, TRANSFORM @ Affine.translation(30, 0), WKT)
    _, shown = reference_on(str(make_tif(colours())), half)
    assert shown[:, :29].all()
    assert not shown[:, 30:].any()


def test_each_window_is_read_by_what_all_of_the_file_is(make_tif: Callable[..., Path]) -> None:
    values = np.full((3, 40, 60), 600, np.uint16)
    values[:, :20, :20] = 2  # alone, it might be reflectance 0..1
    picture = look_at(str(make_tif(values)))
    assert picture.kind == REFLECTANCE_E4
    rgb, _ = picture.on(Grid(20, 20, TRANSFORM, WKT))
    assert rgb.max() == pytest.approx(render_reflectance(np.float32(2e-4)), abs=1e-6)


def test_a_rasters_own_scale_is_applied(make_tif: Callable[..., Path]) -> None:
    path = make_tif(np.full((3, 40, 60), 9000, np.uint16))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = [2.75e-5] * 3, [-0.2] * 3  # Landsat Collection 2
    picture = look_at(str(path))
    assert picture.kind == REFLECTANCE
    rgb, _ = picture.on(Grid(40, 60, TRANSFORM, WKT))
    assert rgb == pytest.approx(float(render_reflectance(np.float32(9000 * 2.75e-5 - 0.2))), abs=1e-5)


def test_a_file_that_was_written_anew_is_looked_at_anew(make_tif: Callable[..., Path]) -> None:
    path = make_tif(np.full((3, 40, 60), 0.2, np.float32))
    assert look_at(str(path)).kind == REFLECTANCE
    make_tif(np.full((3, 40, 60), 2000.0, np.float32))
    os.utime(path, ns=(1, 1))
    assert look_at(str(path)).kind == REFLECTANCE_E4


def test_a_large_picture_is_thinned_not_averaged(make_tif: Callable[..., Path]) -> None:
    from rasterio.windows import Window

    values = np.where(np.arange(2100)[None, None] % 3 == 0, 90, 200) * np.ones((3, 30, 1))
    path = make_tif(values.astype(np.uint8))
    with rasterio.open(path) as source:
        rgb, seen = look_at(str(path)).thinned(source, Window(0, 0, 2100, 30))
    assert rgb.shape == (3, 30, 1024)
    assert seen.all()
    assert set(np.rint(np.unique(rgb) * 255)) == {90, 200}


def test_what_is_no_optical_raster_is_refused(make_tif: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    empty = make_tif(np.full((3, 40, 60), np.nan, np.float32), "empty.tif")
    two = make_tif(np.full((2, 40, 60), 90, np.uint8), "two.tif")
    for path, words in (
        (tmp_path / "nowhere.tif", r"reference must be an optical raster, got .*nowhere\.tif, which does not exist"),
        (tmp_path / "text.tif", r"reference must be a raster that GDAL reads, got .*text\.tif"),
        (empty, r"reference must show ground, got only nodata in .*empty\.tif"),
        (two, r"reference must have bands named red, green and blue, or 3, 4, 10, 12, 13 of them, got 2"),
    ):
        with pytest.raises(SettingError, match=words):
            look_at(str(path))


def test_a_pipe_in_the_place_of_a_picture_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(SettingError, match=r"reference must be a file, got .*pipe\.tif', a pipe or a device"):
        look_at(str(tmp_path / "pipe.tif"))
