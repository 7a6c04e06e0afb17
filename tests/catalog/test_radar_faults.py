"""Products on hostile and sad servers: every fault ends in its sentence, or is overcome, and nothing is left of it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
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
from made_product import HEIGHT, NAME, WIDTH, make_safe
from made_remote import ITEM, grd_item, put_in_bucket, store_in_tiles, write_item

import sar_colorize as sc
from sar_colorize.api.radar_source import open_input
from sar_colorize.catalog import client
from sar_colorize.errors import NetworkError, OutputError, SarColorizeError, UnreadableError
from sar_colorize.raster import Window
from tools.mosaic_server import Handler, MosaicServer

SECONDS = 60.0
OVERCOME = ""
WHOLE = Window(0, 0, HEIGHT, WIDTH)
MANIFEST, XML, TIFF, ITEMS = r"manifest\.safe", r"/annotation/.*\.xml", r"measurement/.*\.tiff", r"/items/"


class Case(NamedTuple):
    """A fault of the files whose address matches, and what is said of it."""

    name: str
    where: str
    answer: Answer
    said: str
    error: type[SarColorizeError] = NetworkError


def in_blocks(answer: Answer) -> Answer:
    """A fault that begins behind the header of a measurement."""
    return lambda handler, content: answer(handler, content) if handler.asked(1 << 40)[0] >= 1 << 14 else False


def body(content: bytes) -> Answer:
    """Another document."""
    return lambda handler, _: handler.send(content)


def part_of(content: bytes) -> Answer:
    """Another file, by ranges."""

    def answer(handler: Handler, _: bytes) -> None:
        start, end = handler.asked(len(content))
        handler.send(content[start : end + 1], 206, {"Content-Range": f"bytes {start}-{end}/{len(content)}"})

    return answer


def edited(old: bytes, new: bytes) -> Answer:
    """The document with another text in it."""
    return lambda handler, content: handler.send(content.replace(old, new))


def huge(handler: Handler, content: bytes) -> None:
    """The first bytes of a file that says it has a hundred terabytes."""
    start, end = handler.asked(len(content) or 1)
    handler.send(content[start : end + 1], 206, {"Content-Range": f"bytes {start}-{end}/{10**14}"})


def entity(handler: Handler, content: bytes) -> None:
    """A bomb of XML."""
    handler.send(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


CASES = [
    Case(
        "no manifest", MANIFEST, status(404),
        r"must be readable without an account, got HTTP 404 \(Not Found\) from 127",
    ),
    Case("403", MANIFEST, status(403), r"must be readable without an account, got HTTP 403 \(Forbidden\) from 127"),
    Case("a manifest that is a bomb", MANIFEST, entity, "must lead to a manifest in plain XML, got something else"),
    Case("a manifest that is none", MANIFEST, body(b"hello"), "must lead to a manifest in plain XML"),
    Case("an endless manifest", MANIFEST, endless(200), "must list what it has in at most 8192 kB, got more from 127"),
    Case(
        "a manifest elsewhere", MANIFEST, redirected("http://127.0.0.2:9/x"),
        "got a redirect from 127.0.0.1 to http://127",
    ),
    Case("a manifest in a file", MANIFEST, redirected("file:///etc/passwd"), "got a redirect from 127.0.0.1 to file:"),
    Case("500 once", MANIFEST, times(1, status(500)), OVERCOME),
    Case("no annotation", XML, status(404), "must be readable without an account, got HTTP 404"),
    Case("an annotation that is a bomb", XML, entity, "must be plain XML, got a document type", UnreadableError),
    Case("an annotation cut in half", XML, cut(0.5), r"must answer in full, got \d+ of \d+ bytes from 127\S+ 4 times"),
    Case("429 at every document", XML, status(429), r"must answer in full, got HTTP 429 \(Too Many Requests\)"),
    Case("wait an hour", XML, status(429, Retry_After="3600"), "which asks to wait 3600 s; try again later"),
    Case(
        "a size that is none", XML, edited(b"numberOfSamples>600", b"numberOfSamples>6000000"),
        "must hold a number 1 to 100000 in", UnreadableError,
    ),
    Case(
        "another size", XML, edited(b"numberOfSamples>600", b"numberOfSamples>601"),
        "must be 601 x 400 px of", UnreadableError,
    ),
    Case("no measurement", TIFF, status(404), "must be readable without an account, got HTTP 404"),
    Case("no ranges", TIFF, lambda h, c: h.send(c, 200), "must serve parts of files, got HTTP 200 for a range from"),
    Case("an endless measurement", TIFF, endless(200), "must serve parts of files, got HTTP 200 for a range"),
    Case("no TIFF", TIFF, part_of(b"x" * 100_000), "must be a GeoTIFF of one band, got another; give a file"),
    Case("an empty TIFF", TIFF, part_of(b"II*\0\0\0\0\0"), "must be a GeoTIFF of one band, got another"),
    Case("a directory far away", TIFF, part_of(b"II*\0\xff\xff\xff\x7f" + bytes(100)), "must be a GeoTIFF of one band"),
    Case(
        "a directory in a circle", TIFF, part_of(b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + bytes(100)),
        "must be a GeoTIFF of one band",
    ),
    Case("a hundred terabytes", TIFF, huge, "must be a file of at most 8 GB, got one of 100000000000000 bytes"),
    Case("403 in the blocks", TIFF, in_blocks(status(403)), r"got HTTP 403 \(Forbidden\) from 127"),
    Case("500 in the blocks", TIFF, in_blocks(status(500)), "must answer in full, got HTTP 500"),
    Case("503 in the blocks, twice", TIFF, in_blocks(times(2, status(503))), OVERCOME),
    Case("half a body each time", TIFF, in_blocks(cut(0.5)), OVERCOME),
    Case("bodies of nothing", TIFF, in_blocks(cut(0.0)), "must answer in full, got 0 of"),
    Case("blocks from elsewhere", TIFF, in_blocks(ranged(first=1, last=1)), "must send the bytes that are asked for"),
    Case("another file in the blocks", TIFF, in_blocks(ranged(total=5)), "must stay as it is while it is read"),
    Case("endless blocks", TIFF, in_blocks(endless(206, ranged=True)), OVERCOME),
    Case(
        "a head without end", TIFF, in_blocks(headers_without_end),
        "must answer in full, got got more than 100 headers",
    ),
    Case("a trickle", TIFF, in_blocks(trickle), "must send at least 1000 bytes a second"),
    Case("no answer", TIFF, in_blocks(stall), "must answer in full, got no answer in 0.4 s"),
    Case("blocks elsewhere", TIFF, in_blocks(redirected("http://127.0.0.2:9/x")), "got a redirect from 127.0.0.1 to"),
    Case("no item", ITEMS, status(404), "must be in a catalogue, got no product of this name from 127"),
    Case("a catalogue that fails", ITEMS, status(500), "must answer in full, got HTTP 500"),
    Case("an item that is none", ITEMS, body(b"[]"), "must lead to a STAC item, got something else from 127"),
    Case("an item of deep JSON", ITEMS, body(b"[" * 100_000), "must lead to a STAC item, got something else"),
    Case("an item that is huge", ITEMS, body(b" " * (5 << 20)), "must list what it has in at most 4096 kB"),
    Case("an item without pixels", ITEMS, edited(b'"v', b'"x'), "must be an item of Sentinel-1 GRD or RTC, got"),
    Case("an item elsewhere", ITEMS, redirected("http://127.0.0.2:9/x"), "got a redirect from 127.0.0.1 to"),
]  # fmt: skip


@pytest.fixture
def here(folder: Path, server: MosaicServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product that the server has in a bucket, and as an item of a catalogue."""
    monkeypatch.setattr(client, "PATIENCE", client.Patience(timeout_s=0.4, first_wait_s=0.01, total_s=20.0))
    safe = store_in_tiles(make_safe(folder))
    put_in_bucket(safe, folder / "bucket" / NAME)
    write_item(folder, grd_item(f"{server.url}/bucket/{NAME}"))
    monkeypatch.setenv("SAR_COLORIZE_STAC_URL", server.url)
    return safe


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_ends_in_its_sentence(here: Path, server: MosaicServer, folder: Path, case: Case) -> None:
    name = NAME if case.where == ITEMS else f"{server.url}/bucket/{NAME}/manifest.safe"
    server.fault = lambda handler, content: (
        bool(content and re.search(case.where, handler.path)) and case.answer(handler, content) is not False
    )
    started = time.monotonic()
    if case.said == OVERCOME:
        with open_input(name, grid="radar") as opened:
            np.testing.assert_array_equal(
                opened.scene.read(WHOLE).values, sc.open_scene(here, grid="radar").read(WHOLE).values
            )
    else:
        with pytest.raises(case.error, match=case.said) as refused, open_input(name, grid="radar") as opened:
            opened.scene.read(WHOLE)
        said = str(refused.value)
        assert "\n" not in said
        assert "; " in said
        assert str(folder.parent / "cache") not in said
    assert not any(path.name != "absent.json" for path in (folder.parent / "cache").iterdir())
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize(
    ("key", "href"),
    [
        *((key, "file:///etc/passwd") for key in ("vv", "schema-product-vv", "schema-calibration-vh", "safe-manifest")),
        *(
            ("schema-noise-vv", href)
            for href in (
                "/etc/passwd", "/vsizip/x.zip/a", "/vsicurl/http://x/a", "s3://bucket/a", "http://u:word@h/a",
                "\\\\host\\a", "http://h/a b", "ftp://h/a", "", "http://[x/a",
            )
        ),
    ],
)  # fmt: skip
def test_items_whose_files_are_not_on_the_web_are_refused(
    here: Path, server: MosaicServer, folder: Path, key: str, href: str
) -> None:
    item = grd_item(f"{server.url}/bucket/{NAME}")
    item["assets"][key]["href"] = href
    write_item(folder, item)
    with pytest.raises(NetworkError, match=f"input {NAME} must name files on the web, got ") as refused:
        sc.info(NAME)
    assert ":word" not in str(refused.value)
    assert not any("bucket" in name for name in server.requests)


