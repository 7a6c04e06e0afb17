"""Sources on a web server that stalls are given up, whoever reads and in whichever thread; what is only slow is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import numpy as np
import pytest
from made import speckled

import sar_colorize as sc
from sar_colorize.errors import SarColorizeError, SettingError
from sar_colorize.reference.picture import look_at
from sar_colorize.scene import gdal, open_scene, vector
from sar_colorize.scene.vector import read_vector

MakeTif = Callable[..., Path]
_SERVER = """
import http.server, re, select, sys, time
from pathlib import Path
manner, data = sys.argv[1], Path(sys.argv[2]).read_bytes()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(data, None)
    def do_GET(self):
        asked = re.fullmatch(r"bytes=(\\d+)-(\\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        part = data[first : int(asked[2] or len(data) - 1) + 1] if asked else data
        self.answer(part, first if asked else None)
        if manner == "slow":
            for start in range(0, len(part), 10000):
                self.wfile.write(part[start : start + 10000])
                time.sleep(0.2)
        elif manner == "stalls" or 16_384 < first < len(data) - 16_384:
            # the client's end can be read once it has closed it
            gave_up = bool(select.select([self.connection], [], [], 40)[0])
            # one string, so that lines of two threads stay whole
            print("the client " + ("gave up" if gave_up else "waited") + "\\n", end="", flush=True)
        else:
            self.wfile.write(part)
    def answer(self, part, first):
        self.send_response(200 if first is None else 206)
        self.send_header("Accept-Ranges", "bytes")
        if first is not None:
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, _offline: None) -> None:
    """GDAL may reach loopback, and gives up after a second."""
    monkeypatch.delenv("CPL_VSIL_CURL_ALLOWED_EXTENSIONS")
    monkeypatch.setitem(gdal.HTTP_PATIENCE, "GDAL_HTTP_LOW_SPEED_TIME", 1)


@contextmanager
def serving(file: Path, manner: str) -> Iterator[tuple[str, IO[str]]]:
    """The address of a file on a server of some manner, and what it says of clients that it lets wait."""
    process = subprocess.Popen([sys.executable, "-c", _SERVER, manner, file], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/{file.name}", process.stdout
    finally:
        process.kill()
        process.communicate()


def _in_a_thread(read: Callable[[], object]) -> None:
    """Reads where dask does; what it raises is raised here."""
    raised: list[SarColorizeError] = []

    def call() -> None:
        try:
            read()
        except SarColorizeError as error:
            raised.append(error)

    thread = Thread(target=call)
    thread.start()
    thread.join()
    for error in raised:
        raise error


@pytest.mark.parametrize("reader", ["open_scene", "open_scene in a thread", "info", "picture"])
def test_a_server_that_stalls_is_given_up_in_a_sentence_that_names_it(make_tif: MakeTif, reader: str) -> None:
    scene = make_tif(speckled(96, 128)[None])
    readers: dict[str, Callable[[str], object]] = {
        "open_scene": open_scene,
        "open_scene in a thread": lambda url: _in_a_thread(lambda: open_scene(url)),
        "info": sc.info,
        "picture": look_at,
    }
    with serving(scene, "stalls") as (url, said):
        with pytest.raises(
            SarColorizeError, match=r"127\.0\.0\.1:\d+ may be slow or break off: try again, or download"
        ):
            readers[reader](url)
        assert said.readline() == "the client gave up\n"


def test_a_server_that_stalls_while_a_lazy_array_is_computed_is_given_up(make_tif: MakeTif) -> None:
    scene = make_tif(speckled(512, 512)[None], names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    with serving(scene, "stalls later") as (url, said):
        lazy = sc.despeckle(open_scene(url), filter="boxcar", block_px=256)
        with pytest.raises(SarColorizeError, match="may be slow or break off"):
            lazy.to_numpy()
        assert said.readline() == "the client gave up\n"


def test_a_server_that_is_slow_and_goes_on_is_waited_for(make_tif: MakeTif) -> None:
    values = speckled(32, 32)
    scene = make_tif(values[None])
    with (
        serving(scene, "slow") as (url, _),
        gdal.readable_by_gdal(url),
        gdal.open_quietly(url, gdal.TIFF, alone=True) as opened,
    ):
        np.testing.assert_array_equal(opened.read(1), values)


def test_the_environment_says_how_patient_gdal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from rasterio._env import get_gdal_config

    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "77")
    with gdal.readable_by_gdal("https://example.com/a.tif"):
        assert get_gdal_config("GDAL_HTTP_LOW_SPEED_TIME") == 77
        assert get_gdal_config("GDAL_HTTP_LOW_SPEED_LIMIT") == 1000
    assert get_gdal_config("GDAL_HTTP_LOW_SPEED_LIMIT") is None


def test_an_area_that_trickles_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector, "_TIMEOUT_S", 1.0)
    monkeypatch.setattr(vector, "_LEAST_BYTES_S", 1e6)
    (tmp_path / "area.geojson").write_text(" " * 100_000)
    with (
        serving(tmp_path / "area.geojson", "slow") as (url, _),
        pytest.raises(SettingError, match=r"aoi must be reachable, got http.* \(the server sent \d+ bytes in \d+ s\)"),
    ):
        read_vector(url)
