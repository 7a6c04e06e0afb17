"""Acquisitions from a real STAC API server on loopback (rustac): searched, masked, freed of offsets, put together."""

from __future__ import annotations

import datetime
import json
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from made_remote import RUSTAC, catalogue
from rasterio.crs import CRS

from sar_colorize.catalog.fetch import Fetched, fetch
from sar_colorize.catalog.plan import plan_fetch
from sar_colorize.catalog.sources import parse_source
from sar_colorize.errors import NetworkError, SettingError
from sar_colorize.raster import Grid
from sar_colorize.scene.date import Date, find_date
from tools.mosaic_server import MosaicServer, write_cog

pytest.importorskip("pystac_client")
needs_server = pytest.mark.skipif(not RUSTAC.exists(), reason="rustac is not installed: pip install rustac")
GRID = Grid(300, 300, Affine(20.0, 0.0, 502000.0, 0.0, -20.0, 4998000.0), CRS.from_epsg(32633).to_wkt())
BOX = (15.0, 45.05, 15.13, 45.15)
DAY = Date(2026, 8, 2)


def write_item(
    folder: Path, url: str, name: str, date: str, *, shade: float = 1.0, offset: int = 0, cloud: str = "",
    west: float = 500000.0,
) -> dict[str, Any]:  # fmt: skip
    """Four files of 10 x 10 km of Sentinel-2 at 20 m, and the item that names them.

    Args:
        cloud: "all", "west" or "" of the ground that is under cloud.
    """
    rows, cols = np.mgrid[0:500, 0:500]
    random = np.random.default_rng(5)
    ground = 400.0 + 300.0 * np.sin(rows / 40.0) * np.cos(cols / 30.0) + random.normal(0.0, 30.0, rows.shape)
    classes = np.full(rows.shape, 4, np.uint8)
    classes[:, : {"all": 500, "west": 250, "": 0}[cloud]] = 9
    transform = Affine(20.0, 0.0, west, 0.0, -20.0, 5000000.0)
    assets = {}
    for number, band in enumerate(("red", "green", "blue")):
        values = np.where(classes == 9, 8000.0, (ground + 100.0 * number + 400.0) * shade) + offset
        write_cog(folder / name / f"{band}.tif", values.astype(np.uint16)[None], "EPSG:32633", transform, 256)
        assets[band] = {"href": f"{url}/{name}/{band}.tif"}
    write_cog(folder / name / "scl.tif", classes[None], "EPSG:32633", transform, 256)
    assets["scl"] = {"href": f"{url}/{name}/scl.tif"}
    w, s, e, n = BOX[0] + (west - 500000.0) / 78800.0, BOX[1], BOX[2] + (west - 500000.0) / 78800.0, BOX[3]
    ring = [[w, s], [e, s], [e, n], [w, n], [w, s]]
    properties = {"datetime": f"{date}T10:00:00Z", "eo:cloud_cover": {"all": 99, "west": 50, "": 1}[cloud]}
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "sentinel-2-l2a", "bbox": [w, s, e, n],
        "links": [],
        "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties, "assets": assets,
    }  # fmt: skip


def fetched(name: str, date: Date | None = DAY) -> Fetched:
    """A source for the grid."""
    wanted = parse_source(name)
    assert wanted is not None
    return fetch(plan_fetch(GRID, wanted, 20.0), date)


def pixels(made: Fetched) -> np.ndarray:
    with rasterio.open(made.path) as dataset:
        return dataset.read().astype(float)


