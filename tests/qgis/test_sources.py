"""Layers that cannot be read by another process, or cannot be backscatter, are refused before the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_here import Heard, write_scene
from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingContext, QgsProject, QgsRasterLayer
from sar_colorize_qgis.sources import SourceError, check_bands, crs_argument, path_of, product_of

PRODUCT = "S1A_IW_GRDH_1SDV_20210119T031653_20210119T031718_036199_043ED0_8255.SAFE"


def _refusal(provider: Any, value: Any) -> str:
    """What QGIS shows before the run."""
    algorithm = provider.algorithm("colorize").create()
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    ok, reason = algorithm.checkParameterValues({"INPUT": value, "OUTPUT": "TEMPORARY_OUTPUT"}, context)
    return "" if ok else reason


def test_a_file_is_taken_by_its_path(provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "ein Bild, groß.tif")
    assert _refusal(provider, str(scene)) == ""
    layer = QgsRasterLayer(f"{scene}|option:NUM_THREADS=2", "a name")
    assert layer.isValid()
    assert _refusal(provider, layer) == ""
    assert path_of(layer) == str(scene)


@pytest.mark.parametrize(
    ("uri", "called"),
    [
        ("type=xyz&url=https://tile.invalid/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=19&zmin=0", "XYZ tiles"),
        ("crs=EPSG:4326&format=image/png&layers=a&styles=&url=https://wms.invalid/wms", "WMS"),
    ],
)
def test_web_layers_are_refused_with_what_to_do(provider: Any, uri: str, called: str) -> None:
    layer = QgsRasterLayer(uri, "Basemap", "wms")
    with pytest.raises(SourceError) as refused:
        path_of(layer)
    assert str(refused.value) == (
        f"layer must be a raster file, got Basemap, which comes from {called}; save it as GeoTIFF first "
        "(right click, Export, Save As, Raw data)"
    )


def test_xyz_tiles_are_refused_in_the_dialog(provider: Any) -> None:
    uri = "type=xyz&url=file:///nowhere/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=1&zmin=0"
    layer = QgsRasterLayer(uri, "Basemap", "wms")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    assert "got Basemap, which comes from XYZ tiles; save it as GeoTIFF" in _refusal(provider, layer.id())


def test_a_web_service_behind_gdal_is_refused(tmp_path: Path) -> None:
    layer = QgsRasterLayer("<GDAL_WMS><Service name='TMS'/></GDAL_WMS>", "Tiles")
    with pytest.raises(SourceError, match="got Tiles, which is a web service; save it as GeoTIFF"):
        path_of(layer)


def test_a_raster_in_memory_is_refused(provider: Any) -> None:
    write_scene(Path("/vsimem/scene.tif"))
    assert "which is held in memory only; save it" in _refusal(provider, QgsRasterLayer("/vsimem/scene.tif", "m"))
    gdal.Unlink("/vsimem/scene.tif")


@pytest.mark.parametrize("kind", [gdal.GDT_CInt16, gdal.GDT_CInt32, gdal.GDT_CFloat32, gdal.GDT_CFloat64])
def test_complex_values_are_refused(provider: Any, tmp_path: Path, kind: int) -> None:
    scene = write_scene(tmp_path / "slc.tif", dtype=kind, bands=1, hole=False)
    assert _refusal(provider, str(scene)) == (
        "layer must hold real numbers, got slc with complex values (SLC); detect and multilook it first, or take the "
        "GRD product"
    )


def test_bands_without_a_meaning_are_refused(provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "many.tif", bands=7, names=())
    assert _refusal(provider, str(scene)) == (
        "layer must have one band (VV), two (VV, VH), or bands named by polarisation, got 7 without such names in "
        "many; export the radar band alone, or name the bands"
    )
    named = write_scene(tmp_path / "named.tif", bands=3, names=("angle", "Sigma0_VH", "x"))
    assert _refusal(provider, str(named)) == ""
    assert _refusal(provider, str(write_scene(tmp_path / "two.tif", bands=2, names=()))) == ""


def test_the_mask_that_qgis_shows_as_a_band_is_no_band(tmp_path: Path) -> None:
    path = tmp_path / "masked.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), 8, 8, 2, gdal.GDT_Byte)
    dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
    dataset.GetRasterBand(1).GetMaskBand().WriteArray(np.full((8, 8), 255, np.uint8))
    dataset = None
    layer = QgsRasterLayer(str(path), "masked")
    assert layer.bandCount() == 3
    check_bands(layer)


def test_a_missing_layer_is_refused(provider: Any) -> None:
    assert "INPUT" in _refusal(provider, "/no/such/file.tif")


def test_a_product_is_taken_by_its_folder_manifest_subdataset_or_zip(provider: Any, tmp_path: Path) -> None:
    folder = tmp_path / PRODUCT
    folder.mkdir()
    manifest = folder / "manifest.safe"
    manifest.write_text("<xml/>")
    archive = tmp_path / f"{PRODUCT}.zip"
    archive.write_bytes(b"PK")
    assert product_of(str(folder)) == str(folder)
    assert product_of(str(manifest)) == str(folder)
    assert product_of(f"SENTINEL1_DS:{manifest}:IW_VV") == str(folder)
    assert product_of(f"SENTINEL1_CALIB:SIGMA0:{manifest}:IW_VV:AMPLITUDE") == str(folder)
    assert product_of(str(archive)) == str(archive)
    assert product_of(str(tmp_path / "scene.tif")) == ""
    assert product_of(None) == ""
    # QGIS opens none of these as a layer; they are not refused for that.
    for value in (folder, manifest, archive):
        assert _refusal(provider, str(value)) == ""


def test_a_product_reaches_the_backend_as_its_folder_and_names_the_result(
    fake_backend: Any, provider: Any, tmp_path: Path
) -> None:
    import json

    program = fake_backend("print('{}')")
    folder = tmp_path / PRODUCT
    folder.mkdir()
    (folder / "manifest.safe").write_text("<xml/>")
    algorithm = provider.algorithm("colorize").create()
    context = QgsProcessingContext()
    parameters = {"INPUT": str(folder / "manifest.safe"), "OUTPUT": str(tmp_path / "c.tif")}
    _, ok = algorithm.run(parameters, context, Heard())
    assert ok
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[:4] == ["--stop-at-eof", "colorize", str(folder), str(tmp_path / "c.tif")]


def test_a_crs_without_a_code_is_passed_by_its_definition() -> None:
    assert crs_argument(QgsCoordinateReferenceSystem("EPSG:32633")) == "EPSG:32633"
    own = QgsCoordinateReferenceSystem.fromProj("+proj=tmerc +lat_0=1 +lon_0=2 +k=1 +x_0=3 +y_0=4 +ellps=GRS80")
    assert own.authid() == ""
    assert crs_argument(own).startswith(("BOUNDCRS[", "PROJCRS["))
