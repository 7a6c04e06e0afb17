"""No output replaces a file that the run reads, however the two come to be the same file; overwriting is allowed."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import rioxarray
import shapely
from made import UTM33, speckled
from made_product import make_safe
from rasterio.shutil import copy

import sar_colorize as sc
from sar_colorize.api import adapt, build_pairs, demo
from sar_colorize.errors import OutputError
from sar_colorize.scene.files import files_of

MakeTif = Callable[..., Path]
REFUSAL = r"output must (be another file than|leave) the inputs"


@pytest.fixture
def scene(make_tif: MakeTif) -> Path:
    return make_tif(speckled(130, 140), "scene.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


@pytest.fixture
def picture(make_tif: MakeTif) -> Path:
    return make_tif(np.full((3, 130, 140), 120, np.uint8), "picture.tif")


def _zip(scene: Path) -> Path:
    with zipfile.ZipFile(scene.with_name("scene.zip"), "w") as archive:
        archive.write(scene, "inner/scene.tif")
    return scene.with_name("scene.zip")


def _virtual(source: Path, name: str) -> Path:
    copy(source, source.with_name(name), driver="VRT")
    return source.with_name(name)


def _linked(path: Path) -> Path:
    """A second name of a file, as an output may be called."""
    link = path.with_name(f"{path.stem}_link.tif")
    link.hardlink_to(path)
    return link


def _by_zip(scene: Path) -> tuple[str, Path]:
    return str(_zip(scene)), _linked(_zip_of(scene))


def _zip_of(scene: Path) -> Path:
    return scene.with_name("scene.zip")


def _by_vsizip(scene: Path) -> tuple[str, Path]:
    return f"/vsizip/{_zip(scene)}/inner/scene.tif", _linked(_zip_of(scene))


def _by_vsizip_in_braces(scene: Path) -> tuple[str, Path]:
    return f"/vsizip/{{{_zip(scene)}}}/inner/scene.tif", _linked(_zip_of(scene))


def _by_vsigzip(scene: Path) -> tuple[str, Path]:
    packed = scene.with_name("scene.tif.gz")
    packed.write_bytes(gzip.compress(scene.read_bytes()))
    return f"/vsigzip/{packed}", _linked(packed)


def _by_virtual_raster(scene: Path) -> tuple[str, Path]:
    return str(_virtual(scene, "virtual.vrt")), scene


def _by_virtual_raster_of_a_virtual_raster(scene: Path) -> tuple[str, Path]:
    return str(_virtual(_virtual(scene, "inner.vrt"), "outer.vrt")), scene


def _by_file_url(scene: Path) -> tuple[str, Path]:
    return scene.as_uri(), scene


def _by_hard_link(scene: Path) -> tuple[str, Path]:
    return str(scene), _linked(scene)


def _by_symbolic_link(scene: Path) -> tuple[str, Path]:
    link = scene.with_name("link.tif")
    link.symlink_to(scene)
    return str(scene), link


def _by_its_mask(scene: Path) -> tuple[str, Path]:
    mask = scene.with_name("scene.tif.msk")
    shutil.copy(scene, mask)
    return str(scene), _linked(mask)


def _by_its_world_file(scene: Path) -> tuple[str, Path]:
    world = scene.with_suffix(".tfw")
    world.write_text("10\n0\n0\n-10\n500005\n4999995\n")
    return str(scene), _linked(world)


def _as_sidecar_of_the_output(scene: Path) -> tuple[str, Path]:
    return str(scene.rename(scene.with_name("out.tif.ovr"))), scene.with_name("out.tif")


def _as_linked_sidecar_of_the_output(scene: Path) -> tuple[str, Path]:
    scene.with_name("out.tif.msk").hardlink_to(scene)
    return str(scene), scene.with_name("out.tif")


WAYS = [
    _by_zip, _by_vsizip, _by_vsizip_in_braces, _by_vsigzip, _by_virtual_raster, _by_virtual_raster_of_a_virtual_raster,
    _by_file_url, _by_hard_link, _by_symbolic_link, _by_its_mask, _by_its_world_file, _as_sidecar_of_the_output,
    _as_linked_sidecar_of_the_output,
]  # fmt: skip


def _bytes_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_the_scene_lets_an_output_replace_it(
    scene: Path, tmp_path: Path, way: Callable[[Path], tuple[str, Path]]
) -> None:
    source, output = way(scene)
    before = _bytes_of(tmp_path)
    for dry_run in (True, False):
        with pytest.raises(OutputError, match=REFUSAL):
            sc.colorize(source, output, model="composite", overwrite=True, dry_run=dry_run)
        with pytest.raises(OutputError, match=REFUSAL):
            sc.despeckle(source, output, overwrite=True, dry_run=dry_run)
    assert _bytes_of(tmp_path) == before


def test_a_stack_never_replaces_the_sources_of_its_virtual_rasters(make_tif: MakeTif, tmp_path: Path) -> None:
    sources = []
    for number, name in enumerate(("first", "second")):
        values = speckled(130, 140, seed=number)
        part = make_tif(values, f"parts/{name}.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
        copy(part, tmp_path / f"{name}.vrt", driver="VRT")
        sources.append(tmp_path / f"{name}.vrt")
    before = _bytes_of(tmp_path)
    with pytest.raises(OutputError, match=REFUSAL):
        sc.despeckle_stack(sources, tmp_path / "parts", overwrite=True)
    assert _bytes_of(tmp_path) == before


@pytest.mark.parametrize("way", ["virtual palette", "palette in a zip", "shapefile", "zipped area", "model"])
def test_what_a_run_reads_besides_the_scene_is_never_replaced(
    scene: Path, picture: Path, tmp_path: Path, placed_weights: Path, way: str
) -> None:
    settings: dict[str, Any] = {"model": str(placed_weights)}
    area = geopandas.GeoSeries([shapely.box(500000, 4998000, 501000, 5000000)], crs=UTM33)
    output = tmp_path / "target.tif"
    if way == "virtual palette":
        settings["palette"], output = str(_virtual(picture, "palette.vrt")), picture
    elif way == "palette in a zip":
        archive = _zip(picture)
        settings["palette"] = f"/vsizip/{archive}/inner/scene.tif"
        output.hardlink_to(archive)
    elif way == "shapefile":
        area.to_file(tmp_path / "area.shp")
        settings["aoi"] = tmp_path / "area.shp"
        output.hardlink_to(tmp_path / "area.dbf")
    elif way == "zipped area":
        area.to_file(tmp_path / "area.shp")
        with zipfile.ZipFile(tmp_path / "area.zip", "w") as archive:
            for part in tmp_path.glob("area.*[!p]"):
                archive.write(part, part.name)
            archive.write(tmp_path / "area.shp", "area.shp")
        settings["aoi"] = tmp_path / "area.zip"
        output.hardlink_to(tmp_path / "area.zip")
    else:
        weights = shutil.copy(placed_weights, tmp_path / "weights.safetensors")
        settings["model"] = str(weights)
        output.hardlink_to(weights)
    before = _bytes_of(tmp_path)
    with pytest.raises(OutputError, match=REFUSAL):
        sc.colorize(scene, output, overwrite=True, **settings)
    with pytest.raises(OutputError, match=REFUSAL):
        sc.colorize(scene, tmp_path / "new.tif", uncertainty=output, overwrite=True, **settings)
    assert _bytes_of(tmp_path) == before


def test_no_part_of_a_product_is_replaced_and_nothing_is_written_into_it(tmp_path: Path) -> None:
    product = make_safe(tmp_path)
    part = next(product.glob("annotation/*.xml"))
    link = tmp_path / "link.tif"
    link.hardlink_to(part)
    before = _bytes_of(tmp_path)
    measurement = next(product.glob("measurement/*.tiff"))
    for source in (product, measurement, product / "manifest.safe"):
        with pytest.raises(OutputError, match=REFUSAL):
            sc.colorize(source, link, model="composite", overwrite=True)
        with pytest.raises(OutputError, match="output must stand outside its input"):
            sc.despeckle(source, product / "new.tif")
    with pytest.raises(OutputError, match="output must stand outside its input"):
        build_pairs(product, measurement, product / "pairs")
    assert _bytes_of(tmp_path) == before


def test_the_file_behind_a_dataarray_is_never_replaced(scene: Path) -> None:
    before = scene.read_bytes()
    with rioxarray.open_rasterio(scene, chunks=128) as array:
        named = array.assign_attrs(units="dB").rename("VV")
        for call in (sc.colorize, sc.despeckle):
            with pytest.raises(OutputError, match=REFUSAL):
                call(named, scene, overwrite=True)
    assert scene.read_bytes() == before


def test_a_scene_on_a_map_and_an_open_scene_keep_their_files(scene: Path, make_tif: MakeTif) -> None:
    virtual = _virtual(scene, "virtual.vrt")
    with pytest.raises(OutputError, match=REFUSAL):
        sc.despeckle(sc.open_scene(virtual), scene, overwrite=True)


@pytest.mark.parametrize("way", ["radar", "colour", "model"])
def test_adapt_replaces_no_input_by_another_name(
    scene: Path, picture: Path, tmp_path: Path, placed_weights: Path, way: str
) -> None:
    weights = shutil.copy(placed_weights, tmp_path / "weights.safetensors")
    s1, s2 = _virtual(scene, "s1.vrt"), _virtual(picture, "s2.vrt")
    out = {"radar": scene, "colour": picture, "model": _linked(Path(weights))}[way]
    before = _bytes_of(tmp_path)
    with pytest.raises(OutputError, match=r"another file than the inputs, got "):
        adapt(s1, s2, out, model=str(weights), overwrite=True)
    assert _bytes_of(tmp_path) == before


def test_a_demo_never_replaces_its_own_model(tmp_path: Path, placed_weights: Path) -> None:
    (tmp_path / "demo").mkdir()
    weights = Path(shutil.copy(placed_weights, tmp_path / "demo" / "before_after.png"))
    with pytest.raises(OutputError, match=REFUSAL):
        demo(tmp_path / "demo", model=str(weights), overwrite=True)
    assert weights.read_bytes() == placed_weights.read_bytes()


def test_an_output_that_only_stands_beside_the_input_is_replaced(scene: Path, tmp_path: Path) -> None:
    (tmp_path / "out.tif").write_bytes(b"older")
    sc.colorize(_virtual(scene, "virtual.vrt"), tmp_path / "out.tif", model="composite", overwrite=True)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert dataset.count == 3


def test_the_files_of_remote_sources_are_none() -> None:
    assert files_of("https://example.org/a.tif") == set()
    assert files_of("/vsis3/bucket/a.tif") == set()
    assert files_of("by-place") == set()


def test_the_files_of_a_name_are_found_whatever_stands_around_the_path(scene: Path) -> None:
    archive = _zip(scene)
    for name, file in (
        (f"GTIFF_DIR:1:{scene}", scene),
        (f'NETCDF:"{scene}":vv', scene),
        (f"zip://{archive}!/inner/scene.tif", archive),
        (f"zip+file://{archive}!/inner/scene.tif", archive),
        (f"/vsizip//vsizip/{archive}/inner.zip/a.tif", archive),
        (f"/vsisubfile/8_100,{scene}", scene),
        (f"<VRTDataset><SourceFilename>{scene}</SourceFilename></VRTDataset>", scene),
    ):
        assert file in files_of(name), name