@needs_server
def test_the_nearest_clear_day_is_found_and_its_offset_taken_out(
    folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [
        write_item(folder, server.url, "S2B_33TVK_20260803", "2026-08-03", cloud="all"),
        write_item(folder, server.url, "S2A_33TVK_20260730", "2026-07-30", offset=1000),
        write_item(folder, server.url, "S2A_33TVK_20260710", "2026-07-10", shade=2.0),
        write_item(folder, server.url, "S2A_33TVK_20251201", "2025-12-01", shade=3.0),
    ]
    with catalogue(tmp_path, items) as url:
        monkeypatch.setenv("SAR_COLORIZE_STAC_URL", url)
        made = fetched("sentinel-2")
        assert made.items == ("S2A_33TVK_20260730",)
        assert (made.date, made.share, made.source) == ("2026-07-30", 1.0, "sentinel-2")
        assert made.period.endswith("of 1 scene, 2026-07-30 to 2026-07-30, offset -1000 found in 1 of them")
        assert made.credit == "Contains modified Copernicus Sentinel data 2026"
        by_url = fetched(f"stac:{url}#sentinel-2-l2a")
    np.testing.assert_array_equal(pixels(made), pixels(by_url))
    found = pixels(made)
    with rasterio.open(folder / "S2A_33TVK_20260730" / "red.tif") as dataset:
        truth = dataset.read(1)[100:400, 100:400].astype(float) - 1000.0
    assert np.abs(found[0, 3:-3, 3:-3] - truth).max() <= 1.0
    with rasterio.open(made.path) as dataset:
        assert find_date(dataset.tags(), "x") == Date(2026, 7, 30)


@needs_server
def test_clouds_are_filled_from_other_days_and_the_median_is_taken(
    folder: Path, server: MosaicServer, tmp_path: Path
) -> None:
    items = [
        write_item(folder, server.url, f"S2A_33TVK_2026080{day}", f"2026-08-0{day}", cloud="west", shade=shade)
        for day, shade in ((1, 0.9), (2, 1.0), (3, 1.1))
    ]
    items.append(write_item(folder, server.url, "S2A_33TVK_20260625", "2026-06-25", shade=1.0))
    with catalogue(tmp_path, items) as url:
        made = fetched(f"stac:{url}#sentinel-2-l2a")
    assert made.items == ("S2A_33TVK_20260625", "S2A_33TVK_20260802")  # the other cloudy days show nothing new
    assert made.share == 1.0
    assert pixels(made).max() < 2000.0  # no cloud


@needs_server
def test_tiles_of_different_days_are_matched_where_they_overlap(
    folder: Path, server: MosaicServer, tmp_path: Path
) -> None:
    items = [
        write_item(folder, server.url, "S2A_33TVK_20260801", "2026-08-01", west=496000.0),
        write_item(folder, server.url, "S2A_33TWK_20260804", "2026-08-04", shade=1.3),
    ]
    with catalogue(tmp_path, items) as url:
        made = fetched(f"stac:{url}#sentinel-2-l2a")
    assert len(made.items) == 2
    values = pixels(made)[:, 3:-3, 3:-3]
    first, second = np.median(values[:, :, :190], axis=(1, 2)), np.median(values[:, :, 210:], axis=(1, 2))
    assert np.abs(second / first - 1.0).max() < 0.06  # 0.3 without


@needs_server
def test_one_scene_of_each_day_is_taken_by_its_newest_processing(
    folder: Path, server: MosaicServer, tmp_path: Path
) -> None:
    old = write_item(folder, server.url, "S2A_33TVK_20260801_0", "2026-08-01", shade=2.0)
    new = write_item(folder, server.url, "S2A_33TVK_20260801_1", "2026-08-01")
    old["properties"]["s2:processing_baseline"], new["properties"]["s2:processing_baseline"] = "05.00", "05.11"
    with catalogue(tmp_path, [new, old]) as url:
        assert fetched(f"stac:{url}#sentinel-2-l2a").items == ("S2A_33TVK_20260801_1",)


@needs_server
@pytest.mark.parametrize("fault", ["no answer", "HTTP 500", "nothing"])
def test_where_the_first_catalogue_fails_or_has_nothing_the_second_is_asked(
    folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    items = [write_item(folder, server.url, "S2A_33TVK_20260801", "2026-08-01")]
    if fault == "HTTP 500":
        server.fault = lambda handler, content: "first" in handler.path and (handler.send(b"", 500) or True)
    if fault == "nothing":
        server.fault = lambda handler, content: (
            handler.path.startswith(("/first", "/search"))
            and (handler.rfile.read(int(handler.headers.get("Content-Length") or 0)) or True)
            and (handler.send(_page_of(server, "first" in handler.path)) or True)
        )
    first = "http://127.0.0.1:1" if fault == "no answer" else f"{server.url}/first"
    with catalogue(tmp_path, items) as url:
        monkeypatch.setenv("SAR_COLORIZE_STAC_URL", f"{first} {url}")
        made = fetched("sentinel-2")
        assert made.items == ("S2A_33TVK_20260801",)
        assert made.host == url.removeprefix("http://")
    monkeypatch.setenv("SAR_COLORIZE_STAC_URL", "http://127.0.0.1:1 http://127.0.0.1:2")
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(NetworkError, match=r"must be reachable, got Connection refused for 127\.0\.0\.1:1; check"):
        fetched("sentinel-2")


def _page_of(server: MosaicServer, landing: bool) -> bytes:
    """What a catalogue says that has nothing."""
    return json.dumps(_landing(server.url) if landing else {"type": "FeatureCollection", "features": []}).encode()


@needs_server
@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "/vsizip/x.zip/a.tif", "/etc/passwd", "s3://bucket/a.tif", "http://u:p@h/a"]
)
def test_items_whose_files_are_not_on_the_web_are_left_out(
    folder: Path, server: MosaicServer, tmp_path: Path, href: str
) -> None:
    item = write_item(folder, server.url, "S2A_33TVK_20260801", "2026-08-01")
    item["assets"]["green"]["href"] = href
    with (
        catalogue(tmp_path, [item]) as url,
        pytest.raises(NetworkError, match=r"got no scene and 1 items without red, green, blue and scl on the web from"),
    ):
        fetched(f"stac:{url}#sentinel-2-l2a")
    assert server.requests == []


