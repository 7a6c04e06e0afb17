"""A Sentinel-1 product, from its zip to a georeferenced colour picture."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rio_cogeo
from made import shared_scene, speckled
from made_product import HEIGHT, WIDTH, make_safe, make_zip

import sar_colorize as sc
from sar_colorize.errors import OutputError

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_zip(make_safe(tmp_path_factory.mktemp("product")))


def test_a_zip_becomes_a_colour_cog_on_a_map(product: Path, tmp_path: Path, bounded_weights: Path) -> None:
    result = sc.colorize(product, tmp_path / "colour.tif", model=str(bounded_weights), block_px=256)
    assert rio_cogeo.cog_validate(tmp_path / "colour.tif", strict=True) == (True, [], [])
    scene = sc.open_scene(product)
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert dataset.crs.to_epsg() == 32632
        assert dataset.res == (10.0, 10.0)
        assert np.array_equal(dataset.dataset_mask() > 0, scene.select("VV").read(scene.grid.window).valid)
        tags = dataset.tags()
    assert tags["SAR_COLORIZE_PRODUCT"].startswith("S1A_IW_GRDH_1SDV_20210119T031653")
    assert tags["SAR_COLORIZE_PASS"] == "descending"
    assert "thermal noise removed" in tags["SAR_COLORIZE_UNIT"]
    assert result.offset_db == 0.0


@pytest.mark.parametrize("block_px", [192, 512])
def test_the_picture_does_not_depend_on_the_blocks(
    product: Path, tmp_path: Path, bounded_weights: Path, block_px: int
) -> None:
    for name, size in (("one", block_px), ("other", 1024)):
        sc.colorize(product, tmp_path / f"{name}.tif", model=str(bounded_weights), block_px=size)
    with rasterio.open(tmp_path / "one.tif") as one, rasterio.open(tmp_path / "other.tif") as other:
        assert np.array_equal(one.read(), other.read())
        assert np.array_equal(one.dataset_mask(), other.dataset_mask())


def test_a_box_on_the_ground_is_cut_out(product: Path, tmp_path: Path, bounded_weights: Path) -> None:
    whole = sc.open_scene(product).grid
    x, y = whole.transform.c + 3000.0, whole.transform.f - 3000.0
    sc.colorize(product, tmp_path / "part.tif", model=str(bounded_weights), bbox=(x, y - 1000.0, x + 1500.0, y))
    with rasterio.open(tmp_path / "part.tif") as dataset:
        assert dataset.shape == (100, 150)
        assert (dataset.transform.c, dataset.transform.f) == (x, y)


def test_the_lazy_picture_of_a_product_is_the_one_on_disk(product: Path, tmp_path: Path, bounded_weights: Path) -> None:
    lazy = sc.colorize(sc.open_scene(product, resolution=20.0), model=str(bounded_weights), block_px=256)
    sc.colorize(product, tmp_path / "colour.tif", model=str(bounded_weights), resolution=20.0)
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert np.array_equal(np.where(dataset.dataset_mask() > 0, dataset.read(), 0), lazy.to_numpy()[:3])


def test_the_radar_grid_can_be_kept(product: Path, tmp_path: Path) -> None:
    sc.despeckle(product, tmp_path / "smooth.tif", filter="boxcar", grid="radar")
    with rasterio.open(tmp_path / "smooth.tif") as dataset:
        assert dataset.shape == (HEIGHT, WIDTH)
        assert dataset.descriptions == ("VV", "VH")
        assert dataset.tags()["UNITS"] == "power"


def test_info_says_what_the_product_is_and_what_is_done_to_it(product: Path, run_cli: Run) -> None:
    text = run_cli("info", product).stdout
    for said in ("IW GRD", "descending", "relative 79, absolute 36201", "IPF 3.31", "range and azimuth vectors",
                 "thermal noise removed", "2021-01-19T03:16:53.799379", "600 x 400 px, 10 x 10 m",
                 "terrain is not corrected", "set to 0: VV"):  # fmt: skip
        assert said in text
    facts = json.loads(run_cli("info", product, "--json", "--calibration", "gamma0", "--keep-noise").stdout)
    assert facts["about"]["calibration"] == "gamma nought by the product's calibration vectors, thermal noise kept"
    assert facts["crs"] == "EPSG:32632"


def test_one_command_from_zip_to_picture(product: Path, tmp_path: Path, run_cli: Run, bounded_weights: Path) -> None:
    out = tmp_path / "colour.tif"
    done = run_cli("colorize", product, out, "--model", bounded_weights, "--crs", "EPSG:3857", "--resolution", "25",
                   "--calibration", "gamma0", "--progress", "none")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with rasterio.open(out) as dataset:
        assert dataset.crs.to_epsg() == 3857
        assert dataset.res == (25.0, 25.0)
    refused = run_cli("colorize", product, tmp_path / "b.tif", "--crs", "nowhere", "--progress", "none")
    assert refused.returncode == 1
    assert "crs must be one that PROJ knows, got nowhere" in refused.stderr
    assert list(tmp_path.iterdir()) == [out]


def test_a_real_measurement_alone_is_drawn_on_a_map(tmp_path: Path) -> None:
    path = shared_scene("sentinel1/S1A_IW_GRDH_20180716_decimated_iw-vv.tiff")
    result = sc.colorize(path, tmp_path / "colour.tif")
    assert rio_cogeo.cog_validate(tmp_path / "colour.tif", strict=True)[0]
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert dataset.crs.to_epsg() == 32643
        assert 0.5 < (dataset.dataset_mask() > 0).mean() < 0.95
        assert (np.ptp(dataset.read().astype(int), axis=0) > 8).mean() > 0.4
    assert "fitted once to the scene's median" in result.offset_reason


def test_a_scene_on_a_grid_does_not_take_a_crs(make_tif: Callable[..., Path], run_cli: Run, tmp_path: Path) -> None:
    done = run_cli("colorize", make_tif(speckled(128, 128)), tmp_path / "b.tif", "--crs", "EPSG:3857")
    assert done.returncode == 1
    assert "it has a grid of its own; warp the picture with gdalwarp" in done.stderr


@pytest.mark.parametrize("named", ["", "manifest.safe", "measurement"])
def test_a_product_is_never_written_into(tmp_path: Path, named: str) -> None:
    safe = make_safe(tmp_path)
    measurement = next((safe / "measurement").glob("*.tiff"))
    source = measurement if named == "measurement" else safe / named
    before = measurement.read_bytes()
    for output in (measurement, safe / "colour.tif"):
        with pytest.raises(OutputError, match="must stand outside its input"):
            sc.colorize(source, output, model="composite", overwrite=True)
    assert measurement.read_bytes() == before
    assert not (safe / "colour.tif").exists()
