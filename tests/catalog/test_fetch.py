"""What a scene needs of a mosaic comes from a range server through GDAL, and becomes one file that says what it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window as RioWindow

from sar_colorize.catalog.fetch import Fetched, fetch
from sar_colorize.catalog.plan import plan_fetch
from sar_colorize.catalog.sources import mosaic_zone, parse_source, worldcover_file
from sar_colorize.errors import NetworkError, SettingError
from sar_colorize.raster import Grid
from sar_colorize.reference.picture import REFLECTANCE_E4, look_at
from sar_colorize.scene.date import Date, find_date
from tools.mosaic_server import MosaicServer, landscape, write_mosaic_120, write_worldcover


def utm(zone: int, x: float, y: float, *, size_px: int = 400, pixel_m: float = 20.0) -> Grid:
    """A grid in UTM, north, whose upper left corner is at (x, y)."""
    return Grid(size_px, size_px, Affine(pixel_m, 0.0, x, 0.0, -pixel_m, y), CRS.from_epsg(32600 + zone).to_wkt())


def fetched(grid: Grid, name: str, date: Date | None = None, resolution: float | None = None, **more: bool) -> Fetched:
    """A source for a grid."""
    wanted = parse_source(name)
    assert wanted is not None
    return fetch(plan_fetch(grid, wanted, resolution), date, **more)


def truth_of(path: str) -> np.ndarray:
    """What the landscape is at the pixels of a file: (3, H, W)."""
    from rasterio.warp import transform

    with rasterio.open(path) as dataset:
        rows, cols = np.mgrid[0 : dataset.height, 0 : dataset.width] + 0.5
        xs, ys = dataset.transform @ (cols.ravel(), rows.ravel())
        lons, lats = transform(dataset.crs, "EPSG:4326", xs, ys)
    return landscape(np.reshape(lons, rows.shape), np.reshape(lats, rows.shape))[:3]


def test_the_corner_of_four_tiles_is_drawn_without_a_seam(folder: Path, server: MosaicServer) -> None:
    for south, west in ((44, 14), (44, 15), (45, 14), (45, 15)):
        write_worldcover(folder, south, west)
    found = fetched(utm(33, 496000, 4987000), "worldcover", resolution=100.0)
    assert found.items == ("N44E014", "N44E015", "N45E014", "N45E015")
    assert found.share == 1.0
    with rasterio.open(found.path) as dataset:
        values = dataset.read()
        assert dataset.descriptions == ("red", "green", "blue")
        assert dataset.crs.to_epsg() == 32633
    shown = values.any(0)
    assert shown.shape == (86, 86)  # the scene is 80 x 80 of its pixels
    assert shown.all()
    assert (
        np.abs(values.astype(int) - truth_of(found.path).astype(int))[:, shown].max() <= 12
    )  # half a pixel of 185 m beside the edge of a tile


def test_the_file_says_what_it_is_and_is_read_as_reflectance(folder: Path, server: MosaicServer) -> None:
    write_worldcover(folder, 44, 14)
    found = fetched(utm(33, 460000, 4940000), "worldcover")
    with rasterio.open(found.path) as dataset:
        tags = dataset.tags()
        assert (dataset.nodata, dataset.dtypes[0], dataset.profile["tiled"]) == (0, "uint16", True)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert tags["SOURCE"] == "ESA WorldCover Sentinel-2 composite (worldcover), 2021, median of the year"
    assert tags["LICENCE"] == "CC BY 4.0"
    assert tags["CREDIT"].startswith(
        "(c) ESA WorldCover project 2021 / Contains modified Copernicus Sentinel data (2021)"
    )
    assert find_date(tags, found.path) is None  # a median of a year has no month
    picture = look_at(found.path)
    assert (picture.kind, picture.bands, picture.offset.dn) == (REFLECTANCE_E4, (1, 2, 3), 0.0)


def test_only_the_blocks_that_are_needed_are_asked_for(folder: Path, server: MosaicServer) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(300, 3000, (4, 2400, 2400), dtype=np.uint16)
    path = write_worldcover(folder, 44, 14, size=2400, values=lambda lons, lats: noise)
    found = fetched(utm(33, 440000, 4920000, size_px=1800), "worldcover", resolution=100.0)
    assert abs(server.bytes - found.megabytes * 1e6) < 1000
    with rasterio.open(path) as whole:
        size = path.stat().st_size
        left, bottom, right, top = rasterio.warp.transform_bounds(
            "EPSG:32633", "EPSG:4326", 440000, 4920000 - 36000, 440000 + 36000, 4920000
        )
        step = whole.transform.a * 2  # 93 m from north to south; the next would be 186 m
        rows = range(int((45 - top) / step) // 256, int((45 - bottom) / step) // 256 + 1)
        cols = range(int((left - 14) / step) // 256, int((right - 14) / step) // 256 + 1)
        ideal = sum(
            int(whole.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=1, ovr=0)) for row in rows for col in cols
        )
    assert server.bytes < 1.2 * ideal
    assert server.bytes < size / 10


def test_a_second_run_takes_the_file_that_is_there(folder: Path, server: MosaicServer) -> None:
    write_worldcover(folder, 44, 14)
    first = fetched(utm(33, 460000, 4940000), "worldcover")
    asked = len(server.requests)
    again = fetched(utm(33, 460000, 4940000), "worldcover", offline=True)
    assert len(server.requests) == asked
    assert again.from_cache
    assert (again.path, again.items, again.credit) == (first.path, first.items, first.credit)


def test_offline_without_a_file_is_one_sentence(server: MosaicServer) -> None:
    with pytest.raises(SettingError, match="reference worldcover must be in the cache to be used offline, got nothing"):
        fetched(utm(33, 460000, 4940000), "worldcover", offline=True)
    assert server.requests == []


def test_the_seasonal_mosaic_is_of_the_date_that_is_nearest_round_the_year(folder: Path, server: MosaicServer) -> None:
    box = (420000.0, 4900000.0, 600000.0, 5000000.0)
    for date, shade in (((2020, 7, 12), 1.0), ((2019, 7, 10), 1.1), ((2019, 1, 1), 0.5)):
        write_mosaic_120(folder, "33T", date, box, shade=shade)
    grid = utm(33, 460000, 4940000)
    assert fetched(grid, "mosaic-120", Date(2026, 12, 20)).date == "2019-01-01"
    assert fetched(grid, "mosaic-120", Date(2026, 7, 14)).date == "2019-07-10"
    assert fetched(grid, "mosaic-120", Date(2026, 7, 21)).date == "2020-07-12"
    assert fetched(grid, "mosaic-120:1").date == "2019-01-01"
    summer = fetched(grid, "mosaic-120")  # without any date: summer, when least is under snow
    assert summer.date == "2019-07-10"
    with rasterio.open(summer.path) as dataset:
        assert find_date(dataset.tags(), "x") == Date(2019, 7, 10)
    assert summer.credit == "Contains modified Copernicus data 2019 processed by Sentinel Hub"


def test_a_scene_over_two_utm_zones_gets_both(folder: Path, server: MosaicServer) -> None:
    write_mosaic_120(folder, "32T", (2020, 7, 12), (600000.0, 4850000.0, 800000.0, 5050000.0))
    write_mosaic_120(folder, "33T", (2020, 7, 12), (200000.0, 4850000.0, 400000.0, 5050000.0))
    grid = utm(33, 251000, 4960000, size_px=1200)  # 12 degrees east runs through its middle
    found = fetched(grid, "mosaic-120:7")
    assert found.items == ("32T", "33T")
    assert found.share == 1.0


def test_a_scene_at_the_antimeridian_gets_tiles_of_both_sides(folder: Path, server: MosaicServer) -> None:
    write_worldcover(folder, 66, 179)
    write_worldcover(folder, 66, -180)
    grid = Grid(200, 400, Affine(0.001, 0.0, 179.8, 0.0, -0.001, 66.6), CRS.from_epsg(4326).to_wkt())
    found = fetched(grid, "worldcover", resolution=200.0)
    assert found.items == ("N66W180", "N66E179")
    assert found.share > 0.99


def test_where_sea_is_there_are_gaps_and_what_is_known_is_kept(folder: Path, server: MosaicServer) -> None:
    write_worldcover(folder, 44, 14)
    found = fetched(utm(33, 496000, 4920000), "worldcover", resolution=100.0)  # its east has no tile
    assert found.items == ("N44E014",)
    assert 0.4 < found.share < 0.6


def test_open_sea_is_one_sentence(server: MosaicServer) -> None:
    with pytest.raises(NetworkError, match=r"reference worldcover must show ground of the scene, got only sea or gaps"):
        fetched(utm(33, 460000, 4940000), "worldcover")
    assert len(server.requests) == 1  # nothing is there, which is asked once


def test_open_sea_is_asked_for_once_a_month(
    folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sea, half = utm(33, 460000, 4840000), utm(33, 496000, 4920000)
    write_worldcover(folder, 44, 14)  # the second scene's west
    for _ in range(2):
        with pytest.raises(NetworkError, match="got only sea or gaps in 1 tiles"):
            fetched(sea, "worldcover")
        assert len(server.requests) == 1
    fetched(half, "worldcover", resolution=100.0)
    asked = [name for name in server.requests if "E015" in name]
    fetched(half, "worldcover", resolution=120.0)
    assert [name for name in server.requests if "E015" in name] == asked != []
    later = time.time() + 31 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    fetched(half, "worldcover", resolution=140.0)
    assert [name for name in server.requests if "E015" in name] == asked * 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": "b"}', '{"a": null}', "[" * 100_000, "\xff"])
def test_a_damaged_list_of_absent_files_knows_nothing(
    folder: Path, server: MosaicServer, tmp_path: Path, text: str
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "absent.json").write_text(text, encoding="latin-1")
    write_worldcover(folder, 44, 14)
    assert fetched(utm(33, 496000, 4920000), "worldcover", resolution=100.0).items == ("N44E014",)


@pytest.mark.parametrize(
    ("crs", "place", "said"),
    [
        ("EPSG:3413", (0.0, 0.0), r"got one at latitude 8\d\.\d; the source reaches from -60 to 83"),
        ("EPSG:3031", (0.0, 0.0), r"got one at latitude -8\d\.\d; the source reaches from -60 to 83"),
    ],
)
def test_the_poles_are_refused_before_a_server_is_asked(
    server: MosaicServer, crs: str, place: tuple[float, float], said: str
) -> None:
    grid = Grid(100, 100, Affine(100.0, 0.0, place[0], 0.0, -100.0, place[1]), CRS.from_user_input(crs).to_wkt())
    with pytest.raises(SettingError, match=said):
        fetched(grid, "worldcover")
    assert server.requests == []


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (Grid(100, 100), "reference worldcover must be a file for a scene without a georeference"),
        (
            Grid(1800, 3600, Affine(0.1, 0.0, -180.0, 0.0, -0.1, 90.0), CRS.from_epsg(4326).to_wkt()),
            "reference worldcover must be a file for a scene of more than 3000 km across",
        ),
    ],
)
def test_scenes_that_no_mosaic_fits_are_refused(server: MosaicServer, grid: Grid, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        fetched(grid, "worldcover")


@pytest.mark.parametrize(
    ("side_km", "name", "expected"),
    [(30, "worldcover", 20.0), (60, "worldcover", 40.0), (250, "worldcover", 160.0), (60, "mosaic-120", 120.0)],
)
def test_the_usual_resolution_is_coarser_for_large_scenes(side_km: int, name: str, expected: float) -> None:
    wanted = parse_source(name)
    assert wanted is not None
    plan = plan_fetch(utm(33, 400000, 5000000, size_px=side_km * 50), wanted)
    assert plan.resolution == expected
    assert bool(plan.why) == (expected > max(20.0, wanted.source.native_m))


def test_a_resolution_finer_than_the_source_or_too_fine_for_the_scene_is_refused() -> None:
    wanted = parse_source("worldcover")
    assert wanted is not None
    with pytest.raises(
        SettingError, match=r"reference_resolution must be from 10 to 5000 metres for worldcover, got 5"
    ):
        plan_fetch(utm(33, 400000, 5000000), wanted, 5.0)
    with pytest.raises(
        SettingError, match=r"reference_resolution must be at least \d+ for a scene of this size, got 10"
    ):
        plan_fetch(utm(33, 400000, 5000000, size_px=12500), wanted, 10.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worldcover:2019", r"must be worldcover of 2021 or 2020, got 'worldcover:2019'; leave the year out"),
        ("worldcover:", "must be worldcover of 2021 or 2020"),
        ("mosaic-120:13", "must be mosaic-120 of a month from 1 to 12"),
        ("mosaic-120:July", "must be mosaic-120 of a month from 1 to 12"),
    ],
)
def test_a_source_of_another_time_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        parse_source(text)


def test_other_names_are_files() -> None:
    assert [parse_source(name) for name in ("picture.tif", "./worldcover", "worldcover.tif", "")] == [None] * 4


def test_addresses_are_those_of_the_makers() -> None:
    base = "https://example.com"
    assert worldcover_file(base, 2021, 47, -121) == (
        "N47W121",
        "https://example.com/rgbnir/2021/N47/ESA_WorldCover_10m_2021_v200_N47W121_S2RGBNIR.tif",
    )
    assert worldcover_file(base, 2020, -3, 36)[0] == "S03E036"
    places: dict[str, tuple[float, float]] = {
        "30T": (-4.0, 40.4), "01K": (-179.9, -18.0), "60K": (179.9, -18.0), "32V": (4.0, 60.4), "31V": (2.0, 60.0),
    }  # fmt: skip
    assert {name: mosaic_zone(*place) for name, place in places.items()} == {name: name for name in places}


@pytest.mark.parametrize(
    "value", ["file:///etc", "ftp://host/x", "/vsimem/x", "host", "https://user:word@host/", "https://host/?sig=word"]
)
def test_an_address_that_is_none_of_the_web_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SAR_COLORIZE_WORLDCOVER_URL", value)
    with pytest.raises(
        SettingError, match="SAR_COLORIZE_WORLDCOVER_URL must be an address such as https://"
    ) as refused:
        fetched(utm(33, 460000, 4940000), "worldcover")
    assert "word@" not in str(refused.value)
    assert "sig=" not in str(refused.value)


def test_what_is_drawn_does_not_depend_on_how_many_read(
    folder: Path, server: MosaicServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for south, west in ((44, 14), (44, 15), (45, 14), (45, 15)):
        write_worldcover(folder, south, west)
    found: list[bytes] = []
    for threads in (1, 6):
        monkeypatch.setattr("sar_colorize.catalog.threads.THREADS", threads)
        monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / str(threads)))
        with rasterio.open(fetched(utm(33, 490000, 4990000, size_px=800), "worldcover").path) as dataset:
            found.append(dataset.read(window=RioWindow(0, 0, 800, 800)).tobytes())
    assert found[0] == found[1]


def test_a_user_who_cancels_ends_every_request(folder: Path, server: MosaicServer) -> None:
    write_worldcover(folder, 44, 14)

    def stall(handler: object, content: bytes) -> bool:
        server.release.wait(120.0)  # type: ignore[attr-defined]
        return True

    import threading
    import time

    server.release = threading.Event()  # type: ignore[attr-defined]
    server.fault = stall
    started = time.monotonic()
    tick: Callable[[int, int], None]

    def tick(done: int, total: int) -> None:
        raise KeyboardInterrupt

    wanted = parse_source("worldcover")
    assert wanted is not None
    with pytest.raises(KeyboardInterrupt):
        fetch(plan_fetch(utm(33, 460000, 4940000), wanted), on_tick=tick)
    assert time.monotonic() - started < 60.0
    server.release.set()  # type: ignore[attr-defined]
    assert list((folder.parent / "cache").iterdir()) == []