@needs_server
def test_nothing_in_the_whole_time_is_one_sentence(folder: Path, server: MosaicServer, tmp_path: Path) -> None:
    clouds = [write_item(folder, server.url, "S2A_33TVK_20260801", "2026-08-01", cloud="all")]
    with catalogue(tmp_path, clouds) as url:
        with pytest.raises(
            NetworkError, match=r"must show clear ground, got clouds or gaps in all 1 scenes from 2026-06"
        ):
            fetched(f"stac:{url}#sentinel-2-l2a")
        with pytest.raises(
            NetworkError, match=r"must have been seen between 2020-01-17 and 2020-04-16, got no scene from"
        ):
            fetched(f"stac:{url}#sentinel-2-l2a", Date(2020, 3, 2))


@needs_server
def test_a_token_is_added_and_never_shown(
    folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [write_item(folder, server.url, "S2A_33TVK_20260801", "2026-08-01")]
    (folder / "token").mkdir()
    (folder / "token" / "sentinel-2-l2a").write_text('{"token": "sig=abcdef"}')

    def guard(handler: Any, content: bytes) -> bool:
        if "/token/" in handler.path:
            return handler.send(content) or True
        return "sig=abcdef" not in handler.path and (handler.send(b"", 403) or True)

    server.fault = guard
    monkeypatch.setenv("SAR_COLORIZE_STAC_TOKEN_URL", f"{server.url}/token")
    with catalogue(tmp_path, items) as url:
        made = fetched(f"stac:{url}#sentinel-2-l2a")
        with rasterio.open(made.path) as dataset:
            assert "abcdef" not in json.dumps(dataset.tags()) + json.dumps(made.to_dict())
        server.fault = lambda handler, content: (
            guard(handler, content) or ("red" in handler.path and (handler.send(b"", 500) or True))
        )
        shutil.rmtree(tmp_path / "cache")
        with pytest.raises(NetworkError) as refused:
            fetched(f"stac:{url}#sentinel-2-l2a")
        assert "HTTP 500" in str(refused.value)
        assert "abcdef" not in str(refused.value)


def _landing(url: str, **more: Any) -> dict[str, Any]:
    """The first page of a STAC API."""
    links = [
        {"rel": "self", "href": url}, {"rel": "root", "href": url},
        {"rel": "search", "href": f"{url}/search", "method": "POST", "type": "application/geo+json"},
    ]  # fmt: skip
    made = {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "c", "links": links}
    return (
        made
        | {"conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]}
        | more
    )


def _stranger(server: MosaicServer, page: Callable[[int], Any]) -> list[int]:
    """Makes the server a catalogue whose pages are what `page` says; which were asked for."""
    asked: list[int] = []

    def answer(handler: Any, content: bytes) -> bool:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if not handler.path.startswith("/search"):
            handler.send(json.dumps(_landing(server.url)).encode())
            return True
        asked.append(len(asked))
        made = page(len(asked))
        handler.send(made if isinstance(made, bytes) else json.dumps(made).encode())
        return True

    server.fault = answer
    return asked


def _features(server: MosaicServer, number: int, *, after: str | None) -> dict[str, Any]:
    """A page of 100 items that nobody can read, and a link to the next."""
    item = {"id": "x", "type": "Feature", "properties": {"datetime": "2026-08-01"}, "assets": {}, "bbox": [0, 0, 1, 1]}
    links = [] if after is None else [{"rel": "next", "href": after, "method": "POST", "body": {"token": number}}]
    return {"type": "FeatureCollection", "features": [item] * 100, "links": links}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (lambda server, n: b"[" * 100_000, "must be a STAC API, got"),
        (lambda server, n: b"not JSON", "must be a STAC API, got"),
        (lambda server, n: b"x" * (17 << 20), "must list what it has in at most 16384 kB, got more from 127"),
        (lambda server, n: _features(server, n, after=f"{server.url}/search"), "got no scene and 500 items"),
        (lambda server, n: _features(server, n, after="http://elsewhere.invalid/s"), "a link from 127.* to elsewhere"),
        (lambda server, n: _features(server, n, after="file:///etc/passwd"), "got a link from 127.* to file"),
        (lambda server, n: {"type": "FeatureCollection", "features": [None, 3, {}, {"id": 5}]}, "got no scene and 4"),
        (lambda server, n: {"type": "FeatureCollection"}, "must be a STAC API, got|got no scene"),
    ],
    ids=["deep JSON", "no JSON", "huge", "endless pages", "elsewhere", "file", "nonsense", "no items"],
)  # fmt: skip
def test_a_strange_catalogue_is_one_sentence(
    server: MosaicServer, page: Callable[[MosaicServer, int], Any], said: str
) -> None:
    asked = _stranger(server, lambda number: page(server, number))
    started = time.monotonic()
    with warnings.catch_warnings(), pytest.raises(NetworkError, match=said) as refused:
        fetched(f"stac:{server.url}#sentinel-2-l2a")
    assert "\n" not in str(refused.value)
    assert len(asked) <= 6
    assert time.monotonic() - started < 60.0


