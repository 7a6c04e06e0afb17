"""Seeded damage: every way into the package gives a result or one sentence, whatever is done to a file's bytes."""

from __future__ import annotations

import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import TRANSFORM, UTM33, speckled
from made_product import make_safe, make_zip
from rasterio.control import GroundControlPoint

from sar_colorize import api
from sar_colorize.errors import SarColorizeError, SceneError, SettingError, UnreadableError
from sar_colorize.palette.from_picture import read_palette
from sar_colorize.raster import Grid, Window
from sar_colorize.reference.picture import look_at, reference_on
from sar_colorize.scene import open_scene
from sar_colorize.scene.area import read_area, read_bbox
from sar_colorize.scene.members import MOST_MEMBERS

GRID = Grid(96, 128, TRANSFORM, rasterio.crs.CRS.from_string(UTM33).to_wkt())
MakeTif = Callable[..., Path]
Random = np.random.Generator


def _sentence_or_result(use: Callable[[], Any]) -> str:
    """The sentence that a use ends with, "" if it ends with a result; any other exception is a failure of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL warns of what it forgives
        try:
            use()
        except SarColorizeError as error:
            said = str(error)
            assert said, "a sentence says something"
            assert "\n" not in said
            assert "\0" not in said
            assert len(said) < 2000
            return said
    return ""


def _use(source: Path) -> None:
    scene = open_scene(source)
    height, width = min(64, scene.grid.height), min(64, scene.grid.width)
    scene.read(Window(0, 0, height, width))
    scene.read(Window(scene.grid.height - height, scene.grid.width - width, height, width))
    api.info(source)


def _damaged(data: bytes, random: Random) -> bytes:
    """Bytes flipped, cut out, doubled, zeroed or replaced by numbers that break readers; mostly in the first 1 kB."""
    found = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        reach = min(len(found), 1000 if random.random() < 0.7 else len(found))
        at = int(random.integers(0, max(1, reach - 8)))
        kind = random.integers(0, 6)
        if kind == 0:
            found[at] ^= 1 << int(random.integers(0, 8))
        elif kind == 1:
            found[at : at + 4] = struct.pack("<I", int(random.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000])))
        elif kind == 2:
            found[at : at + 2] = struct.pack("<H", int(random.choice([0, 1, 0xFFFF, 0x8000, 3, 258])))
        elif kind == 3:
            del found[at : at + int(random.integers(1, 40))]
        elif kind == 4:
            found[at:at] = found[at : at + int(random.integers(1, 40))]
        else:
            found = found[: int(random.integers(1, len(found)))] if random.random() < 0.4 else found
    return bytes(found)


@pytest.fixture
def rasters(make_tif: MakeTif) -> dict[str, bytes]:
    """Small GeoTIFFs of different structure."""
    values = np.stack([speckled(96, 128), speckled(96, 128, seed=1, median_db=-18.5)])
    points = [
        GroundControlPoint(row=row, col=col, x=11 - col * 1e-4, y=46 - row * 1e-4, z=0)
        for row in (0, 48, 96) for col in (0, 64, 128)
    ]  # fmt: skip
    kinds: dict[str, dict[str, Any]] = {
        "plain": {"names": ("VV", "VH"), "tags": {"UNITS": "dB"}},
        "deflate": {"names": ("VV", "VH"), "compress": "deflate", "predictor": 3, "nodata": -99.0},
        "mask": {"mask": np.ones((96, 128), bool), "compress": "lzw"},
        "points": {"gcps": points, "crs": "EPSG:4326", "transform": None, "names": ("VV", "VH")},
        "strips": {"tiled": False, "blockxsize": None, "blockysize": None, "bigtiff": "yes"},
    }
    found = {}
    for name, options in kinds.items():
        path = make_tif(values, f"{name}.tif", **{key: value for key, value in options.items() if value is not None or (
            key == "transform")})  # fmt: skip
        found[name] = path.read_bytes()
    return found


@pytest.mark.parametrize("kind", ["plain", "deflate", "mask", "points", "strips"])
def test_damaged_geotiffs_open_or_are_refused(rasters: dict[str, bytes], tmp_path: Path, kind: str) -> None:
    random = np.random.default_rng([13, len(kind)])
    path = tmp_path / "damaged.tif"
    refused = 0
    for _ in range(60):
        path.write_bytes(_damaged(rasters[kind], random))
        refused += bool(_sentence_or_result(lambda: _use(path)))
    assert refused > 5, "the damage is felt"


@pytest.mark.parametrize("kind", ["plain", "deflate", "points", "strips"])
def test_geotiffs_cut_anywhere_open_or_are_refused(rasters: dict[str, bytes], tmp_path: Path, kind: str) -> None:
    path, data = tmp_path / "short.tif", rasters[kind]
    for length in (1, 4, 8, 16, 100, 300, len(data) // 2, len(data) - 200, len(data) - 2, len(data) - 1):
        path.write_bytes(data[:length])
        _sentence_or_result(lambda: _use(path))


def test_damaged_pictures_and_areas_open_or_are_refused(make_tif: MakeTif, tmp_path: Path) -> None:
    import geopandas
    import shapely

    picture = make_tif(np.full((3, 96, 128), 90, np.uint8), "colour.tif").read_bytes()
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(500100, 4999300, 500900, 4999900)], crs=UTM33)
    for name in ("area.gpkg", "area.geojson", "area.fgb", "area.shp"):
        frame.to_file(tmp_path / name)
    areas = {path.suffix: path.read_bytes() for path in tmp_path.glob("area.*")}
    random = np.random.default_rng(14)
    refused = 0
    for _ in range(60):
        path = tmp_path / "damaged.tif"
        path.write_bytes(_damaged(picture, random))
        refused += bool(_sentence_or_result(lambda path=path: reference_on(str(path), GRID)))
        refused += bool(_sentence_or_result(lambda path=path: read_palette(str(path), GRID)))
    for number in range(100):
        suffix = (".gpkg", ".geojson", ".fgb", ".shp")[number % 4]
        for part in (".shx", ".dbf", ".prj"):
            (tmp_path / f"damaged{part}").write_bytes(areas[part])
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(_damaged(areas[suffix], random))
        refused += bool(_sentence_or_result(lambda path=path: read_area(str(path), GRID)))
    assert refused > 50


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_safe(tmp_path_factory.mktemp("product"))


def _parts(safe: Path) -> list[Path]:
    return [*sorted(safe.rglob("*.xml")), safe / "manifest.safe"]


NONSENSE = (
    "",
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "9" * 400,
    "x",
    "<x/>",
    "2147483648",
    "&#0;",
    "&amp;",
    "]]>",
    "\ud7ff",
)


def _mutated(text: str, random: Random) -> str:
    """XML with the text of an element replaced, an element cut out, or bytes damaged."""
    import re

    spots = list(re.finditer(r">([^<>]+)<", text))
    spot = spots[int(random.integers(0, len(spots)))]
    kind = random.integers(0, 4)
    if kind < 2:
        words = spot[1].split()
        words[int(random.integers(0, len(words)))] = NONSENSE[int(random.integers(0, len(NONSENSE)))]
        return text[: spot.start(1)] + " ".join(words) + text[spot.end(1) :]
    if kind == 2:
        start = text.rfind("<", 0, spot.start())
        return text[:start] + text[text.find(">", spot.end()) + 1 :]
    return _damaged(text.encode(), random).decode("latin-1")


def test_products_with_damaged_metadata_open_or_are_refused(product: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(15)
    safe = Path(shutil.copytree(product, tmp_path / product.name))
    refused = 0
    for number in range(90):
        part = _parts(safe)[int(random.integers(0, len(_parts(safe))))]
        whole = part.read_bytes()
        part.write_text(_mutated(whole.decode(), random), encoding="utf-8")
        grid = "map" if number % 10 == 0 else "radar"
        refused += bool(
            _sentence_or_result(lambda grid=grid: open_scene(safe, grid=grid).read(Window(100, 100, 20, 20)))
        )
        part.write_bytes(whole)
    assert refused > 30


@pytest.mark.parametrize(
    "start", ['<?xml version="1.0" encoding="x-unknown"?>', '<?xml version="1.0" encoding="UTF-32"?>',
              '<?xml version="1.0" encoding="cp037"?>', "\ufeff\ufeff", '<?xml version="9.9"?>'],
)  # fmt: skip
def test_an_unknown_encoding_of_xml_is_one_sentence(product: Path, tmp_path: Path, start: str) -> None:
    safe = Path(shutil.copytree(product, tmp_path / product.name))
    part = next(safe.glob("annotation/*.xml"))
    part.write_text(start + part.read_text(), encoding="utf-8")
    said = _sentence_or_result(lambda: open_scene(safe, grid="radar"))
    assert said.startswith("product metadata must be ") or not said


def test_zips_with_damaged_bytes_open_or_are_refused(product: Path, tmp_path: Path) -> None:
    whole = make_zip(product).read_bytes()
    path = tmp_path / "damaged.zip"
    random = np.random.default_rng(16)
    refused = 0
    for number in range(60):
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 4))):
            at = int(random.integers(0, len(data))) if number % 2 else len(data) - int(random.integers(1, 2500))
            data[at] ^= 1 << int(random.integers(0, 8))
        path.write_bytes(bytes(data) if number % 5 else bytes(data[: int(random.integers(1, len(data)))]))
        refused += bool(_sentence_or_result(lambda: open_scene(path, grid="radar").read(Window(100, 100, 20, 20))))
    assert refused > 10


def _patched(path: Path, signature: bytes, offset: int, value: bytes) -> Path:
    """Every record of a kind in a zip with some bytes replaced."""
    data = bytearray(path.read_bytes())
    at = data.find(signature)
    while at >= 0:
        data[at + offset : at + offset + len(value)] = value
        at = data.find(signature, at + 4)
    path.write_bytes(bytes(data))
    return path


ZIPS = {
    "encrypted": (8, b"\x01"), "a version of the future": (6, b"\xff\x00"), "an unknown method": (10, b"\x61\x00"),
    "a name that is no UTF-8": (9, b"\x08"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ZIPS)
def test_members_that_python_cannot_read_are_one_sentence(product: Path, tmp_path: Path, kind: str) -> None:
    path = Path(shutil.copy(make_zip(product), tmp_path / "x.zip"))
    offset, value = ZIPS[kind]
    _patched(path, b"PK\x01\x02", offset, value)
    if kind == "a name that is no UTF-8":
        path.write_bytes(path.read_bytes().replace(b"manifest", b"m\xff\xfeifest"))
    with pytest.raises(UnreadableError, match=r"must be (a whole zip|whole and not encrypted)"):
        open_scene(path)


def test_bit_rot_in_a_zip_is_one_sentence(product: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(make_zip(product), tmp_path / "x.zip"))
    with zipfile.ZipFile(path) as archive:
        entry = next(part for part in archive.infolist() if "/annotation/s1a-iw-grd-vv" in part.filename)
    data = bytearray(path.read_bytes())
    start = entry.header_offset + 30 + len(entry.filename)
    data[start : start + 30] = b"\xff" * 30
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableError, match=r"zip must be whole and not encrypted, got an unreadable .*s1a-iw"):
        open_scene(path)


def test_a_zip_of_too_many_members_is_refused_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MOST_MEMBERS + 1):
            archive.writestr(f"S1.SAFE/{number}.tif", b"")
    long = tmp_path / "long.zip"
    with zipfile.ZipFile(long, "w") as archive:
        for number in range(100):
            archive.writestr(f"{number}{'a/' * 32_000}x.tif", b"")
    for source in (path, long):
        with pytest.raises(UnreadableError, match=rf"input zip must hold at most {MOST_MEMBERS} members, got more in"):
            open_scene(source)


def test_a_folder_of_too_many_files_is_refused(product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sar_colorize.scene import members

    monkeypatch.setattr(members, "MOST_MEMBERS", 5)
    with pytest.raises(UnreadableError, match=r"input folder must hold at most 5 files, got more in"):
        open_scene(product)


NAMES = ["", " ", "a\nb.tif", "a\nb/scene.tif", "a\nb.SAFE", "a\0b.tif", "\udcff.tif", "x" * 256 + ".tif",
         "a/" * 3000 + "b.tif", "<VRTDataset/>", "\x1b[31m.tif"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_file_can_have_is_one_sentence_for_every_path(name: str) -> None:
    for use, what in (
        (lambda: open_scene(name), "input"),
        (lambda: api.info(name), "input"),
        (lambda: look_at(name), "reference"),
        (lambda: read_palette(name, GRID), "palette"),
        (lambda: read_area(name, GRID), "aoi"),
    ):
        assert _sentence_or_result(use).startswith(f"{what} must "), what


def test_a_file_whose_name_has_255_bytes_opens(make_tif: MakeTif) -> None:
    assert open_scene(make_tif(speckled(96, 128), "x" * 251 + ".tif")).grid.width == 128


@pytest.mark.parametrize(
    "crs", ["", " ", "EPSG:", "\0", "x" * 500, "EPSG:99999999999999999999", "{}", "+proj=pipeline"]
)
def test_a_crs_of_a_box_that_is_none_is_one_sentence(crs: str) -> None:
    with pytest.raises(SettingError, match=r"^bbox_crs must be a CRS such as EPSG:4326, got "):
        read_bbox((0.0, 0.0, 5.0, 5.0), crs, GRID)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_box_that_is_not_finite_is_one_sentence(value: float) -> None:
    with pytest.raises(SettingError, match=r"^bbox must be "):
        read_bbox((value, 0.0, 5.0, 5.0), None, GRID)


def _points(kind: str) -> Iterator[GroundControlPoint]:
    for number, (row, col) in enumerate((row, col) for row in (0, 48, 96) for col in (0, 64, 128)):
        x, y = 11 - col * 1e-4 + row * 1e-5, 46 - row * 1e-4
        if kind == "one place":
            x, y = 11.0, 46.0
        elif kind == "a line":
            y = x + 35
        elif kind == "a pole":
            x, y = col * 2.8 - 180, 89.999 + row * 1e-5
        elif kind == "beyond a pole":
            y = 89.99 + row * 1e-3
        elif kind == "not finite":
            x = np.nan if number == 4 else x
        elif kind == "far away":
            y *= 1e30
        elif kind == "scattered":
            x, y = np.random.default_rng(number).uniform((-180, -89), (180, 89))
        yield GroundControlPoint(row=row, col=0 if kind == "one column" else col, x=x, y=y, z=0)


@pytest.mark.parametrize(
    "kind",
    ["one place", "a line", "a pole", "beyond a pole", "not finite", "far away", "scattered", "one column"],
)
def test_control_points_that_make_no_map_are_one_sentence(make_tif: MakeTif, kind: str) -> None:
    path = make_tif(speckled(96, 128), gcps=list(_points(kind)), crs="EPSG:4326", transform=None, tags={"UNITS": "dB"})
    said = _sentence_or_result(lambda: open_scene(path).read(Window(0, 0, 64, 64)))
    assert said.startswith(("ground control points must ", "resolution must fit", "crs must cover")) or kind == "a pole"
    assert open_scene(path, grid="radar").read(Window(0, 0, 96, 128)).valid.all()


@pytest.mark.parametrize(
    "numbers", [(np.nan, 0, 5e5, 0, -10, 5e6), (np.inf, 0, 5e5, 0, -10, 5e6), (10, 10, 5e5, 10, 10, 5e6),
                (1e300, 0, 5e5, 0, -10, 5e6), (10, 0, 1e30, 0, -10, 5e6)],
)  # fmt: skip
def test_a_georeference_that_is_none_is_one_sentence(make_tif: MakeTif, numbers: tuple[float, ...]) -> None:
    from affine import Affine

    path = make_tif(speckled(96, 128), transform=Affine(*numbers))
    with pytest.raises(SceneError, match=r"georeference must be finite and span an area, got the transform"):
        open_scene(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("crs", 32633), ("crs", {"init": "x"}), ("crs", "nonsense"), ("crs", "EPSG:4978"), ("resolution", {}),
     ("resolution", "10"), ("resolution", True), ("resolution", np.inf), ("resolution", np.nan), ("resolution", 1e-300),
     ("resolution", 1e300)],
)  # fmt: skip
def test_a_map_grid_that_cannot_be_is_one_sentence(product: Path, name: str, value: object) -> None:
    said = _sentence_or_result(lambda: open_scene(product, **{name: value}))
    assert said.startswith(f"{name} must ") or (value == "EPSG:4978" and said), said
    assert open_scene(product, resolution=np.float32(20)).grid.width > 0


@pytest.mark.parametrize("kind", ["not finite", "singular", "far"])
def test_a_picture_whose_georeference_is_none_is_one_sentence(make_tif: MakeTif, kind: str) -> None:
    from affine import Affine

    numbers = {"not finite": (np.inf, 0, 5e5, 0, -10, 5e6), "singular": (10, 10, 5e5, 10, 10, 5e6),
               "far": (10, 0, 1e30, 0, -10, 5e6)}[kind]  # fmt: skip
    path = make_tif(np.full((3, 96, 128), 90, np.uint8), transform=Affine(*numbers))
    with pytest.raises(SettingError, match=r"palette must have a georeference that is finite and spans an area, or"):
        read_palette(str(path), GRID)


@pytest.mark.parametrize("count", [1, 2])
def test_a_raster_of_opacity_alone_is_refused(make_tif: MakeTif, count: int) -> None:
    from rasterio.enums import ColorInterp

    path = make_tif(np.full((count, 96, 128), 200, np.uint8), colorinterp=[ColorInterp.alpha] * count)
    with pytest.raises(SceneError, match="input must hold measurements, got only opacity"):
        open_scene(path)


def test_a_raster_of_two_billion_pixels_a_side_is_looked_at_in_little_memory(make_tif: MakeTif, tmp_path: Path) -> None:
    import tracemalloc

    make_tif(speckled(96, 128), "near.tif")
    source = (
        '<VRTDataset rasterXSize="2147483647" rasterYSize="2147483647"><SRS>EPSG:32633</SRS><GeoTransform>5e5, 10, 0, '
        '5e6, 0, -10</GeoTransform><VRTRasterBand dataType="Float32" band="1"{block}><Description>VV_dB</Description>'
        '<SimpleSource><SourceFilename relativeToVRT="1">near.tif</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    path = tmp_path / "huge.vrt"
    for block in ("", ' blockXSize="2147483647" blockYSize="2147483647"'):
        path.write_text(source.replace("{block}", block))
        tracemalloc.start()
        facts = api.info(path)
        list(open_scene(path).samples())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        with pytest.raises(SceneError, match=r"scene must be at most 20000000 px a side"):
            open_scene(path).to_xarray()
        assert facts["width"] == 2147483647
        assert max(facts["block_shape"]) <= 4096
        assert peak < 200 << 20


def test_a_block_that_fits_no_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "strip.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=1, width=2_000_000_000, count=1, dtype="uint8", sparse_ok=True, bigtiff="yes",
        compress="deflate", blockysize=1,
    ):  # fmt: skip
        pass
    with pytest.raises(UnreadableError, match=r"must be stored in blocks of at most 512 MB, got 2000000000 x 1"):
        open_scene(path)


def test_a_raster_of_thousands_of_bands_is_refused_before_it_is_sampled(make_tif: MakeTif) -> None:
    path = make_tif(np.zeros((300, 16, 16), np.uint8), blockxsize=16, blockysize=16)
    with pytest.raises(SceneError, match=r"input must have at most 256 bands, got 300 in"):
        open_scene(path)
