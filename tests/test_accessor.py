"""`da.sar`: the public functions of a DataArray; and `colorize` of a list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rioxarray
import xarray

import sar_colorize as sc
import sar_colorize.accessor
from sar_colorize.api import ManyResults
from sar_colorize.errors import SettingError

FAST = {"model": "composite", "reference": "none"}


@pytest.fixture
def radar(scene_with_holes: Path) -> xarray.DataArray:
    return sc.open_scene(scene_with_holes).to_xarray()


def test_its_functions_are_the_public_ones(radar: xarray.DataArray, tmp_path: Path) -> None:
    rgba, smooth = radar.sar.colorize(**FAST), radar.sar.despeckle(filter="lee", size=5)
    assert rgba.chunks is not None
    assert np.array_equal(rgba, sc.colorize(radar, **FAST))
    assert np.array_equal(smooth, sc.despeckle(radar, filter="lee", size=5), equal_nan=True)
    assert radar.sar.info()["unit"] == "db"
    assert radar.sar.scene(polarization="VH").bands == ("VH",)
    assert radar.sar.colorize(tmp_path / "colour.tif", **FAST).model == "composite"


def test_an_array_of_rioxarray_has_it_too(scene_with_holes: Path, tmp_path: Path) -> None:
    with rioxarray.open_rasterio(scene_with_holes, masked=True, chunks={"x": 256, "y": 256}) as opened:
        rgba = opened.sar.colorize(**FAST, unit="db")
        assert np.array_equal(rgba, sc.colorize(scene_with_holes, **FAST))


def test_a_wrong_keyword_is_refused_as_by_the_function(radar: xarray.DataArray) -> None:
    with pytest.raises(SettingError, match="got 'modle'; did you mean model"):
        radar.sar.colorize(modle="composite")


def test_a_list_gives_lazy_arrays_or_files_in_a_folder(
    scene_with_holes: Path, radar: xarray.DataArray, tmp_path: Path
) -> None:
    lazy = sc.colorize([scene_with_holes, radar], **FAST)
    assert [each.shape for each in lazy] == [(4, 600, 700)] * 2
    assert np.array_equal(lazy[0], lazy[1])
    made = sc.colorize([scene_with_holes], tmp_path / "out", **FAST)
    assert isinstance(made, ManyResults)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene_colour.tif"]
    many = sc.colorize_many([scene_with_holes], tmp_path / "many", **FAST)
    assert Path(many.results[0].output or "").read_bytes() == Path(made.results[0].output or "").read_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda radar, out: sc.colorize([radar], out), "must be a path where a list goes to files, got xarray.DataArr"),
        (lambda radar, out: sc.colorize([radar], out, modle="x"), "got 'modle'; did you mean model"),
        (lambda radar, out: sc.colorize([], out), "must name at least one scene, got none"),
        (lambda radar, out: sc.colorize(["a.tif"], out, skip_existing=True), "got 'skip_existing'"),
    ],
)
def test_what_a_list_cannot_be_is_refused(
    radar: xarray.DataArray, tmp_path: Path, wrong: Callable[[object, Path], object], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        wrong(radar, tmp_path / "out")
    assert not (tmp_path / "out").exists()