def test_a_scene_without_a_date_needs_one(server: MosaicServer) -> None:
    with pytest.raises(SettingError, match="reference sentinel-2 must come with a date, got a scene that says none"):
        fetched("sentinel-2", None)
    assert server.requests == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sentinel-2:yesterday", "must be sentinel-2 of a date such as"),
        ("sentinel-2:2026-13-01", "must be a date such as"),
        ("sentinel-2:+-0", "must be sentinel-2 of a date such as"),
        ("stac:https://host/v1", "must be stac:URL#COLLECTION such as"),
        ("stac:file:///etc#x", "must be stac:URL#COLLECTION such as"),
        ("stac:https://u:word@host/v1#x", "must be stac:URL#COLLECTION such as"),
        ("stac:https://host/v1?sig=word#x", "must be stac:URL#COLLECTION such as"),
    ],
)
def test_what_names_no_acquisitions_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as refused:
        parse_source(text)
    assert "word" not in str(refused.value).split("password")[-1].replace("word and query", "")


def test_dates_and_days_are_understood() -> None:
    found = [parse_source(f"sentinel-2{more}") for more in ("", ":2026-08", ":2026-08-02", ":+-7")]
    assert [(wanted.date, wanted.days) for wanted in found if wanted] == [
        (None, 45), (Date(2026, 8), 45), (Date(2026, 8, 2), 45), (None, 7),
    ]  # fmt: skip
    assert datetime.date(2026, 8, 2) - datetime.timedelta(days=45) == datetime.date(2026, 6, 18)