def test_open_buckets_of_amazon_are_read_on_the_web() -> None:
    from sar_colorize.catalog.search import web_address

    assert web_address("s3://sentinel-s1-l1c/GRD/2026/8/2/IW/DV/X/measurement/iw-vv.tiff") == (
        "https://sentinel-s1-l1c.s3.eu-central-1.amazonaws.com/GRD/2026/8/2/IW/DV/X/measurement/iw-vv.tiff"
    )
    assert web_address("s3://eodata/Sentinel-1/x.tiff") is None
    assert web_address("a/iw-vv.tiff", "https://host/items/x?sig=1") == "https://host/items/a/iw-vv.tiff"


def test_a_token_is_asked_for_and_never_shown(
    here: Path, server: MosaicServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "token").mkdir()
    (folder / "token" / "sentinel-1-grd").write_text('{"token": "?sig=abcdef"}')
    monkeypatch.setenv("SAR_COLORIZE_STAC_TOKEN_URL", f"{server.url}/token")
    server.fault = lambda handler, content: (
        "bucket" in handler.path and "sig=abcdef" not in handler.path and (handler.send(b"", 403) or True)
    )
    found = sc.info(ITEM)
    assert "abcdef" not in json.dumps(found)
    server.fault = lambda handler, content: "noise" in handler.path and (handler.send(b"", 500) or True)
    with pytest.raises(NetworkError, match="HTTP 500") as refused:
        sc.info(ITEM)
    assert "abcdef" not in str(refused.value)
    (folder / "token" / "sentinel-1-grd").write_text("{}")
    with pytest.raises(NetworkError, match="must give a token for its files, got none from 127"):
        sc.info(ITEM)


