"""A reference on a scene's grid: the same bits for every window, whatever it is and wherever it ends."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rioxarray
from affine import Affine
from made import TRANSFORM, UTM33
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.shutil import copy
from rasterio.warp import calculate_default_transform, reproject

from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import SettingError
from sar_colorize.raster import Grid, Window
from sar_colorize.reference import warp as module
from sar_colorize.reference.array_picture import picture_of
from sar_colorize.reference.warp import WarpedPicture, warp

MakeTif = Callable[..., Path]
WKT = CRS.from_user_input(UTM33).to_wkt()
SCENE = Grid(300, 340, TRANSFORM, WKT)
WINDOWS = (Window(0, 0, 64, 64), Window(-30, -30, 70, 50), Window(100, 37, 199, 201), Window(17, 255, 3, 5))


def fields(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(3, H, W) uint8: fields of 20 px and a texture."""
    random = np.random.default_rng(seed)
    ground = random.integers(40, 180, (3, height // 20 + 1, width // 20 + 1)).repeat(20, 1).repeat(20, 2)
    return np.clip(ground[:, :height, :width] + random.integers(-9, 10, (3, height, width)), 6, 220).astype(np.uint8)


def with_clouds(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[:, 60:110, 80:150] = np.random.default_rng(1).integers(235, 255, (1, 50, 70))
    return values


def _check_bits(warped: WarpedPicture) -> tuple[np.ndarray, np.ndarray]:
    wide = SCENE.window.pad(40)
    lab, seen = warped.read(wide)
    for window in WINDOWS:
        part, known = pickle.loads(pickle.dumps(warped)).read(window)  # noqa: S301  # made here
        inside = window.within(wide)
        assert np.array_equal(part, lab[:, *inside])
        assert np.array_equal(known, seen[inside])
    inside = SCENE.window.within(wide)
    return lab[:, *inside], seen[inside]


def test_on_its_own_grid_a_reference_is_itself(make_tif: MakeTif) -> None:
    values = with_clouds(fields(300, 340))
    lab, seen = _check_bits(warp(str(make_tif(values)), SCENE))
    expected = np.ones((300, 340), bool)  # to the edge, because the scene ends there too
    expected[57:113, 77:153] = False
    assert np.array_equal(seen, expected)
    assert np.array_equal(lab, np.where(seen, srgb_to_lab(values.astype(np.float32) / np.float32(255)), 0))


@pytest.mark.parametrize("name", ["degrees", "other zone", "coarser", "finer", "rotated"])
def test_any_grid_of_the_place_shows_the_same_ground(make_tif: MakeTif, name: str) -> None:
    values = fields(300, 340)
    path = make_tif(values)
    crs, source = {"degrees": "EPSG:4326", "other zone": "EPSG:32632"}.get(name, UTM33), values
    with rasterio.open(path) as dataset:
        transform, width, height = calculate_default_transform(UTM33, crs, 340, 300, *dataset.bounds)
    if name == "coarser":
        transform, width, height = TRANSFORM @ Affine.scale(3.3), 104, 92
    elif name == "finer":
        transform, width, height = TRANSFORM @ Affine.scale(0.3), 1134, 1000
    elif name == "rotated":
        transform, width, height = TRANSFORM @ Affine.rotation(20), 500, 500
    out = np.zeros((3, height, width), np.uint8)
    reproject(source, out, src_transform=TRANSFORM, src_crs=UTM33, dst_transform=transform, dst_crs=crs,
              resampling=Resampling.average if name == "coarser" else Resampling.nearest)  # fmt: skip
    other = make_tif(out, "other.tif", crs=crs, transform=transform, nodata=0)
    lab, seen = _check_bits(warp(str(other), SCENE))
    assert seen[20:-20, 20:-20].mean() > (0.5 if name == "rotated" else 0.99)
    middles = np.zeros((300, 340), bool)
    middles[10::20, 10::20] = True  # the middles of fields
    truth = srgb_to_lab(values.astype(np.float32) / np.float32(255))
    error = np.abs(lab - truth)[:, seen & middles].mean()
    assert error < (5.0 if name == "coarser" else 3.0)  # the texture alone is 3


def test_nodata_alpha_and_masks_hide_the_ground_and_what_is_beside(make_tif: MakeTif) -> None:
    values = fields(300, 340)
    hole = np.ones((300, 340), bool)
    hole[100:140, 200:260] = False
    expected = np.ones((300, 340), bool)
    expected[97:143, 197:263] = False
    nodata = make_tif(np.where(hole, values, 77), "nodata.tif", nodata=77)
    alpha = make_tif(
        np.concatenate([values, np.where(hole, 255, 0)[None].astype(np.uint8)]), "alpha.tif",
        colorinterp=[ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha],
    )  # fmt: skip
    masked = make_tif(values, "masked.tif", mask=hole)
    floats = np.where(hole, values / np.float32(1000), np.float32(np.nan)).astype(np.float32)
    for path in (nodata, alpha, masked, make_tif(floats, "nan.tif")):
        _, seen = _check_bits(warp(str(path), SCENE))
        assert np.array_equal(seen, expected), path.name


def test_beside_its_edge_inside_the_scene_a_reference_shows_nothing(make_tif: MakeTif) -> None:
    _, seen = _check_bits(warp(str(make_tif(fields(300, 200))), SCENE))
    expected = np.zeros((300, 340), bool)
    expected[:, :197] = True
    assert np.array_equal(seen, expected)


def test_a_white_roof_and_a_dark_pond_are_ground_and_a_cloud_is_not(make_tif: MakeTif) -> None:
    values = fields(300, 340)
    values[:, 50:54, 60:70] = 250
    values[:, 80:84, 60:63] = 1
    values[:, 200:211, 100:111] = 250
    _, seen = warp(str(make_tif(values)), SCENE).read(SCENE.window)
    assert seen[40:90, 50:80].all()
    assert not seen[197:214, 97:114].any()


def test_reflectance_with_sentinel_2s_offset_is_that_without(make_tif: MakeTif) -> None:
    random = np.random.default_rng(3)
    land = (random.uniform(250, 2500, (3, 300, 340))).astype(np.uint16)
    plain = warp(str(make_tif(land, "plain.tif")), SCENE)
    raised = warp(str(make_tif(land + 1000, "raised.tif")), SCENE)
    assert raised.picture.offset.dn == -1000.0
    assert np.abs(plain.read(SCENE.window)[0] - raised.read(SCENE.window)[0]).max() < 1e-3


def test_a_dataarray_shows_what_its_file_shows(make_tif: MakeTif) -> None:
    path = make_tif(with_clouds(fields(200, 240)), transform=TRANSFORM @ Affine.translation(50.4, 30.7), nodata=0)
    lab, seen = warp(str(path), SCENE).read(SCENE.window)
    for array in (
        rioxarray.open_rasterio(path),
        rioxarray.open_rasterio(path, chunks=64),
        rioxarray.open_rasterio(path).transpose("y", "x", "band"),
        rioxarray.open_rasterio(path, masked=True),
    ):
        made, known = _check_bits(warp(picture_of(array), SCENE))
        assert np.array_equal(made, lab)
        assert np.array_equal(known, seen)


def test_a_much_finer_reference_is_read_from_its_overviews(make_tif: MakeTif, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Grid(30, 34, TRANSFORM @ Affine.scale(10.0), WKT)
    path = make_tif(fields(300, 340) // 8 + np.linspace(40, 180, 340).astype(np.uint8))
    plain = warp(str(path), scene)
    copy(path, path.with_name("cog.tif"), driver="COG", BLOCKSIZE=128, OVERVIEW_RESAMPLING="AVERAGE")
    with rasterio.open(path.with_name("cog.tif")) as dataset:
        assert dataset.overviews(1) == [2, 4]
    cog = warp(str(path.with_name("cog.tif")), scene)
    assert (plain.overview, cog.overview) == (None, 1)
    inner = (slice(None), slice(4, -4), slice(4, -4))
    assert np.abs(plain.read(scene.window)[0][inner] - cog.read(scene.window)[0][inner]).mean() < 1.0
    monkeypatch.setattr(module, "MOST_FINER", 5)
    with pytest.raises(SettingError, match=r"reference must be at most 5 times finer than the scene, got 10 times in "):
        warp(str(path), scene)


def test_a_window_is_read_in_bounded_memory(make_tif: MakeTif, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Grid(30, 34, TRANSFORM @ Affine.scale(30.0), WKT)
    monkeypatch.setattr("sar_colorize.scene.resample.SOURCE_PX", 480)
    warped, widest = warp(str(make_tif(fields(900, 1020))), scene), 0
    read = WarpedPicture._read_source

    def counted(self: WarpedPicture, window: Window) -> tuple[np.ndarray, np.ndarray]:
        nonlocal widest
        widest = max(widest, *window.shape)
        return read(self, window)

    monkeypatch.setattr(WarpedPicture, "_read_source", counted)
    warped.read(scene.window)
    assert 480 <= widest < 700


def test_threads_read_one_reference_each_with_its_own_handle(make_tif: MakeTif) -> None:
    warped = warp(str(make_tif(fields(300, 340))), SCENE)
    whole, _ = warped.read(SCENE.window)
    with ThreadPoolExecutor(4) as pool:
        for window, (lab, _) in zip(WINDOWS[2:] * 8, pool.map(warped.read, WINDOWS[2:] * 8), strict=True):
            assert np.array_equal(lab, whole[:, *window.within(SCENE.window)])


def test_what_cannot_lie_under_the_scene_is_refused(make_tif: MakeTif) -> None:
    values = fields(100, 100)
    lost = make_tif(values, "lost.tif", crs=None, transform=None)
    far = make_tif(values, "far.tif", transform=TRANSFORM @ Affine.translation(20000, 0))
    for source, grid, words in (
        (
            far,
            SCENE,
            r"reference must overlap the scene, got .*far\.tif, which lies elsewhere; choose one of the place",
        ),
        (lost, SCENE, r"georeference and so must the scene, got 100 x 100 px for 340 x 300, and .*lost\.tif has none"),
        (far, Grid(100, 100), r"georeference and so must the scene, got 100 x 100 px .*, and the scene has none; give"),
        (lost, Grid(100, 99), r"georeference and so must the scene, .* or a raster of its size without one"),
    ):
        with pytest.raises(SettingError, match=words):
            warp(str(source), grid)
    _, seen = warp(str(lost), Grid(100, 100)).read(Window(0, 0, 100, 100))
    assert seen.all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda array: array[0], r"reference must have the dimensions \(band, y, x\) and a pixel, got \('y', 'x'\)"),
        (lambda array: array[:, :0], r"reference must have the dimensions .* of \(3, 0, 340\)"),
        (lambda array: array[:2], r"reference must have bands named red, green and blue, .*got 2 in array"),
        (lambda array: array + 1j, r"reference must hold real numbers, got complex ones"),
        (lambda array: array.astype("float32") * np.nan, r"reference must show ground, got only nodata in array"),
    ],
)
def test_a_dataarray_that_is_no_picture_is_refused(make_tif: MakeTif, change: Callable, words: str) -> None:
    with rioxarray.open_rasterio(make_tif(fields(300, 340))) as array, pytest.raises(SettingError, match=words):
        warp(picture_of(change(array)), SCENE)
