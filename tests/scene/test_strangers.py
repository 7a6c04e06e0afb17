"""Rasters, pictures and areas from strangers lead nowhere: no server is asked, no other file is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import rasterio
from loopback import Server, serving
from made import TRANSFORM, UTM33, speckled
from made_product import make_safe, make_zip

from sar_colorize.errors import SarColorizeError, SettingError
from sar_colorize.palette.from_picture import read_palette
from sar_colorize.raster import Grid, Window
from sar_colorize.reference.picture import look_at, reference_on
from sar_colorize.scene import open_scene
from sar_colorize.scene.area import read_area

GRID = Grid(96, 128, TRANSFORM, rasterio.crs.CRS.from_string(UTM33).to_wkt())
MakeTif = Callable[..., Path]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Offers a raster, a picture and an area, which nobody must ask for."""
    folder = tmp_path_factory.mktemp("web")
    profile = {"driver": "GTiff", "height": 96, "width": 128, "crs": UTM33, "transform": TRANSFORM}
    with rasterio.open(folder / "x.tif", "w", count=1, dtype="float32", **profile) as file:
        file.write(speckled(96, 128), 1)
    with rasterio.open(folder / "c.tif", "w", count=3, dtype="uint8", **profile) as file:
        file.write(np.full((3, 96, 128), 90, np.uint8))
    with serving(folder, tmp_path_factory.mktemp("log") / "requests") as running:
        yield running


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch, _offline: None) -> None:
    """GDAL may reach loopback here, so that a request is counted and not only refused by a setting of the tests."""
    monkeypatch.delenv("CPL_VSIL_CURL_ALLOWED_EXTENSIONS")


def _vrt(
    source: str, *, relative: int = 0, bands: int = 1, dtype: str = "Float32", size: str = "", inner: str = ""
) -> str:
    size = size or 'rasterXSize="128" rasterYSize="96"'
    band = "".join(
        f'<VRTRasterBand dataType="{dtype}" band="{number}"><SimpleSource><SourceFilename relativeToVRT="{relative}">'
        f"{source}</SourceFilename><SourceBand>{number}</SourceBand></SimpleSource></VRTRasterBand>"
        for number in range(1, bands + 1)
    )
    transform = ", ".join(map(str, TRANSFORM.to_gdal()))
    return f"<VRTDataset {size}><SRS>{UTM33}</SRS><GeoTransform>{transform}</GeoTransform>{inner}{band}</VRTDataset>"


def _wms(url: str) -> str:
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>'
        "<UpperLeftX>-20037508</UpperLeftX><UpperLeftY>20037508</UpperLeftY><LowerRightX>20037508</LowerRightX>"
        "<LowerRightY>-20037508</LowerRightY><TileLevel>1</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>"
        "<YOrigin>top</YOrigin></DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX>"
        "<BlockSizeY>256</BlockSizeY><BandsCount>1</BandsCount></GDAL_WMS>"
    )