def test_a_disk_that_is_full_is_one_sentence(here: Path, server: MosaicServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from sar_colorize.catalog.sparse import SparseTiff

    whole = SparseTiff._fetch

    def full(self: SparseTiff, part: tuple[int, int]) -> None:
        self.path = Path("/dev/full")
        whole(self, part)

    monkeypatch.setattr(SparseTiff, "_fetch", full)
    with (
        pytest.raises(
            OutputError, match=r"cache must have room for parts of input S1A_.*, got No space left on device"
        ),
        open_input(NAME, grid="radar") as opened,
    ):
        opened.scene.read(WHOLE)


def test_a_run_that_is_given_up_ends_its_requests(here: Path, server: MosaicServer, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    server.fault = lambda handler, content: bool(
        re.search(TIFF, handler.path) and handler.asked(1 << 40)[0] > 1 << 14 and (time.sleep(0.3), False)[1]
    )
    with pytest.raises(KeyboardInterrupt):
        sc.despeckle(NAME, tmp_path / "a.tif", on_progress=stop)
    assert list(tmp_path.glob("*.tif")) == []
    assert list((tmp_path / "cache").iterdir()) == []


def test_more_than_a_product_can_have_is_refused(here: Path, server: MosaicServer, monkeypatch: Any) -> None:
    from sar_colorize.catalog import archive

    monkeypatch.setattr(archive, "METADATA_BYTES", 3000)
    with pytest.raises(NetworkError, match="must need at most 0 MB for this scene, got more; give a smaller bbox, or"):
        sc.info(NAME)
