"""Palettes: of a picture, guessed from the map, or the average one, each with a note of where it comes from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from made import TRANSFORM, UTM33
from rasterio.errors import NotGeoreferencedWarning

from sar_colorize.color import render_reflectance, srgb_to_lab
from sar_colorize.errors import SettingError
from sar_colorize.palette.choose import choose_palette
from sar_colorize.palette.moments import Moments
from sar_colorize.palette.palette import GUESSED, MEASURED, UNKNOWN, UNKNOWN_PALETTE
from sar_colorize.raster import Grid

GREEN, BROWN = (60, 100, 50), (150, 120, 80)


def _wkt(crs: str) -> str:
    from rasterio.crs import CRS

    return str(CRS.from_user_input(crs).to_wkt())


@pytest.fixture
def grid() -> Grid:
    """200 x 100 px of 10 m in UTM 33."""
    return Grid(100, 200, TRANSFORM, _wkt(UTM33))


def _lab(colour: tuple[int, int, int]) -> np.ndarray:
    return srgb_to_lab(np.array(colour, np.float32).reshape(3, 1, 1) / np.float32(255))[:, 0, 0]


def _fields(height: int = 100, width: int = 200) -> np.ndarray:
    """Green in the west half, brown in the east."""
    values = np.empty((3, height, width), np.uint8)
    values[:, :, : width // 2] = np.array(GREEN)[:, None, None]
    values[:, :, width // 2 :] = np.array(BROWN)[:, None, None]
    return values


def test_a_picture_of_the_same_ground_gives_its_mean_and_spread(make_tif: Callable[..., Path], grid: Grid) -> None:
    palette = choose_palette(str(make_tif(_fields())), grid)
    green, brown = _lab(GREEN), _lab(BROWN)
    assert palette.mean == pytest.approx((green + brown) / 2, abs=0.01)
    assert palette.spread == pytest.approx(np.abs(green - brown) / 2, abs=0.01)
    assert palette.correlation[0] == pytest.approx(np.sign((green - brown)[0] * (green - brown)[1]), abs=0.01)
    assert palette.trust == MEASURED
    assert "the part over the scene, 100% of the scene" in palette.note
    assert "8-bit picture as it is" in palette.note


def test_only_the_ground_of_the_scene_counts(make_tif: Callable[..., Path]) -> None:
    west = Grid(100, 100, TRANSFORM, _wkt(UTM33))
    palette = choose_palette(str(make_tif(_fields())), west)
    assert palette.mean == pytest.approx(_lab(GREEN), abs=0.01)
    assert palette.spread == pytest.approx((0, 0, 0), abs=0.01)


def test_another_crs_and_resolution_give_the_same_palette(make_tif: Callable[..., Path], grid: Grid) -> None:
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    left, top = TRANSFORM @ (0, 0)
    right, bottom = TRANSFORM @ (200, 100)
    transform, width, height = calculate_default_transform(
        UTM33, "EPSG:4326", 200, 100, left, bottom, right, top, resolution=0.0003
    )
    warped = np.zeros((3, height, width), np.uint8)
    reproject(
        _fields(), warped, src_transform=TRANSFORM, src_crs=UTM33, dst_transform=transform, dst_crs="EPSG:4326",
        resampling=Resampling.nearest,
    )  # fmt: skip
    palette = choose_palette(str(make_tif(warped, crs="EPSG:4326", transform=transform, nodata=0)), grid)
    assert palette.mean == pytest.approx((_lab(GREEN) + _lab(BROWN)) / 2, abs=1.0)


@pytest.mark.parametrize(
    ("factor", "dtype", "words"),
    [(1.0, np.float32, r"reflectance 0\.\.1,"), (10000.0, np.uint16, r"reflectance 0\.\.10000")],
)
def test_reflectance_is_rendered_as_the_networks_learned_it(
    make_tif: Callable[..., Path], grid: Grid, factor: float, dtype: type, words: str
) -> None:
    reflectance = np.array([0.04, 0.06, 0.03], np.float32)
    values = np.broadcast_to(reflectance[:, None, None] * factor, (3, 100, 200)).astype(dtype)
    palette = choose_palette(str(make_tif(values)), grid)
    expected = srgb_to_lab(render_reflectance(reflectance.reshape(3, 1, 1)))[:, 0, 0]
    assert palette.mean == pytest.approx(expected, abs=0.1)
    assert re.search(words, palette.note)


def test_bands_are_found_by_their_names(make_tif: Callable[..., Path], grid: Grid) -> None:
    red, green, blue = _fields()
    other = np.full_like(red, 200)
    path = make_tif(np.stack([blue, green, red, other, other]), names=("B02", "B03", "B04", "B08", "B11"))
    assert choose_palette(str(path), grid).mean == pytest.approx((_lab(GREEN) + _lab(BROWN)) / 2, abs=0.01)


def test_clouds_nodata_black_and_extremes_count_for_nothing(make_tif: Callable[..., Path], grid: Grid) -> None:
    values = np.empty((3, 100, 200), np.uint8)
    values[:] = np.array(GREEN)[:, None, None]
    values[:, :40] = 245  # cloud
    values[:, 40:50] = 0  # beyond the picture
    values[:, 50:60] = 77  # nodata
    values[:, 99, 199] = (255, 0, 255)  # an outlier
    palette = choose_palette(str(make_tif(values, nodata=77)), grid)
    assert palette.mean == pytest.approx(_lab(GREEN), abs=0.01)


def test_a_picture_nearby_is_used_whole_and_the_note_says_how_far_it_lies(
    make_tif: Callable[..., Path], grid: Grid
) -> None:
    near = make_tif(_fields(), transform=TRANSFORM @ Affine.translation(3000, 0))
    palette = choose_palette(str(near), grid)
    assert palette.mean == pytest.approx((_lab(GREEN) + _lab(BROWN)) / 2, abs=0.01)
    assert "all of it, 30 km from the scene" in palette.note


def test_a_picture_without_a_georeference_is_used_whole_and_the_note_says_so(
    make_tif: Callable[..., Path], grid: Grid
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        palette = choose_palette(str(make_tif(_fields(), crs=None, transform=None)), grid)
    assert "all of it, because it has no georeference" in palette.note
    assert palette.mean == pytest.approx((_lab(GREEN) + _lab(BROWN)) / 2, abs=0.01)


def test_what_cannot_be_a_palette_is_refused(make_tif: Callable[..., Path], grid: Grid, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    far = make_tif(_fields(), "far.tif", transform=TRANSFORM @ Affine.translation(50000, 0))
    white = make_tif(np.full((3, 100, 200), 250, np.uint8), "white.tif")
    two = make_tif(np.full((2, 100, 200), 90, np.uint8), "two.tif")
    for path, words in (
        (
            tmp_path / "nowhere.tif",
            r"must be auto, none or an optical raster, got .*nowhere\.tif, which",
        ),
        (tmp_path / "text.tif", r"must be a raster that GDAL reads, got .*text\.tif"),
        (far, r"must lie within 200 km of the scene, got 49\d km in .*far\.tif"),
        (white, r"must show ground, got only nodata, black or white cloud"),
        (two, r"must have bands named red, green and blue, or 3, 4, 10, 12, 13 of them, got 2"),
    ):
        with pytest.raises(SettingError, match=words):
            choose_palette(str(path), grid)


def test_the_map_knows_deserts_from_forests() -> None:
    def at(longitude: float, latitude: float) -> tuple[float, float, float]:
        place = Grid(10, 10, Affine(0.01, 0, longitude - 0.05, 0, -0.01, latitude + 0.05), _wkt("EPSG:4326"))
        palette = choose_palette("auto", place)
        assert palette.trust == GUESSED
        return palette.mean

    assert at(10.0, 25.0)[1] > 0
    assert at(22.0, 0.5)[1] < -5


def test_a_scene_without_a_georeference_gets_the_average_palette_and_the_note_says_so() -> None:
    palette = choose_palette("auto", Grid(10, 10))
    assert palette.trust == UNKNOWN
    assert palette.mean == UNKNOWN_PALETTE.mean
    assert "no georeference" in palette.note


def test_none_is_the_average_palette_wherever_the_scene_lies(grid: Grid) -> None:
    assert choose_palette("none", grid).mean == UNKNOWN_PALETTE.mean


def test_moments_of_two_grounds_add_up_to_those_of_both() -> None:
    random = np.random.default_rng(0)
    lab, valid = random.normal(20, 5, (3, 40, 40)).astype(np.float32), random.random((40, 40)) > 0.3
    left, right = (Moments.of(lab[:, :, part], valid[:, part]) for part in (slice(0, 10), slice(10, 40)))
    together = Moments.total([left, right]).palette()
    assert together is not None
    assert together.mean == pytest.approx(lab[:, valid].mean(1), abs=1e-3)
    assert together.spread == pytest.approx(lab[:, valid].std(1), abs=1e-3)
    assert together.correlation[1] == pytest.approx(np.corrcoef(lab[0, valid], lab[2, valid])[0, 1], abs=1e-3)
    assert Moments.of(lab, np.zeros((40, 40), bool)).palette() is None
