"""Another raster on a scene's grid: the same bits whatever the window, averaged where it is finer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from affine import Affine
from made import TRANSFORM, UTM33
from rasterio.crs import CRS
from rasterio.warp import transform_bounds

from sar_colorize.raster import Bool, Float32, Grid, Window
from sar_colorize.scene.alignment import Alignment
from sar_colorize.scene.resample import Read

WKT = CRS.from_user_input(UTM33).to_wkt()
DEGREES = CRS.from_epsg(4326).to_wkt()
SCENE = Grid(300, 340, TRANSFORM, WKT)


def reader(values: np.ndarray, valid: np.ndarray | None = None) -> Read:
    """Reads windows of an array (C, H, W), also beyond its edges."""
    known = np.ones(values.shape[1:], bool) if valid is None else valid
    whole = Window(0, 0, *known.shape)

    def read(window: Window) -> tuple[Float32, Bool]:
        out, seen = np.zeros((len(values), *window.shape), np.float32), np.zeros(window.shape, bool)
        inside = window.intersect(whole)
        if not inside.is_empty:
            here, there = inside.within(window), inside.within(whole)
            out[:, *here], seen[here] = values[:, *there] * known[there], known[there]
        return out, seen

    return read


def in_degrees(height: int, width: int) -> Grid:
    """A grid of so many pixels over the scene and a little more, in longitude and latitude."""
    west, south, east, north = transform_bounds(WKT, DEGREES, 499800.0, 4996800.0, 503600.0, 5000200.0)
    step = (east - west) / width, (north - south) / height
    return Grid(height, width, Affine(step[0], 0, west, 0, -step[1], north), DEGREES)


@pytest.mark.parametrize(
    "source",
    [
        Grid(300, 340, TRANSFORM, WKT),
        Grid(200, 150, TRANSFORM @ Affine.translation(40, -20), WKT),
        Grid(200, 150, TRANSFORM @ Affine.translation(40.3, -20.7), WKT),
        Grid(80, 90, TRANSFORM @ Affine.scale(4.7), WKT),
        Grid(900, 950, TRANSFORM @ Affine.scale(0.37), WKT),
        in_degrees(260, 300),
        in_degrees(1100, 1300),
    ],
    ids=["same", "shifted by pixels", "shifted", "coarser", "finer", "degrees", "finer degrees"],
)
def test_any_window_has_the_bits_of_the_whole(source: Grid) -> None:
    random = np.random.default_rng(1)
    values = random.uniform(0, 255, (3, *source.window.shape)).astype(np.float32)
    read = reader(values, random.random(source.window.shape) > 0.1)
    wide = SCENE.window.pad(40)
    whole, seen = Alignment(SCENE, source).read(read, wide, 3)
    assert 0.1 < seen.mean() < 1.0
    other = pickle.loads(pickle.dumps(Alignment(SCENE, source)))  # noqa: S301  # made here
    for window in (Window(0, 0, 64, 64), Window(-40, -40, 77, 50), Window(100, 37, 199, 201), Window(17, 255, 3, 5)):
        part, known = other.read(read, window, 3)
        inside = window.within(wide)
        assert np.array_equal(part, whole[:, *inside])
        assert np.array_equal(known, seen[inside])


def test_grids_that_agree_are_read_pixel_on_pixel() -> None:
    values = np.random.default_rng(2).uniform(0, 255, (1, 200, 150)).astype(np.float32)
    alignment = Alignment(SCENE, Grid(200, 150, TRANSFORM @ Affine.translation(40, -20), WKT))
    assert alignment.shift == (20, -40)
    assert alignment.overlap.intersect(Window(0, 40, 180, 150)) == Window(0, 40, 180, 150)
    made, seen = alignment.read(reader(values), SCENE.window, 1)
    assert np.array_equal(made[0, :180, 40:190], values[0, 20:])
    assert seen.sum() == 180 * 150
    assert Alignment(SCENE, Grid(200, 150, TRANSFORM @ Affine.translation(40.01, -20), WKT)).shift is None


def test_positions_in_another_crs_are_those_of_proj() -> None:
    source = in_degrees(400, 500)
    row, col = np.mgrid[0:400, 0:500]
    values = np.stack([row, col]).astype(np.float32)
    made, seen = Alignment(SCENE, source).read(reader(values), SCENE.window, 2)
    assert seen.all()
    y, x = np.mgrid[0:300, 0:340] + 0.5
    rows, cols = Alignment(SCENE, source).positions(y.ravel(), x.ravel())
    assert np.abs(made[0].ravel() - (rows - 0.5)).max() < 0.01
    assert np.abs(made[1].ravel() - (cols - 0.5)).max() < 0.01


def test_a_finer_source_is_averaged_and_a_coarser_one_interpolated() -> None:
    stripes = np.where(np.arange(1700)[None, None] % 2, 200.0, 100.0).astype(np.float32) * np.ones((1, 1500, 1))
    fine = Alignment(SCENE, Grid(1500, 1700, TRANSFORM @ Affine.scale(0.2), WKT))
    assert fine.finer == pytest.approx(5.0)
    made, seen = fine.read(reader(stripes.astype(np.float32)), SCENE.window, 1)
    assert seen.all()
    assert np.unique(made).tolist() == [140.0, 160.0]  # three of one and two of the other
    ramp = np.arange(60, dtype=np.float32)[None, None] * np.ones((1, 60, 1), np.float32)
    coarse = Alignment(SCENE, Grid(60, 60, TRANSFORM @ Affine.scale(10.0), WKT))
    made, _ = coarse.read(reader(ramp), Window(0, 100, 1, 3), 1)
    assert made.ravel() == pytest.approx([9.55, 9.65, 9.75], abs=1e-4)


def test_a_mean_counts_valid_pixels_and_needs_half_of_them() -> None:
    valid = np.ones((40, 40), bool)
    valid[0:4, 0:3], valid[0:2, 4:6], valid[0, 4] = False, False, False
    values = np.full((1, 40, 40), 7.0, np.float32)
    alignment = Alignment(Grid(10, 10, TRANSFORM, WKT), Grid(40, 40, TRANSFORM @ Affine.scale(0.25), WKT))
    made, seen = alignment.read(reader(values, valid), Window(0, 0, 1, 2), 1)
    assert seen.tolist() == [[False, True]]
    assert made.ravel().tolist() == [0.0, 7.0]


def test_the_overlap_is_found_in_any_crs_and_where_there_is_none() -> None:
    part = Alignment(SCENE, Grid(50, 60, TRANSFORM @ Affine.translation(200, 100), WKT)).overlap
    exact = Window(100, 200, 50, 60)
    assert part.intersect(exact) == exact
    assert part.height <= exact.height + 16
    tiny = Alignment(Grid(20000, 20000, TRANSFORM, WKT), Grid(30, 30, TRANSFORM @ Affine.translation(777, 5555), WKT))
    assert tiny.overlap.intersect(Window(5555, 777, 30, 30)) == Window(5555, 777, 30, 30)
    assert Alignment(SCENE, in_degrees(40, 50)).overlap == SCENE.window
    assert Alignment(SCENE, Grid(50, 60, TRANSFORM @ Affine.translation(-80, 0), WKT)).overlap.is_empty
    far = Grid(50, 60, Affine(0.1, 0, -75.0, 0, -0.1, 10.0), DEGREES)
    assert Alignment(SCENE, far).overlap.is_empty


def test_a_picture_of_the_whole_earth_lies_under_the_scene() -> None:
    earth = Grid(180, 360, Affine(1.0, 0, -180.0, 0, -1.0, 90.0), DEGREES)
    values = np.arange(360, dtype=np.float32)[None, None] * np.ones((1, 180, 1), np.float32)
    alignment = Alignment(SCENE, earth)
    assert alignment.overlap == SCENE.window
    made, seen = alignment.read(reader(values), SCENE.window, 1)
    assert seen.all()
    assert made.mean() == pytest.approx(194.5, abs=0.1)  # 15 degrees east, between two pixels


def test_without_a_georeference_only_the_same_size_is_possible() -> None:
    assert Alignment(Grid(300, 340), Grid(300, 340)).is_possible
    assert Alignment(Grid(300, 340), Grid(300, 340)).shift == (0, 0)
    assert not Alignment(Grid(300, 340), Grid(300, 341)).is_possible
    assert not Alignment(SCENE, Grid(300, 340)).is_possible
    assert not Alignment(Grid(300, 340), SCENE).is_possible
