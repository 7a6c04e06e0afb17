"""What is asked of `open_scene` is obeyed or refused, for each kind of source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made import speckled
from made_product import make_safe
from rasterio.env import get_gdal_config, set_gdal_config

from sar_colorize.errors import SceneError, SettingError, UnitError
from sar_colorize.scene import open_scene
from sar_colorize.scene.gdal import GDAL_CACHE_BYTES, bounded_gdal


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_safe(tmp_path_factory.mktemp("product"))


@pytest.fixture
def sources(make_tif: Callable[..., Path], product: Path) -> dict[str, object]:
    path = make_tif(speckled(150, 160), tags={"UNITS": "dB"})
    scene = open_scene(path)
    return {"raster": path, "array": scene.to_xarray(), "scene": scene, "product": product}


@pytest.mark.parametrize("kind", ["raster", "array", "scene"])
@pytest.mark.parametrize(
    ("name", "value"), [("calibration", "sigma0"), ("remove_noise", False), ("remove_noise", True)]
)
def test_what_only_a_product_has_is_refused_for_others(sources, kind: str, name: str, value: object) -> None:
    with pytest.raises(SettingError, match=rf"^{name} must be left out for .*, got {value}; "):
        open_scene(sources[kind], **{name: value})


@pytest.mark.parametrize("kind", ["raster", "array", "scene", "product"])
def test_an_unknown_calibration_is_refused_for_every_source(sources, kind: str) -> None:
    words = r"^calibration must be one of sigma0, beta0, gamma0, got 'nonsense'"
    with pytest.raises(SettingError, match=words):
        open_scene(sources[kind], calibration="nonsense")


@pytest.mark.parametrize("kind", ["raster", "array", "scene", "product"])
def test_an_unknown_unit_is_refused_for_every_source(sources, kind: str) -> None:
    with pytest.raises(UnitError, match=r"^unit must be auto"):
        open_scene(sources[kind], unit="nonsense")


def test_unit_and_nodata_of_an_open_scene_are_refused(sources) -> None:
    with pytest.raises(SettingError, match=r"^unit must be left out for an open scene, got power; set it where"):
        open_scene(sources["scene"], unit="power")
    with pytest.raises(SettingError, match=r"^nodata must be left out for an open scene, got 0\.0; set it where"):
        open_scene(sources["scene"], nodata=0.0)
    assert open_scene(sources["scene"], unit="db") is sources["scene"]


def test_unit_and_nodata_of_a_product_are_refused(sources) -> None:
    with pytest.raises(UnitError, match=r"^unit must be auto for a Sentinel-1 product, got db; it is calibrated"):
        open_scene(sources["product"], unit="db")
    with pytest.raises(SettingError, match=r"^nodata must be left out for a Sentinel-1 product, got 0\.0; its digital"):
        open_scene(sources["product"], nodata=0.0)
    assert open_scene(sources["product"], unit="power").unit == "power"


@pytest.mark.parametrize("kind", ["raster", "array", "scene"])
@pytest.mark.parametrize(("name", "value"), [("grid", "radar"), ("crs", "EPSG:3857"), ("resolution", 20.0)])
def test_a_grid_is_refused_for_what_lies_on_a_map_already(sources, kind: str, name: str, value: object) -> None:
    with pytest.raises(SettingError, match=rf"^.*{name}.* must be (left out|map) for "):
        open_scene(sources[kind], **{name: value})


def test_the_grid_of_an_open_radar_scene_is_obeyed(sources) -> None:
    radar = open_scene(sources["product"], grid="radar")
    assert radar.control is not None
    assert open_scene(radar, grid="radar") is radar
    assert open_scene(radar, resolution=40.0).grid == open_scene(sources["product"], resolution=40.0).grid


@pytest.mark.parametrize("source", [np.zeros((64, 64), np.float32), [[1.0]], 7, None], ids=["array", "list", "7", "-"])
def test_what_is_no_source_is_refused_in_one_sentence(source: object) -> None:
    words = r"^source must be a path, an xarray DataArray or an open scene, got (numpy|builtins)\.\w+; wrap values as"
    with pytest.raises(SceneError, match=words):
        open_scene(source)


@pytest.mark.parametrize("name", ["unit", "polarization", "nodata", "grid", "crs", "resolution", "calibration"])
def test_a_value_of_another_type_is_one_sentence(make_tif, name):
    """open_scene is public too, and was the one function whose wrong types gave tracebacks."""
    with pytest.raises(SettingError, match=rf"{name} must be (text|a number), got dict; leave it out"):
        open_scene(make_tif(speckled(64, 64)), **{name: {"a": 1}})


def test_gdals_cache_is_bounded_for_whoever_reads_and_a_users_own_bound_counts(
    make_tif: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GDAL's own is a twentieth of the machine: open_scene and lazy arrays took a gigabyte here."""
    path = make_tif(np.full((1, 64, 64), -10, np.float32), names=("VV",), tags={"UNITS": "dB"})
    try:
        for given, wanted in ((2 << 30, GDAL_CACHE_BYTES), (64 << 20, 64 << 20)):
            set_gdal_config("GDAL_CACHEMAX", given)
            open_scene(path)
            assert get_gdal_config("GDAL_CACHEMAX") == wanted
        with rasterio.Env(GDAL_CACHEMAX=2 << 30):
            open_scene(path)
            assert get_gdal_config("GDAL_CACHEMAX") == 2 << 30
        set_gdal_config("GDAL_CACHEMAX", 2 << 30)
        monkeypatch.setenv("GDAL_CACHEMAX", "2000")
        open_scene(path)
        with bounded_gdal():
            assert get_gdal_config("GDAL_CACHEMAX") == 2 << 30
    finally:
        set_gdal_config("GDAL_CACHEMAX", GDAL_CACHE_BYTES)
