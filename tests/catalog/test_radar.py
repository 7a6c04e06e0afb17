"""A product on a server: the same bits as from its zip, and only the blocks that are read are fetched."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import command
from made_product import HEIGHT, NAME, WIDTH, Make, default_dn, make_safe, make_zip, position
from made_remote import ITEM, grd_item, put_in_bucket, rtc_item, store_in_tiles, write_item

import sar_colorize as sc
from sar_colorize.api.radar_source import open_input
from sar_colorize.catalog.product import parse_product
from sar_colorize.errors import NetworkError, SettingError, UnitError
from sar_colorize.raster import Window
from tools.mosaic_server import MosaicServer

WHOLE = Window(0, 0, HEIGHT, WIDTH)
BOX = (*position(120, 260), *position(80, 220))


@pytest.fixture(params=["strips", "tiles"])
def product(
    request: pytest.FixtureRequest, folder: Path, server: MosaicServer, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The zip of a product that the server has too: as a folder, in a bucket, and as an item of a catalogue."""
    safe = make_safe(folder)
    if request.param == "tiles":
        store_in_tiles(safe)
    put_in_bucket(safe, folder / "bucket" / NAME)
    write_item(folder, grd_item(f"{server.url}/bucket/{NAME}"))
    monkeypatch.setenv("SAR_COLORIZE_STAC_URL", server.url)
    return make_zip(safe)


def names_of(server: MosaicServer) -> dict[str, str]:
    """Every way to name the product on the server."""
    return {
        "long names": f"{server.url}/{NAME}.SAFE/manifest.safe",
        "folder": f"{server.url}/{NAME}.SAFE",
        "short names": f"{server.url}/bucket/{NAME}/manifest.safe",
        "signed": f"{server.url}/bucket/{NAME}/manifest.safe?sig=abcdef",
        "item": f"{server.url}/collections/sentinel-1-grd/items/{ITEM}",
        "name": NAME,
        "name of the catalogue": ITEM,
        "name of the folder": f"{NAME}.SAFE",
    }


@pytest.mark.parametrize("way", ["long names", "folder", "short names", "item", "name", "name of the catalogue"])
def test_a_product_on_a_server_has_the_bits_of_its_zip(product: Path, server: MosaicServer, way: str) -> None:
    here = sc.open_scene(product, grid="radar")
    with open_input(names_of(server)[way], grid="radar") as opened:
        there = opened.scene
        for window in (Window(100, 200, 30, 40), Window(0, 590, 140, 10), WHOLE):
            ours, theirs = here.read(window), there.read(window)
            np.testing.assert_array_equal(ours.values, theirs.values)
            np.testing.assert_array_equal(ours.valid, theirs.valid)
        assert there.source == names_of(server)[way]
        about = dict(there.about)
        assert about.pop("server") == server.url.removeprefix("http://")
        assert about | {"product": NAME} == dict(here.about)
    assert list((product.parents[1] / "cache").iterdir()) == []


@pytest.mark.parametrize(("model", "box"), [("composite", None), ("composite", BOX), ("by-place", BOX)])
def test_its_picture_has_the_bits_of_the_zips(
    product: Path, server: MosaicServer, tmp_path: Path, model: str, box: Any, request: pytest.FixtureRequest
) -> None:
    if model == "by-place" and request.node.callspec.params["product"] == "strips":
        pytest.skip("once is enough of the slow network")
    settings = {"model": model, "bbox": box, "bbox_crs": None if box is None else "EPSG:4326"}
    sc.colorize(product, tmp_path / "a.tif", **settings)
    made = sc.colorize(NAME, tmp_path / "b.tif", **settings)
    with rasterio.open(tmp_path / "a.tif") as ours, rasterio.open(tmp_path / "b.tif") as theirs:
        np.testing.assert_array_equal(ours.read(), theirs.read())
        np.testing.assert_array_equal(ours.dataset_mask(), theirs.dataset_mask())
        assert (ours.transform, ours.crs) == (theirs.transform, theirs.crs)
        assert theirs.tags()["SAR_COLORIZE_SOURCE"] == NAME
        assert theirs.tags()["SAR_COLORIZE_SERVER"] == server.url.removeprefix("http://")
    assert made.notes[0].startswith(f"Input {NAME}: ")
    assert made.notes[0].endswith(f" requests from {server.url.removeprefix('http://')}.")


