"""Rasters on disk: values, validity, grids and every way of saying nodata."""

from __future__ import annotations

import pickle
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import TRANSFORM, speckled

from sar_colorize.errors import SceneError, UnreadableError
from sar_colorize.raster import Grid, Unit, Window
from sar_colorize.scene import open_scene
from sar_colorize.scene.scene import sample_step, sample_windows

MakeTif = Callable[..., Path]


def test_a_window_holds_the_values_of_the_file_and_is_invalid_outside(make_tif: MakeTif) -> None:
    values = speckled(200, 300)
    scene = open_scene(make_tif(values, nodata=np.nan))
    raster = scene.read(Window(-10, 280, 50, 40))
    assert raster.valid[10:, :20].all()
    assert raster.valid.sum() == 40 * 20
    assert np.array_equal(raster.values[0, 10:, :20], values[:40, 280:])
    assert (raster.values[0, ~raster.valid] == 0).all()


def _invalid() -> np.ndarray:
    invalid = np.zeros((150, 160), bool)
    invalid[20:50, 30:90] = True
    invalid[0, 0] = True
    return invalid


@pytest.mark.parametrize("kind", ["value", "nan", "nan undeclared", "inf", "mask", "alpha", "option"])
def test_nodata_is_found_in_each_way_of_saying_it(make_tif: MakeTif, kind: str) -> None:
    invalid, values, option = _invalid(), speckled(150, 160), None
    if kind in ("value", "option"):
        values[invalid] = -9999
        option = -9999.0 if kind == "option" else None
        path = make_tif(values, tags={"UNITS": "dB"}, nodata=-9999 if kind == "value" else None)
    elif kind in ("nan", "nan undeclared", "inf"):
        values[invalid] = np.inf if kind == "inf" else np.nan
        path = make_tif(values, nodata=np.nan if kind == "nan" else None)
    elif kind == "mask":
        path = make_tif(values, mask=~invalid)
    else:
        from rasterio.enums import ColorInterp

        alpha = np.where(invalid, 0, 255).astype(np.float32)
        path = make_tif(np.stack([values, alpha]), colorinterp=[ColorInterp.gray, ColorInterp.alpha])
    scene = open_scene(path, nodata=option)
    said = {"value": "nodata value -9999", "nan": "nodata value nan", "mask": "mask band", "alpha": "alpha band",
            "option": "value -9999 given by the user"}.get(kind, "not finite")  # fmt: skip
    assert said in scene.validity
    assert scene.bands == ("VV",)
    assert np.array_equal(scene.read(scene.grid.window).valid, ~invalid)


def test_a_pixel_is_valid_only_where_every_band_in_use_is(make_tif: MakeTif) -> None:
    values = np.stack([speckled(64, 64), speckled(64, 64, median_db=-18)])
    values[0, 5, 5] = np.nan
    values[1, 9, 9] = np.nan
    scene = open_scene(make_tif(values, names=("VV", "VH"), nodata=np.nan))
    assert np.argwhere(~scene.read(scene.grid.window).valid).tolist() == [[5, 5], [9, 9]]
    assert np.argwhere(~scene.select("VV").read(scene.grid.window).valid).tolist() == [[5, 5]]


