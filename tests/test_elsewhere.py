"""The recipes of docs/elsewhere.md: openEO's own runner calls the example, and a shell runs GDAL's external step."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray
from made import speckled

import sar_colorize as sc

ROOT = Path(__file__).parents[1]
UDF = (ROOT / "docs" / "openeo_udf.py").read_text(encoding="utf-8")
RECIPES = (ROOT / "docs" / "elsewhere.md").read_text(encoding="utf-8")


@pytest.fixture
def cube() -> xarray.DataArray:
    """Two dates of 300 x 360 pixels, VV and VH in linear power, with a hole, as an openEO back end hands it out."""
    power = np.stack([
        np.stack([10 ** (speckled(300, 360, seed=2 * date + band, median_db=level) / 10)
                  for band, level in enumerate((-12.0, -18.5))])
        for date in range(2)
    ]).astype(np.float32)  # fmt: skip
    power[:, :, 40:60, 200:230] = np.nan
    times = np.array(["2026-03-02", "2026-03-14"], "datetime64[ns]")
    coords = {"t": times, "bands": ["VV", "VH"], "y": 5e6 - 10.0 * np.arange(300), "x": 5e5 + 10.0 * np.arange(360)}
    return xarray.DataArray(power, dims=("t", "bands", "y", "x"), coords=coords)


def _run(cube: xarray.DataArray) -> xarray.DataArray:
    """By openEO's client, which picks the function out of the file's text as a back end does."""
    from openeo.udf import UdfData, XarrayDataCube
    from openeo.udf.run_code import run_udf_code

    data = UdfData(datacube_list=[XarrayDataCube(cube)], user_context={"model": "colorsar-sar"})
    made: xarray.DataArray = run_udf_code(UDF, data).get_datacube_list()[0].get_array()
    return made


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:openeo")
def test_the_function_for_openeo_colours_each_date(cube: xarray.DataArray) -> None:
    made = _run(cube)
    assert made.dims == ("t", "bands", "y", "x")
    assert list(made.bands.values) == ["red", "green", "blue"]
    for name in ("t", "y", "x"):
        assert np.array_equal(made[name], cube[name])
    assert np.array_equal(np.isnan(made.values).any(1), np.isnan(cube.values).any(1))
    own = sc.colorize(cube.isel(t=1, drop=True).rename(bands="band"), model="colorsar-sar", unit="power",
                      reference="none", palette="none", offset_db=0.0)  # fmt: skip
    solid = own.values[3] > 0
    assert np.array_equal(made.values[1][:, solid], own.values[:3, solid])
    assert not np.array_equal(made.values[0][:, solid], made.values[1][:, solid])


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:openeo")
def test_pieces_that_overlap_as_the_page_says_have_no_seam(cube: xarray.DataArray) -> None:
    one = cube.isel(t=0, drop=True)
    whole = _run(one).isel(x=slice(0, 180)).values
    piece = _run(one.isel(x=slice(0, 180 + 64))).isel(x=slice(0, 180)).values
    apart = np.abs(whole - piece)
    assert np.nanmax(apart) <= 1.0
    cut = _run(one.isel(x=slice(0, 180))).values  # without the overlap there is one, so the test can fail
    assert np.nanmax(np.abs(whole - cut)) > 3.0


def test_the_external_step_of_gdal_is_a_command_that_a_shell_runs(scene_with_holes: Path, tmp_path: Path) -> None:
    """As apps/gdalalg_external.cpp of GDAL 3.13 does: names of temporary files in single quotes, then a shell."""
    steps = re.findall(r'external "([^"]+)"', RECIPES)
    assert len(steps) == 2
    (tmp_path / "tmp").mkdir()
    given = tmp_path / "tmp" / "input_123_0.tif"
    with rasterio.open(scene_with_holes) as scene, rasterio.open(given, "w", **scene.profile) as copy:
        copy.write(scene.read())
        copy.descriptions = scene.descriptions
    for number, step in enumerate(steps):
        output = tmp_path / "tmp" / f"output_123_{number}.tif"
        line = step.replace("<INPUT>", f"'{given}'").replace("<OUTPUT>", f"'{output}'")
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        done = subprocess.run(["sh", "-c", line], env={"PATH": path, "HOME": str(tmp_path)}, check=False,
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
        with rasterio.open(output) as made:
            assert made.shape == (600, 700)
            assert made.count == (3 if "colorize colorize" in step else 2)