def test_despeckling_and_info_are_those_of_the_zip(product: Path, server: MosaicServer, tmp_path: Path) -> None:
    sc.despeckle(product, tmp_path / "a.tif", bbox=BOX, bbox_crs="EPSG:4326")
    sc.despeckle(NAME, tmp_path / "b.tif", bbox=BOX, bbox_crs="EPSG:4326")
    with rasterio.open(tmp_path / "a.tif") as ours, rasterio.open(tmp_path / "b.tif") as theirs:
        np.testing.assert_array_equal(ours.read(), theirs.read())
    here, there = sc.info(product), sc.info(NAME)
    differ = {key for key in here if here[key] != there[key]}
    assert differ == {"source", "notes", "about"}
    assert sc.despeckle(NAME, bbox=BOX, bbox_crs="EPSG:4326").values.shape[0] == 2  # behind a lazy array they stay


def test_of_a_box_only_its_blocks_are_fetched(folder: Path, server: MosaicServer, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    dn = random.integers(1, 60000, (HEIGHT, WIDTH)).astype(np.uint16)
    safe = store_in_tiles(make_safe(folder, Make(dn=lambda _: dn)), 128)
    size = sum(file.stat().st_size for file in (safe / "measurement").iterdir())
    metadata = sum(file.stat().st_size for file in safe.rglob("*") if file.suffix in (".xml", ".safe"))
    with open_input(f"{server.url}/{NAME}.SAFE/manifest.safe", grid="radar", polarization="VV") as opened:
        header = server.bytes
        opened.scene.read(Window(10, 10, 50, 50))  # in one piece of 2 x 2 tiles
        fetched = server.bytes - header
        assert header < metadata + 2 * 40_000
        assert 4 * 128 * 128 * 1.9 < fetched < 4 * 128 * 128 * 2.2
        opened.scene.read(Window(10, 10, 200, 200))
        assert server.bytes - header == fetched
        opened.scene.read(Window(300, 500, 20, 20))
        assert fetched < server.bytes - header < 0.6 * size
    assert opened.notes[0].startswith("Input http://127.0.0.1:")


def test_rtc_is_read_on_its_own_map(folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: Any) -> None:
    item = rtc_item(folder, server.url)
    write_item(folder, item)
    monkeypatch.setenv("SAR_COLORIZE_STAC_URL", server.url)
    here = sc.open_scene(folder / "rtc" / ITEM)
    with open_input(f"{ITEM}_rtc") as opened:
        there = opened.scene
        assert (there.grid, there.bands, there.unit, there.validity) == (
            here.grid,
            here.bands,
            here.unit,
            here.validity,
        )
        assert there.declaration.absolute
        for window in (Window(50, 60, 20, 30), WHOLE):
            np.testing.assert_array_equal(there.read(window).values, here.read(window).values)
            np.testing.assert_array_equal(there.read(window).valid, here.read(window).valid)
        np.testing.assert_array_equal(there.select("VH").read(WHOLE).values[0], here.read(WHOLE).values[1])
    sc.colorize(folder / "rtc" / ITEM, tmp_path / "a.tif")
    sc.colorize(f"{ITEM}_rtc", tmp_path / "b.tif")
    with rasterio.open(tmp_path / "a.tif") as ours, rasterio.open(tmp_path / "b.tif") as theirs:
        np.testing.assert_array_equal(ours.read(), theirs.read())
    with open_input(f"{ITEM}_rtc", polarization="vh") as opened:
        assert opened.scene.bands == ("VH",)
    for settings, said in (
        ({"polarization": "HH"}, "polarization must be one of VV, VH in"),
        ({"calibration": "beta0"}, "calibration must be left out for an RTC product, got beta0"),
        ({"unit": "db"}, "unit must be auto for an RTC product, got db"),
        ({"crs": "EPSG:3857"}, "crs and resolution must be left out"),
    ):
        with pytest.raises((SettingError, UnitError), match=said):
            open_input(f"{ITEM}_rtc", **settings)


def test_a_key_in_an_address_is_shown_nowhere(product: Path, server: MosaicServer, tmp_path: Path) -> None:
    server.fault = lambda handler, content: "sig=abcdef" not in handler.path and (handler.send(b"", 403) or True)
    made = sc.colorize(names_of(server)["signed"], tmp_path / "a.tif", model="composite")
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert "abcdef" not in json.dumps(dataset.tags()) + json.dumps(made.to_dict())
    server.fault = lambda handler, content: "noise" in handler.path and (handler.send(b"", 500) or True)
    with pytest.raises(NetworkError, match="HTTP 500") as refused:
        sc.info(names_of(server)["signed"])
    assert "abcdef" not in str(refused.value)


def test_offline_refuses_every_name(product: Path, server: MosaicServer, tmp_path: Path) -> None:
    for name in names_of(server).values():
        for call in (
            lambda name: sc.colorize(name, tmp_path / "a.tif", offline=True),
            lambda name: sc.despeckle(name, tmp_path / "a.tif", offline=True),
            lambda name: sc.info(name, offline=True),
        ):
            with pytest.raises(SettingError, match="offline must come with inputs on this machine, got "):
                call(name)
    assert server.requests == []


def test_a_file_of_that_name_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_safe(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert parse_product(f"{NAME}.SAFE") is None
    assert parse_product(NAME) is not None


@pytest.mark.parametrize(
    ("text", "way"),
    [
        (NAME, "name"),
        (f"{ITEM}_rtc", "name"),
        (f"{NAME}_COG.SAFE", "name"),
        ("https://host/a/manifest.safe", "manifest"),
        ("https://host/a.SAFE/?sig=x", "manifest"),
        ("https://host/collections/c/items/x", "item"),
        ("https://host/x.json", "item"),
        ("https://host/x.tif", None),
        ("https://[bad/x.json", None),
        ("scene.tif", None),
        ("S1A_IW_SLC__1SDV_20210119T031653_20210119T031718_036201_043ED0_8255", None),
        ("/vsicurl/https://host/manifest.safe", None),
        ("x" * 5000, None),
    ],
)
def test_what_names_a_product(text: str, way: str | None) -> None:
    found = parse_product(text)
    assert (None if found is None else found.way) == way


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(
        SettingError, match="input must be an address without user and password, got https://host/a/m"
    ) as no:
        parse_product("https://user:word@host/a/manifest.safe")
    assert ":word" not in str(no.value)


def test_parts_are_no_business_of_other_machines(product: Path, server: MosaicServer) -> None:
    with (
        open_input(NAME, grid="radar") as opened,
        pytest.raises(SettingError, match="scheduler must be left out for input S1A_"),
    ):
        pickle.dumps(opened.scene)
    asked = len(server.requests)
    with pytest.raises(SettingError, match="scheduler must be left out for a product on a server, got tcp://127"):
        sc.colorize(NAME, "a.tif", scheduler="tcp://127.0.0.1:1")
    assert len(server.requests) == asked


@pytest.fixture
def no_folder_left(tmp_path: Path) -> Iterator[None]:
    """Checks that nothing of a run is left."""
    yield
    assert not any(path.name.startswith(".unfinished") for path in (tmp_path / "cache").iterdir())


def test_products_before_ipf_2_90_have_their_border(
    folder: Path, server: MosaicServer, tmp_path: Path, no_folder_left: None
) -> None:
    def dark(polarization: str) -> np.ndarray:
        dn = default_dn(polarization)
        dn[3:-3, 3:43] = 4
        return dn

    safe = make_safe(folder, Make(ipf="002.84", old_noise=True, dn=dark))
    with open_input(f"{server.url}/{NAME}.SAFE/manifest.safe", grid="radar") as opened:
        np.testing.assert_array_equal(
            opened.scene.read(WHOLE).valid, sc.open_scene(safe, grid="radar").read(WHOLE).valid
        )


@pytest.mark.parametrize("by", ["Ctrl-C", "end of input"])
@pytest.mark.parametrize("verb", ["despeckle", "colorize"])  # in the thread that reads ahead, and in the one that waits
def test_who_cancels_while_blocks_are_fetched_ends_it_at_once(
    folder: Path, server: MosaicServer, tmp_path: Path, by: str, verb: str
) -> None:
    store_in_tiles(make_safe(folder))
    release = threading.Event()
    server.fault = lambda handler, content: (
        ".tiff" in handler.path and handler.asked(1 << 40)[0] > 1 << 14 and (release.wait(120.0) or True)
    )
    name = f"{server.url}/{NAME}.SAFE/manifest.safe"
    process = subprocess.Popen(
        command("--stop-at-eof", verb, name, tmp_path / "a.tif"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        while (
            not any(".tiff" in line and "bytes=0-" not in line for line in server.requests) and process.poll() is None
        ):
            time.sleep(0.05)
        started = time.monotonic()
        if by == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        else:  # as QGIS cancels
            process.stdin.close()  # type: ignore[union-attr]
            process.stdin = None
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - started < 60.0
    finally:
        release.set()
        process.kill()
        process.communicate()
    assert process.returncode == 130, said
    assert said.splitlines()[-1].startswith("cancelled")
    assert not (tmp_path / "a.tif").exists()
    assert list((tmp_path / "cache").iterdir()) == []