def test_scale_and_offset_of_the_file_are_applied(make_tif: MakeTif) -> None:
    path = make_tif(np.full((64, 64), -1250, np.int16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.01,), (0.5,)
    scene = open_scene(path)
    assert scene.unit is Unit.DB
    assert scene.read(Window(0, 0, 2, 2)).values.ravel().tolist() == [-12.0] * 4


@pytest.mark.parametrize(
    "transform",
    [
        TRANSFORM,
        Affine.translation(500000, 5e6) @ Affine.rotation(17) @ Affine.scale(10, -10),
        Affine(1e-4, 0, 92, 0, 1e-4, 26),
    ],
    ids=["north up", "rotated", "south up"],
)
def test_the_grid_is_the_files_own(make_tif: MakeTif, transform: Affine) -> None:
    path = make_tif(speckled(64, 80), transform=transform)
    scene = open_scene(path)
    with rasterio.open(path) as dataset:
        assert scene.grid.transform == dataset.transform
        assert rasterio.crs.CRS.from_wkt(scene.grid.crs_wkt) == dataset.crs
    assert any("rotated" in note for note in scene.notes) == bool(transform.b)


def test_a_raster_without_crs_opens_and_says_so(make_tif: MakeTif) -> None:
    scene = open_scene(make_tif(speckled(64, 64), crs=None, transform=None))
    assert scene.grid.crs_wkt is None
    assert scene.grid.transform is None
    assert scene.notes == ("no CRS: the picture will have none either",)


def test_a_zip_that_holds_one_raster_opens_in_place(make_tif: MakeTif, tmp_path: Path) -> None:
    values = speckled(64, 64)
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.write(make_tif(values), "inner/scene_vh_db.tif")
    scene = open_scene(tmp_path / "one.zip")
    assert scene.bands == ("VH",)
    assert np.array_equal(scene.read(scene.grid.window).values[0], values)
    assert np.array_equal(
        open_scene(f"/vsizip/{tmp_path}/one.zip/inner/scene_vh_db.tif").read(Window(0, 0, 9, 9)).values[0],
        values[:9, :9],
    )


def test_a_remote_path_is_left_to_gdal() -> None:
    with pytest.raises(UnreadableError, match=r"got https://nowhere.invalid/scene.tif"):
        open_scene("https://nowhere.invalid/scene.tif")


def test_a_scene_reads_alike_from_many_threads_and_after_pickling(make_tif: MakeTif) -> None:
    values = speckled(256, 256)
    scene = pickle.loads(pickle.dumps(open_scene(make_tif(values, nodata=np.nan))))  # noqa: S301  # our own bytes
    found: list[bool] = []

    def check(offset: int) -> None:
        part = scene.read(Window(offset, offset, 100, 100)).values[0]
        found.append(np.array_equal(part, values[offset : offset + 100, offset : offset + 100]))

    threads = [threading.Thread(target=check, args=(offset,)) for offset in range(0, 150, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 15


def test_samples_are_bounded_and_lie_inside(make_tif: MakeTif) -> None:
    scene = open_scene(make_tif(speckled(700, 300), nodata=np.nan))
    windows = list(sample_windows(scene.grid, scene.block_shape))
    assert 0 < len(windows) <= 64
    assert all(window.intersect(scene.grid.window) == window for window in windows)
    assert windows == list(sample_windows(scene.grid, scene.block_shape))


@pytest.mark.parametrize("side_px", [1, 64, 5_000])
def test_samples_of_a_strip_are_as_few_as_of_any_scene_and_reach_both_ends(side_px: int) -> None:
    """Of a strip of 2,000,000 rows there were 1,414, which took 800 MB and 16 s."""
    length = 2_000_000
    for grid, along in ((Grid(length, side_px), "row"), (Grid(side_px, length), "col")):
        windows = list(sample_windows(grid, (512, 512)))
        assert 32 <= len(windows) <= 64
        places = sorted(getattr(window, along) for window in windows)
        assert places[0] < 0.1 * length
        assert places[-1] > 0.9 * length


def test_of_a_large_sample_few_values_are_kept_and_of_a_small_one_all() -> None:
    """To open a large scene took 1.5 GB for its distribution."""
    assert sample_step([Window(0, 0, 512, 512)] * 8) == 1
    assert sample_step([Window(0, 0, 512, 512)] * 64) == 8


def test_truncated_data_is_one_sentence_that_names_the_file(make_tif: MakeTif) -> None:
    path = make_tif(speckled(600, 600), compress="deflate", nodata=np.nan, tags={"UNITS": "dB"}, names=("VV",))
    path.write_bytes(path.read_bytes()[:-400_000])
    with pytest.raises(UnreadableError, match=rf"got {path} \(.*\); if it is truncated"):  # noqa: PT012  # either may raise
        scene = open_scene(path)
        scene.read(scene.grid.window)


def test_a_real_patch_has_the_declared_unit_and_levels(real_patch: Path) -> None:
    scene = open_scene(real_patch)
    assert (scene.bands, scene.unit) == (("VV", "VH"), Unit.DB)
    vv, vh = (np.median(band) for band in scene.read(scene.grid.window).values)
    assert -16 < vv < -8
    assert -24 < vh < -13


def test_complex_values_are_refused(make_tif: MakeTif) -> None:
    with pytest.raises(SceneError, match="detected intensity, got complex values"):
        open_scene(make_tif(np.ones((32, 32), np.complex64), tiled=False, blockxsize=None, blockysize=None))
