"""Hostile and sad networks: every fault ends in its sentence, or is overcome, within bounds of time and bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import rasterio
from affine import Affine
from made_faults import (
    Answer,
    cut,
    endless,
    headers_without_end,
    ranged,
    redirected,
    stall,
    status,
    times,
    trickle,
)
from rasterio.crs import CRS
from rasterio.io import MemoryFile

from sar_colorize.catalog import client
from sar_colorize.catalog.fetch import Fetched, fetch
from sar_colorize.catalog.plan import plan_fetch
from sar_colorize.catalog.ranges import RangeFile
from sar_colorize.catalog.sources import parse_source
from sar_colorize.catalog.web import _is_one_bucket
from sar_colorize.errors import NetworkError
from sar_colorize.raster import Grid
from tools.mosaic_server import Handler, MosaicServer, write_mosaic_120, write_worldcover

GRID = Grid(400, 400, Affine(20.0, 0.0, 460000.0, 0.0, -20.0, 4940000.0), CRS.from_epsg(32633).to_wkt())
SECONDS = 60.0
OVERCOME = ""
"""The sentence of a fault after which the picture is there as if nothing had been."""


def content(make: Callable[[], bytes]) -> Answer:
    """Another file than that which is there."""

    def answer(handler: Handler, _content: bytes) -> None:
        made = make()
        start, end = handler.asked(len(made))
        handler.send(made[start : end + 1], 206, {"Content-Range": f"bytes {start}-{end}/{len(made)}"})

    return answer


def tiff(
    dtype: str = "uint16", count: int = 4, west: float = 14.0, crs: str | None = "EPSG:4326", **more: Any
) -> bytes:
    """A GeoTIFF that is not what its name says."""
    more = {"height": 64, "width": 64, "transform": Affine(1 / 64, 0, west, 0, -1 / 64, 45.0), "sparse_ok": True} | more
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", count=count, dtype=dtype, crs=crs, **more):
            pass
        return bytes(memory.read())


def later(answer: Answer) -> Answer:
    """A fault that begins behind the header, while GDAL reads."""
    return lambda handler, content: answer(handler, content) if handler.asked(1 << 40)[0] >= 1 << 15 else False


class Case(NamedTuple):
    """A fault, and what is said of it."""

    name: str
    answer: Answer
    said: str
    source: str = "worldcover"


CASES = [
    Case("401", status(401), r"must be readable without an account, got HTTP 401 \(Unauthorized\) from 127"),
    Case("403 of every tile", status(403), r"must be readable without an account, got HTTP 403 \(Forbidden\) from 127"),
    Case("403 later", later(status(403)), r"must be readable without an account, got HTTP 403 \(Forbidden\) from 127"),
    Case("404", status(404), r"must show ground of the scene, got only sea or gaps in 1 tiles"),
    Case("429", status(429), r"must answer in full, got HTTP 429 \(Too Many Requests\) from 127\S+ 4 times; try again"),
    Case("429, wait an hour", status(429, Retry_After="3600"), r"got HTTP 429 .* which asks to wait 3600 s; try again"),
    Case("429 once", times(2, status(429, Retry_After="0")), OVERCOME),
    Case("500", status(500), r"must answer in full, got HTTP 500 \(Internal Server Error\) from 127\S+ 4 times"),
    Case("500 later", later(status(500)), r"must answer in full, got HTTP 500 \(Internal Server Error\)"),
    Case("503 three times", times(3, status(503)), OVERCOME),
    Case("418", status(418), r"must be readable, got HTTP 418 \(I'm a Teapot\) from 127"),
    Case("half a body each time", cut(0.5), OVERCOME),
    Case("bodies of nothing", cut(0.0), r"must answer in full, got 0 of \d+ bytes from 127\S+ 4 times"),
    Case("bodies of nothing later", later(cut(0.0)), r"must answer in full, got 0 of \d+ bytes"),
    Case("range begins elsewhere", ranged(first=1), r"must send the bytes that are asked for, got 'bytes 1-\d+/\d+'"),
    Case("range ends elsewhere", ranged(last=1), "must send the bytes that are asked for"),
    Case("range elsewhere later", later(ranged(first=1, last=1)), "must send the bytes that are asked for"),
    Case("another file later", later(ranged(total=5)), r"must stay as it is while it is read, got a file of \d+ and"),
    Case("no range", ranged(said=""), "must send the bytes that are asked for, got '' for 0-32767"),
    Case("range of nonsense", ranged(said="bytes */x"), "must send the bytes that are asked for"),
    Case("range beyond all numbers", ranged(said=f"bytes 0-{'9' * 400}/{'9' * 400}"), "must send the bytes"),
    Case("ranges not known", lambda h, c: h.send(c, 200), "must serve parts of files, got HTTP 200 for a range from"),
    Case("endless, not ranged", endless(200), "must serve parts of files, got HTTP 200 for a range from 127"),
    Case("endless behind its range", endless(206, ranged=True), OVERCOME),
    Case("endless head", headers_without_end, r"must answer in full, got .*100 headers from 127\S+ 4 times"),
    Case("no answer", stall, r"must answer in full, got no answer in 0.3 s from 127\S+ 4 times; try again later"),
    Case("bytes one by one", trickle, r"must send at least 1000 bytes a second, got \d+ in 0 s from 127"),
    Case("redirect to another host", redirected("http://localhost:{port}{path}"),
         r"must stay on its server, got a redirect from 127\.0\.0\.1 to http://localhost; set the source's address"),
    Case("redirect to another port", redirected("http://127.0.0.1:1{path}"), "must stay on its server, got a redirect"),
    Case("redirect to a file", redirected("file:///etc/passwd"), "must stay on its server, got a redirect .* to file:"),
    Case("redirect to a file later", later(redirected("file:///etc/passwd")), "must stay on its server"),
    Case("redirect in a circle", redirected("{path}"), r"must be readable, got HTTP 302 \(Found\)"),
    Case("redirect on the server", times(1, redirected("http://127.0.0.1:{port}{path}")), OVERCOME),
    Case("no TIFF", content(lambda: b"<html>" * 9000), "must be a GeoTIFF that GDAL reads, got another"),
    Case("an empty file", content(lambda: b"II*\0"), "must be a GeoTIFF that GDAL reads, got another"),
    Case("a virtual raster", content(lambda: b"<VRTDataset rasterXSize='1'/>"), "must be a GeoTIFF that GDAL reads"),
    Case("another place", content(lambda: tiff(west=9.0)), r"tile N44E014, must lie where its name says, got 9 44 10"),
    Case("no georeference", content(lambda: tiff(crs=None)), "must have a georeference, got a tile with none"),
    Case("one band", content(lambda: tiff(count=1)), "must have 3 bands of 16 bits, got 1 of uint16"),
    Case("other numbers", content(lambda: tiff("uint8")), "must have 3 bands of 16 bits, got 4 of uint8"),
    Case("complex numbers", content(lambda: tiff("complex64")), "must be numbers of 8 or 16 bits in blocks"),
    Case("blocks of gigabytes", content(lambda: tiff(height=40000, width=40000, tiled=True, blockxsize=20000,
         blockysize=20000)), r"must be numbers of 8 or 16 bits in blocks of at most 128 MB, got blocks of 20000"),
    Case("dates, 403", status(403), "must be readable without an account, got HTTP 403", "mosaic-120"),
    Case("dates without end", endless(200), "must list what it has in at most 1024 kB, got more", "mosaic-120"),
    Case("dates, a web page", lambda h, c: h.send(b"<html><br></html>"), "must list its dates in XML", "mosaic-120"),
    Case("dates, a bomb", lambda h, c: h.send(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "must list its dates in",
         "mosaic-120"),
    Case("dates, none", lambda h, c: h.send(b"<ListBucketResult/>"), "must list its dates, got none", "mosaic-120"),
    Case("dates that no calendar has", lambda h, c: h.send(
         b"<a><Prefix>2020/13/</Prefix><Prefix>2020/2/</Prefix><Prefix>2020/2/31/</Prefix><Prefix>2020/../</Prefix></a>"),
         "must list its dates, got none from", "mosaic-120"),
    Case("dates, half", times(1, lambda h, c: h.send(c[:5], 200, {"Content-Length": str(len(c))})), OVERCOME,
         "mosaic-120"),
]  # fmt: skip


@pytest.fixture
def sad(folder: Path, server: MosaicServer, monkeypatch: pytest.MonkeyPatch) -> MosaicServer:
    """A server of one tile of each mosaic."""
    random = np.random.default_rng(0)
    write_worldcover(
        folder, 44, 14, values=lambda lons, lats: random.integers(300, 3000, (4, *lons.shape), dtype=np.uint16)
    )
    write_mosaic_120(folder, "33T", (2020, 7, 12), (440000.0, 4920000.0, 480000.0, 4960000.0))
    patience = client.Patience(timeout_s=0.3, first_wait_s=0.01, total_s=6.0)
    monkeypatch.setattr(client, "PATIENCE", patience)
    return server


def _fetched(source: str) -> Fetched:
    wanted = parse_source(source)
    assert wanted is not None
    return fetch(plan_fetch(GRID, wanted, 200.0 if source == "worldcover" else None))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_ends_in_its_sentence(case: Case, sad: MosaicServer, folder: Path) -> None:
    sad.fault = lambda handler, content: case.answer(handler, content) is not False
    started = time.monotonic()
    if case.said != OVERCOME:
        with pytest.raises(NetworkError, match=rf"^reference {case.source}.*{case.said}") as refused:
            _fetched(case.source)
        assert "\n" not in str(refused.value)
        assert "; " in str(refused.value)
        assert {path.name for path in (folder.parent / "cache").iterdir()} <= {"absent.json"}
    else:
        made = _fetched(case.source)
        with rasterio.open(made.path) as dataset:
            found = dataset.read()
        sad.fault = None
        Path(made.path).unlink()
        with rasterio.open(_fetched(case.source).path) as dataset:
            np.testing.assert_array_equal(found, dataset.read())
    assert time.monotonic() - started < SECONDS


def test_a_server_that_is_not_there_is_one_sentence_at_once(
    server: MosaicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sar_colorize.catalog.client.Client._wait", lambda *_: pytest.fail("it was asked again"))
    monkeypatch.setenv("SAR_COLORIZE_WORLDCOVER_URL", "http://127.0.0.1:1")
    with pytest.raises(NetworkError, match=r"must be reachable, got Connection refused for 127\.0\.0\.1:1; check the"):
        _fetched("worldcover")


def test_more_bytes_than_a_scene_can_need_are_refused(sad: MosaicServer, folder: Path) -> None:
    asks = client.Client("reference worldcover", 100_000)
    url = f"{sad.url}/{next(folder.rglob('*S2RGBNIR.tif')).relative_to(folder)}"
    with pytest.raises(NetworkError, match="must need at most 0 MB for this scene, got more; choose a coarser"):
        asks.part(url, 0, 1 << 30)
    assert asks.bytes < 200_000


def test_a_part_that_no_scene_can_need_takes_no_memory(sad: MosaicServer, folder: Path) -> None:
    url = f"{sad.url}/{next(folder.rglob('*S2RGBNIR.tif')).relative_to(folder)}"
    file = RangeFile(client.Client("reference worldcover", 1_000_000), url)
    file.size = 1 << 50
    assert file.get_byte_ranges([0, 5], [1 << 40, 3]) == [b"", bytes(3)]
    with pytest.raises(NetworkError, match="must hold parts of at most 1 MB, got one of 1099512 MB"):
        raise file.error or AssertionError


@pytest.mark.parametrize(
    ("old", "new", "scheme", "followed"),
    [
        ("a-b.s3.amazonaws.com", "a-b.s3.eu-central-1.amazonaws.com", "https", True),
        ("a-b.s3.amazonaws.com", "a-b.s3-eu-west-1.amazonaws.com", "https", True),
        ("a-b.s3.amazonaws.com", "a-b.s3.eu-central-1.amazonaws.com", "http", False),
        ("a-b.s3.amazonaws.com", "other.s3.eu-central-1.amazonaws.com", "https", False),
        ("a-b.s3.amazonaws.com", "a-b.s3.amazonaws.com.evil.example", "https", False),
        ("a-b.s3.amazonaws.com", "evil.example", "https", False),
        ("evil.example", "a-b.s3.amazonaws.com", "https", False),
        ("evil.example", "other.example", "https", False),
    ],
)
def test_a_bucket_may_send_to_its_own_region_and_nowhere_else(old: str, new: str, scheme: str, followed: bool) -> None:
    assert _is_one_bucket(old, new, scheme) == followed


def test_all_of_it_has_an_end(sad: MosaicServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", client.Patience(timeout_s=1.0, first_wait_s=0.05, total_s=0.5))
    sad.fault = lambda handler, content: cut(0.001)(handler, content) is not False
    with pytest.raises(NetworkError, match=r"must come within 0 s, got 0\.0 MB in that time; try again later"):
        _fetched("worldcover")


def test_a_forbidden_tile_beside_others_is_a_gap(folder: Path, sad: MosaicServer) -> None:
    sad.fault = lambda handler, content: not content and (handler.send(b"", 403) or True)
    wanted = parse_source("worldcover")
    assert wanted is not None
    grid = Grid(
        400, 400, Affine(20.0, 0.0, 496000.0, 0.0, -20.0, 4920000.0), GRID.crs_wkt
    )  # half over a tile that is not
    assert fetch(plan_fetch(grid, wanted, 200.0)).items == ("N44E014",)