def _hostile(server: Server) -> dict[str, str]:
    """Content that leads to the server, by kind."""
    remote = f"/vsicurl/{server.url}/x.tif"
    stac = {"type": "FeatureCollection", "features": [], "stac_version": "1.0.0", "links": [
        {"rel": "next", "href": f"{server.url}/next.json"}]}  # fmt: skip
    derived = (
        '<VRTDataset rasterXSize="128" rasterYSize="96"><VRTRasterBand dataType="Float32" band="1" '
        'subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python'
        "</PixelFunctionLanguage><PixelFunctionCode><![CDATA[def f(*a, **k):\n  import urllib.request\n"
        f"  urllib.request.urlopen('{server.url}/py')\n]]></PixelFunctionCode><SimpleSource><SourceFilename>"
        f"{remote}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return {
        "vrt": _vrt(remote),
        "vrt of a bare URL": _vrt(f"{server.url}/x.tif"),
        "vrt in a vrt": _vrt(_vrt(remote).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")),
        "vrt with python": derived,
        "vrt after blanks": "\n \n" + _vrt(remote),
        "wms": _wms(server.url),
        "wmts": f"<GDAL_WMTS><GetCapabilitiesUrl>{server.url}/w.xml</GetCapabilitiesUrl><Layer>a</Layer></GDAL_WMTS>",
        "wcs": f"<WCS_GDAL><ServiceURL>{server.url}/wcs?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>",
        "stac": json.dumps(stac),
        "gdalg": json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal raster read {server.url}/x.tif"}),
    }


KINDS = list(_hostile(Server("http://127.0.0.1:1", Path("none"))))


@pytest.mark.parametrize("name", ["scene.tif", "scene.vrt", "scene.img", "scene.png", "scene"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_content_of_a_raster_asks_a_server(tmp_path: Path, server: Server, kind: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(_hostile(server)[kind])
    for use in (
        lambda: open_scene(path).read(Window(0, 0, 96, 128)),
        lambda: reference_on(str(path), GRID),
        lambda: read_palette(str(path), GRID),
        lambda: read_area(str(path), GRID),
    ):
        with pytest.raises(SarColorizeError) as caught:
            use()
        assert "\n" not in str(caught.value)
    assert server.requests() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_no_measurement_of_a_product_asks_a_server(tmp_path: Path, server: Server, kind: str, packed: bool) -> None:
    safe = make_safe(tmp_path)
    for file in (safe / "measurement").glob("*.tiff"):
        file.write_text(_hostile(server)[kind])
    with pytest.raises(
        SarColorizeError, match=r"measurement/s1a-iw-grd-\w\w-.*must be|must be a raster that GDAL reads"
    ):
        open_scene(make_zip(safe) if packed else safe)
    assert server.requests() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".tif", ".img"])
def test_no_file_of_a_package_asks_a_server(
    make_tif: MakeTif, tmp_path: Path, server: Server, kind: str, suffix: str
) -> None:
    folder = tmp_path / "product.data"
    folder.mkdir()
    profile = {"height": 96, "width": 128, "crs": UTM33, "transform": TRANSFORM, "count": 1, "dtype": "float32"}
    for name in ("Sigma0_VV", "Sigma0_VH"):
        with rasterio.open(
            folder / f"{name}{suffix}", "w", driver="GTiff" if suffix == ".tif" else "ENVI", **profile
        ) as file:
            file.write(speckled(96, 128), 1)
    hostile = _hostile(server)[kind].encode()
    path = folder / f"Sigma0_VH{suffix}"
    path.write_bytes(hostile + b" " * max(0, path.stat().st_size - len(hostile)))
    source = folder if suffix == ".img" else folder.rename(tmp_path / "product")
    with suppress(SarColorizeError):  # of ENVI, any bytes are pixels
        open_scene(source).read(Window(0, 0, 96, 128))
    assert server.requests() == []


@pytest.mark.parametrize("beside", [".msk", ".ovr", ".MSK"])
def test_masks_and_overviews_that_are_no_tiff_are_refused(
    make_tif: MakeTif, tmp_path: Path, server: Server, beside: str
) -> None:
    path = make_tif(speckled(96, 128), "scene.tif")
    Path(f"{path}{beside}").write_text(_vrt(f"/vsicurl/{server.url}/x.tif"))
    with pytest.raises(SarColorizeError, match="masks and overviews beside a raster must be TIFFs, got another"):
        open_scene(path).read(Window(0, 0, 96, 128))
    colour = make_tif(np.full((3, 96, 128), 90, np.uint8), "colour.tif")
    Path(f"{colour}{beside}").write_text(_vrt(f"/vsicurl/{server.url}/c.tif", bands=3, dtype="Byte"))
    with pytest.raises(SettingError, match=r"palette cannot be used: masks and overviews"):
        read_palette(str(colour), GRID)
    assert server.requests() == []


def test_a_mask_beside_a_raster_is_obeyed(make_tif: MakeTif) -> None:
    path = make_tif(speckled(96, 128), "scene.tif")
    wanted = np.broadcast_to(np.arange(128) > 30, (96, 128)).copy()
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as file:
        file.write_mask(wanted)
    assert Path(f"{path}.msk").exists()
    valid = open_scene(path).read(Window(0, 0, 96, 128)).valid
    assert np.array_equal(valid, wanted)


@pytest.mark.parametrize("domain", [{"ns": "OVERVIEWS", "OVERVIEW_FILE": "x"}, {"ns": "GEOLOCATION", "X_DATASET": "x"}])
def test_metadata_of_a_tiff_that_lead_to_another_file_are_refused(
    make_tif: MakeTif, server: Server, domain: dict[str, str]
) -> None:
    elsewhere = {
        key: value.replace("x", f"/vsicurl/{server.url}/x.tif") for key, value in domain.items() if key != "ns"
    }
    path = make_tif(speckled(96, 128), "scene.tif")
    with rasterio.open(path, "r+") as file:
        file.update_tags(ns=domain["ns"], **elsewhere)
    with pytest.raises(SarColorizeError, match=rf"must hold its own pixels, got metadata {domain['ns']} that lead"):
        open_scene(path)
    with pytest.raises(SettingError, match=r"reference cannot be used: raster must hold its own pixels"):
        look_at(str(path))
    assert server.requests() == []


@pytest.mark.parametrize("beside", ["", ".msk", ".ovr"])
def test_metadata_beside_a_raster_or_its_mask_that_lead_to_another_file_are_refused(
    make_tif: MakeTif, server: Server, beside: str
) -> None:
    path = make_tif(speckled(96, 128), "scene.tif")
    if beside:
        Path(f"{path}{beside}").write_bytes(make_tif(np.full((96, 128), 255, np.uint8), "other.tif").read_bytes())
    Path(f"{path}{beside}.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW&#95;FILE">/vsicurl/'
        f"{server.url}/x.tif</MDI></Metadata></PAMDataset>"
    )
    with pytest.raises(SarColorizeError, match=r"must hold its own pixels, got metadata OVERVIEWS that lead"):
        open_scene(path)
    assert server.requests() == []


@pytest.mark.parametrize("content", ["vrt", "metadata"])
def test_masks_in_a_zip_that_lead_elsewhere_are_refused(
    make_tif: MakeTif, tmp_path: Path, server: Server, content: str
) -> None:
    import zipfile

    mask = make_tif(np.full((96, 128), 255, np.uint8), "other.tif")
    if content == "vrt":
        mask.write_text(_vrt(f"/vsicurl/{server.url}/x.tif", dtype="Byte"))
    else:
        with rasterio.open(mask, "r+") as file:
            file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{server.url}/x.tif")
    with zipfile.ZipFile(tmp_path / "scene.zip", "w") as archive:
        archive.write(make_tif(speckled(96, 128), "scene.tif"), "scene.tif")
        archive.write(mask, "scene.tif.msk")
    with pytest.raises(SarColorizeError, match=r"(must be TIFFs|must hold its own pixels), got "):
        open_scene(tmp_path / "scene.zip")
    assert server.requests() == []


def _sources(tmp_path: Path) -> dict[str, str]:
    return {
        "absolute, outside": str(tmp_path / "secret.tif"),
        "relative, outside": "../secret.tif",
        "a link that leads outside": "link.tif",
        "a URL": "https://example.org/x.tif",
        "GDAL's file systems": f"/vsisubfile/0_100,{tmp_path / 'secret.tif'}",
        "a web service": "WMS:http://127.0.0.1:1/",
        "another format under the name of a TIFF": "hidden.tif",
        "a text": "text.tif",
        "nothing": "",
    }


@pytest.mark.parametrize("kind", list(_sources(Path())))
def test_a_source_of_a_vrt_stays_below_its_folder(make_tif: MakeTif, tmp_path: Path, kind: str) -> None:
    make_tif(speckled(96, 128), "secret.tif")
    make_tif(speckled(96, 128), "in/near.tif")
    (tmp_path / "in/link.tif").symlink_to(tmp_path / "secret.tif")
    (tmp_path / "in/hidden.tif").write_text(_vrt("../secret.tif", relative=1))
    (tmp_path / "in/text.tif").write_text("text")
    source = _sources(tmp_path)[kind]
    path = tmp_path / "in/scene.vrt"
    path.write_text(_vrt(source, relative=int(not source.startswith("/"))))
    with pytest.raises(SarColorizeError, match=r"virtual raster must (be|lie|exist).*, got "):
        open_scene(path)
    path.write_text(_vrt("near.tif", relative=1))
    assert open_scene(path).read(Window(0, 0, 96, 128)).valid.all()


@pytest.mark.parametrize("relative", [0, 1])
def test_a_vrt_of_vrts_below_its_folder_opens_with_the_pixels_of_its_files(
    make_tif: MakeTif, tmp_path: Path, relative: int
) -> None:
    values = speckled(96, 128)
    inner = make_tif(values, "in/deep/near.tif")
    (tmp_path / "in/deep/b.vrt").write_text(_vrt("near.tif", relative=1))
    path = tmp_path / "in/Scene.VRT"
    path.write_text(_vrt("deep/b.vrt" if relative else str(inner.with_name("b.vrt")), relative=relative))
    scene = open_scene(path)
    assert scene.source == str(path)
    assert np.array_equal(scene.read(Window(0, 0, 96, 128)).values[0], values)
    assert scene.grid == open_scene(inner).grid


def test_a_warp_made_by_gdal_opens_as_gdal_reads_it(make_tif: MakeTif, tmp_path: Path) -> None:
    import shutil
    import subprocess

    make_tif(speckled(96, 128), "scene.tif")
    path = tmp_path / "warp.vrt"
    if shutil.which("gdalwarp") is None:
        pytest.skip("gdalwarp is not here (Debian: apt install gdal-bin)")
    subprocess.run(
        ["gdalwarp", "-q", "-of", "VRT", "-t_srs", "EPSG:3857", "scene.tif", path.name], cwd=tmp_path, check=True
    )
    with rasterio.open(path) as theirs:
        wanted = theirs.read(1)
    found = open_scene(path).read(Window(0, 0, *wanted.shape))
    assert np.array_equal(found.values[0][found.valid], wanted[found.valid])
    assert found.valid.mean() > 0.9


PARTS = {
    "python": '<PixelFunctionCode>import os</PixelFunctionCode>',
    "raw bands": '<VRTRasterBand subClass="VRTRawRasterBand" dataType="Byte" band="1"/>',
    "options": '<OpenOptions><OOI key="X">y</OOI></OpenOptions>',
    "overviews elsewhere": '<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/etc/hostname</MDI></Metadata>',
    "positions elsewhere": '<Metadata domain="GEOLOCATION"><MDI key="X_DATASET">/etc/hostname</MDI></Metadata>',
    "a height model": '<GDALWarpOptions><Option name="RPC_DEM">/etc/hostname</Option></GDALWarpOptions>',
    "processing": '<ProcessingSteps/>',
    "other capitals": '<sourcefilename>/etc/hostname</sourcefilename>',
}  # fmt: skip


@pytest.mark.parametrize("kind", PARTS)
def test_other_parts_of_a_vrt_are_refused(make_tif: MakeTif, tmp_path: Path, kind: str) -> None:
    make_tif(speckled(96, 128), "near.tif")
    (tmp_path / "scene.vrt").write_text(_vrt("near.tif", relative=1, inner=PARTS[kind]))
    with pytest.raises(SarColorizeError, match=r"virtual raster must be a mosaic, a stack of bands or a warp of local"):
        open_scene(tmp_path / "scene.vrt")


def test_a_vrt_that_holds_itself_or_a_document_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scene.vrt"
    path.write_text(_vrt("scene.vrt", relative=1))
    with pytest.raises(SarColorizeError, match=r"got virtual rasters more than 3 deep"):
        open_scene(path)
    path.write_text('<!DOCTYPE x [<!ENTITY a "ha">]>' + _vrt("&a;", relative=1))
    with pytest.raises(SarColorizeError, match=r"must be a whole virtual raster"):
        open_scene(path)


@pytest.mark.parametrize("name", ["<VRTDataset/>", " <VRTDataset>://</VRTDataset>", "vrt:///etc/hostname?bands=1"])
def test_a_vrt_instead_of_a_name_is_refused(name: str) -> None:
    for use in (open_scene, look_at, lambda path: read_area(path, GRID)):
        with pytest.raises(SarColorizeError, match=r"must be "):
            use(name)


VECTORS = {
    "virtual layer": '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{url}/x.json</SrcDataSource></OGRVRTLayer>'
    "</OGRVRTDataSource>",
    "virtual layer in a comment of kml": "<kml><!-- <OGRVRTDataSource> --></kml>",
    "wfs": "<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
    "gml with a schema": '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" xmlns:gml='
    '"http://www.opengis.net/gml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a '
    '{url}/a.xsd"><gml:featureMember><a fid="1"><b>1</b></a></gml:featureMember></wfs:FeatureCollection>',
    "csv": "WKT,a\n\"POLYGON((0 0,1 0,1 1,0 0))\",1\n",
    "pipeline": '{"type": "gdal_streamed_alg", "command_line": "gdal vector read {url}/x.json"}',
    "esri service": '{"geometryType": "esriGeometryPolygon", "features": [], "exceededTransferLimit": true}',
    "deep": "[" * 100_000,
    "no object": "[1]",
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".gml", ".csv", ".vrt", ".gpkg", ""])
@pytest.mark.parametrize("kind", VECTORS)
def test_no_area_asks_a_server(tmp_path: Path, server: Server, kind: str, suffix: str) -> None:
    path = tmp_path / f"area{suffix}"
    path.write_text(VECTORS[kind].replace("{url}", server.url))
    with pytest.raises(SettingError, match=r"^aoi must ") as caught:
        read_area(str(path), GRID)
    assert "\n" not in str(caught.value)
    assert server.requests() == []


@pytest.mark.parametrize("name", ["area.kml", "area.gml", "area.fgb", "area.zip"])
def test_areas_of_other_formats_open(tmp_path: Path, name: str) -> None:
    import zipfile

    import geopandas
    import shapely

    frame = geopandas.GeoDataFrame(geometry=[shapely.box(500100, 4999300, 500900, 4999900)], crs=UTM33)
    if name == "area.zip":
        frame.to_file(tmp_path / "area.shp")
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in tmp_path.glob("area.[sdcp]*"):
                archive.write(part, f"in/{part.name}")
    else:
        driver = {"kml": "KML", "gml": "GML", "fgb": "FlatGeobuf"}[name[-3:]]
        frame.to_crs("EPSG:4326").to_file(tmp_path / name, driver=driver)
    inside = read_area(str(tmp_path / name), GRID).inside(GRID.window)
    wanted = np.zeros((96, 128), bool)
    wanted[10:70, 10:90] = True
    assert (inside != wanted).sum() <= 2 * (60 + 80)


def test_an_area_behind_a_url_is_downloaded_or_refused_in_one_sentence(tmp_path: Path) -> None:
    import geopandas
    import shapely

    folder = tmp_path / "web"
    folder.mkdir()
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(500100, 4999300, 500900, 4999900)], crs=UTM33)
    frame.to_file(folder / "area.gpkg")
    with serving(folder, tmp_path / "log") as running:
        assert read_area(f"{running.url}/area.gpkg", GRID).bounds == Window(10, 10, 60, 80)
        with pytest.raises(SettingError, match=r"^aoi must be reachable, got http.*/none\.gpkg \(HTTP Error 404"):
            read_area(f"{running.url}/none.gpkg", GRID)
        gone = running.url
    for url in (f"{gone}/area.gpkg", "http://", "http://[", "ftp://127.0.0.1/a", "file:///etc/hostname", "/vsicurl/x"):
        with pytest.raises(SettingError, match=r"^aoi must be (reachable|a file)") as caught:
            read_area(url, GRID)
        assert not re.search(r"\n", str(caught.value))
