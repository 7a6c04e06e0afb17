"""Path to path, array to array: what is written is what was asked for, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import rio_cogeo
import rioxarray
import shapely
import torch
import xarray
from made import UTM33, shared_scene, speckled

import sar_colorize as sc
from sar_colorize.errors import OutputError, SettingError, UnitError


@pytest.mark.parametrize("model", ["bounded_weights", "blended_weights", "composite"])
@pytest.mark.parametrize("profile", ["deflate", "zstd", "webp", "jpeg"])
def test_the_output_is_a_valid_cog_on_the_inputs_grid_with_its_mask(
    scene_with_holes: Path, tmp_path: Path, request: pytest.FixtureRequest, model: str, profile: str
) -> None:
    chosen = model if model == "composite" else str(request.getfixturevalue(model))
    sc.colorize(scene_with_holes, tmp_path / "colour.tif", model=chosen, profile=profile, block_px=256)
    valid, errors, warnings = rio_cogeo.cog_validate(tmp_path / "colour.tif", strict=True)
    assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(tmp_path / "colour.tif") as ours, rasterio.open(scene_with_holes) as theirs:
        assert (ours.crs, ours.transform, ours.shape) == (theirs.crs, theirs.transform, theirs.shape)
        assert (ours.count, ours.dtypes[0], ours.nodata) == (3, "uint8", None)
        assert np.array_equal(ours.dataset_mask() > 0, np.isfinite(theirs.read()).all(axis=0))


def test_the_tags_say_what_made_it(scene_with_holes: Path, tmp_path: Path, bounded_weights: Path) -> None:
    result = sc.colorize(scene_with_holes, tmp_path / "colour.tif", model=str(bounded_weights))
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        tags = dataset.tags()
    assert "predicted from radar backscatter, not measured" in tags["SAR_COLORIZE_NOTICE"]
    assert tags["SAR_COLORIZE_MODEL"] == "random"
    assert tags["SAR_COLORIZE_WEIGHTS_SHA256"] == result.weights_sha256
    assert len(result.weights_sha256) == 64
    assert tags["SAR_COLORIZE_SOURCE"] == str(scene_with_holes)
    assert json.loads(tags["SAR_COLORIZE_SETTINGS"])["filter"] == "lee"
    assert result.to_dict()["bands"] == ("VV",)
    json.dumps(result.to_dict())


def test_the_lazy_picture_equals_the_one_on_disk(scene_with_holes: Path, tmp_path: Path, bounded_weights: Path) -> None:
    lazy = sc.colorize(sc.open_scene(scene_with_holes).to_xarray(), model=str(bounded_weights), block_px=256)
    assert isinstance(lazy, xarray.DataArray)
    assert lazy.chunks == ((4,), (256, 256, 88), (256, 256, 188))
    assert lazy.band.values.tolist() == ["red", "green", "blue", "alpha"]
    sc.colorize(scene_with_holes, tmp_path / "colour.tif", model=str(bounded_weights))
    disk = rioxarray.open_rasterio(tmp_path / "colour.tif")
    assert isinstance(disk, xarray.DataArray)
    assert (lazy.rio.crs, lazy.rio.transform()) == (disk.rio.crs, disk.rio.transform())
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert np.array_equal(lazy[:3].values, dataset.read())
        assert np.array_equal(lazy[3].values, dataset.dataset_mask())
    disk.close()


def test_a_part_of_the_lazy_picture_is_computed_from_its_own_blocks_only(
    scene_with_holes: Path, bounded_weights: Path
) -> None:
    lazy = sc.colorize(scene_with_holes, model=str(bounded_weights), block_px=128)
    part = lazy[:, 300:340, 400:420]
    assert len(part.data.optimize().dask if hasattr(part.data, "optimize") else []) < 30
    assert part.compute().shape == (4, 40, 20)


def test_a_box_is_cut_out_of_the_same_picture(scene_with_holes: Path, tmp_path: Path, bounded_weights: Path) -> None:
    sc.colorize(scene_with_holes, tmp_path / "all.tif", model=str(bounded_weights))
    sc.colorize(
        scene_with_holes, tmp_path / "box.tif", model=str(bounded_weights), bbox=(502000, 4995500, 504500, 4997000)
    )
    with rasterio.open(tmp_path / "all.tif") as whole, rasterio.open(tmp_path / "box.tif") as box:
        window = rasterio.windows.from_bounds(*box.bounds, transform=whole.transform)
        assert box.shape == (150, 250)
        assert np.array_equal(whole.read(window=window), box.read())
        assert np.array_equal(whole.dataset_mask(window=window), box.dataset_mask())


def test_outside_the_area_pixels_are_invalid_and_inside_nothing_changes(
    scene_with_holes: Path, tmp_path: Path, bounded_weights: Path
) -> None:
    disc = shapely.Point(503003, 4997004).buffer(900)
    geopandas.GeoSeries([disc], crs=UTM33).to_crs("EPSG:4326").to_file(tmp_path / "disc.gpkg")
    sc.colorize(scene_with_holes, tmp_path / "all.tif", model=str(bounded_weights))
    sc.colorize(scene_with_holes, tmp_path / "disc.tif", model=str(bounded_weights), aoi=str(tmp_path / "disc.gpkg"))
    with rasterio.open(tmp_path / "all.tif") as whole, rasterio.open(tmp_path / "disc.tif") as part:
        inside = rasterio.features.geometry_mask([disc], whole.shape, whole.transform, invert=True)
        expected = (whole.dataset_mask() > 0) & inside
        valid = part.dataset_mask() > 0
        assert (valid != expected).sum() <= 2  # rounding of the reprojected outline
        assert np.array_equal(part.read()[:, valid], whole.read()[:, valid])


def test_a_dry_run_writes_nothing_and_says_what_would_be_done(scene_with_holes: Path, tmp_path: Path) -> None:
    result = sc.colorize(scene_with_holes, tmp_path / "no.tif", model="composite", dry_run=True, block_px=256)
    assert (result.output, result.blocks, result.unit, result.model) == (None, 9, "db", "composite")
    assert list(tmp_path.glob("no*")) == []


def test_progress_counts_blocks(scene_with_holes: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sc.colorize(
        scene_with_holes,
        tmp_path / "c.tif",
        model="composite",
        block_px=256,
        on_progress=lambda *done: seen.append(done),
    )
    assert seen == [(i, 9) for i in range(10)]


def test_a_scene_without_crs_is_colorized_without_one(make_tif: Callable[..., Path], tmp_path: Path) -> None:
    path = make_tif(speckled(200, 200), crs=None, transform=None, nodata=np.nan)
    result = sc.colorize(path, tmp_path / "colour.tif", model="composite")
    assert result.notes == ("no CRS: the picture will have none either",)
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert dataset.crs is None


def test_despeckled_rasters_keep_unit_bands_grid_and_mask(scene_with_holes: Path, tmp_path: Path) -> None:
    sc.despeckle(scene_with_holes, tmp_path / "smooth.tif", filter="lee", size=7, block_px=256)
    with rasterio.open(tmp_path / "smooth.tif") as ours, rasterio.open(scene_with_holes) as theirs:
        before, after = theirs.read(), ours.read()
        assert (ours.crs, ours.transform, ours.descriptions, ours.dtypes) == (
            theirs.crs, theirs.transform, ("VV", "VH"), ("float32", "float32"),
        )  # fmt: skip
    valid = np.isfinite(before).all(axis=0)
    assert np.array_equal(np.isfinite(after).all(axis=0), valid)
    assert after[0][valid].mean() == pytest.approx(before[0][valid].mean(), abs=0.8)
    assert (
        np.diff(after[0])[valid[:, 1:] & valid[:, :-1]].std()
        < np.diff(before[0])[valid[:, 1:] & valid[:, :-1]].std() / 2
    )
    again = sc.open_scene(tmp_path / "smooth.tif")
    assert (again.unit, again.bands) == (sc.Unit.DB, ("VV", "VH"))


def test_despeckling_by_blocks_equals_despeckling_at_once(scene_with_holes: Path) -> None:
    scene = sc.open_scene(scene_with_holes)
    lazy = sc.despeckle(scene.to_xarray(), filter="lee", size=9, block_px=128).values
    values = np.where(np.isfinite(scene.to_xarray().values).all(axis=0), scene.to_xarray().values, np.nan)
    assert np.array_equal(lazy, sc.despeckle(values, filter="lee", size=9, unit="db"), equal_nan=True)


def test_despeckle_gives_back_the_kind_that_came_in() -> None:
    power = np.random.default_rng(0).gamma(4.4, 1 / 4.4, (60, 70)).astype(np.float32)
    power[3, 3] = np.nan
    from_numpy = sc.despeckle(power, filter="boxcar", size=3)
    from_torch = sc.despeckle(torch.from_numpy(power)[None], filter="boxcar", size=3)
    assert isinstance(from_numpy, np.ndarray)
    assert isinstance(from_torch, torch.Tensor)
    assert np.array_equal(from_numpy, from_torch[0].numpy(), equal_nan=True)
    assert np.argwhere(np.isnan(from_numpy)).tolist() == [[3, 3]]
    assert from_numpy[30, 30] == pytest.approx(power[29:32, 29:32].mean(), rel=1e-5)


def test_info_is_plain_values(real_patch: Path) -> None:
    facts = json.loads(json.dumps(sc.info(real_patch)))
    assert (facts["bands"], facts["unit"], facts["width"], facts["absolute_scale"]) == (["VV", "VH"], "db", 120, True)
    assert facts["crs"].startswith("EPSG:326")
    assert facts["sampled_valid_fraction"] == 1.0


def test_the_input_is_never_its_own_output(scene_with_holes: Path) -> None:
    before = scene_with_holes.read_bytes()
    with pytest.raises(OutputError, match="must be another file than the input"):
        sc.colorize(scene_with_holes, scene_with_holes, model="composite", overwrite=True)
    assert scene_with_holes.read_bytes() == before


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: sc.colorize(path, modell="x"), SettingError, "one of .* got 'modell'; did you mean model"),
        (lambda path: sc.despeckle(path, fliter="lee"), SettingError, "one of .* got 'fliter'; did you mean filter"),
        (lambda path: sc.colorize(path, uncertainty="c.tif"), SettingError, "must be left out without an output"),
        (lambda path: sc.colorize(path, bbox_crs="EPSG:4326"), SettingError, "bbox_crs must come with a bbox"),
        (lambda path: sc.despeckle(np.ones(5)), SettingError, r"must be \(H, W\) or \(bands, H, W\), got \(5,\)"),
        (lambda path: sc.despeckle(np.ones((5, 5)), unit="watt"), UnitError, "must be auto or one of .* got 'watt'"),
    ],
)  # fmt: skip
def test_calls_that_make_no_sense_are_refused(
    scene_with_holes: Path, call: Callable, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        call(scene_with_holes)


@pytest.mark.parametrize(
    "name",
    [
        "scenes/india-assam_512_db.tif", "scenes/ROIs1158_spring_s1_1_p169.tif", "dualpol/ben_36_85_s1.tif",
        "dualpol/place_433D_629L_3_1_s1.tif",
    ],
)  # fmt: skip
def test_real_scenes_come_out_coloured_on_their_grid(name: str, tmp_path: Path) -> None:
    path = shared_scene(name)
    sc.colorize(path, tmp_path / "colour.tif")
    assert rio_cogeo.cog_validate(tmp_path / "colour.tif", strict=True)[0]
    with rasterio.open(tmp_path / "colour.tif") as ours, rasterio.open(path) as theirs:
        assert (ours.crs, ours.transform, ours.shape) == (theirs.crs, theirs.transform, theirs.shape)
        spread = np.ptp(ours.read().astype(int), axis=0)
        assert spread[ours.dataset_mask() > 0].mean() > 8
