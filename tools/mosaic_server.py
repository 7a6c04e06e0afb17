"""Open mosaics on loopback, for tests and demonstrations: tiles as the real sources lay them out, and a range server.

The server counts what it sends, and a fault makes it misbehave for some addresses.
"""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.io import MemoryFile

Fault = Callable[["Handler", bytes], bool]
"""Answers a request in its own way, given the content of the file; false where it leaves that to the server."""


def write_worldcover(
    folder: Path, south: int, west: int, *, year: int = 2021, size: int = 600, block: int = 256,
    values: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Path:  # fmt: skip
    """A tile of one degree with its name, R, G, B and NIR as a Cloud Optimized GeoTIFF.

    Args:
        values: (4, H, W) reflectance x 10000 of longitudes and latitudes (H, W); None for a smooth landscape.
    """
    row, col = f"{'S' if south < 0 else 'N'}{abs(south):02}", f"{'W' if west < 0 else 'E'}{abs(west):03}"
    version = {2020: "v100", 2021: "v200"}[year]
    path = folder / "rgbnir" / str(year) / row / f"ESA_WorldCover_10m_{year}_{version}_{row}{col}_S2RGBNIR.tif"
    step = 1.0 / size
    lats, lons = np.meshgrid(
        south + 1 - (np.arange(size) + 0.5) * step, west + (np.arange(size) + 0.5) * step, indexing="ij"
    )
    transform = Affine(step, 0.0, west, 0.0, -step, south + 1)
    return write_cog(path, (values or landscape)(lons, lats), "EPSG:4326", transform, block)


def write_mosaic_120(
    folder: Path, zone: str, date: tuple[int, int, int], box: tuple[float, float, float, float], *, shade: float = 1.0
) -> list[Path]:
    """The three bands of a zone at a date, over a box in metres of its UTM: west, south, east, north."""
    epsg = 32600 + int(zone[:2]) if zone[2] >= "N" else 32700 + int(zone[:2])
    west, south, east, north = box
    height, width = round((north - south) / 120.0), round((east - west) / 120.0)
    ys, xs = np.meshgrid(np.arange(height) / 60.0, np.arange(width) / 60.0, indexing="ij")
    bands = landscape(xs, ys)
    made = []
    for name, band in zip(("B04", "B03", "B02"), bands, strict=False):
        path = folder / "/".join(map(str, date)) / zone / f"{name}.tif"
        values = (band * shade).astype(np.uint16)[None]
        made.append(write_cog(path, values, f"EPSG:{epsg}", Affine(120.0, 0.0, west, 0.0, -120.0, north), 256))
    return made


def landscape(lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
    """(4, H, W) uint16 reflectance x 10000 of a smooth green and brown country."""
    wave = np.sin(lons * 31.0) * np.cos(lats * 23.0)
    bands = [700 + 400 * wave, 800 + 200 * wave, 500 + 150 * wave, 2600 - 700 * wave]
    return np.stack(bands).astype(np.uint16)


def write_cog(path: Path, values: np.ndarray, crs: str, transform: Affine, block: int) -> Path:
    """A Cloud Optimized GeoTIFF with nodata 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"count": len(values), "height": values.shape[1], "width": values.shape[2], "dtype": values.dtype}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", crs=crs, transform=transform, nodata=0, **profile) as dataset:
            dataset.write(values)
        rasterio.shutil.copy(
            memory.name, path, driver="COG", COMPRESS="DEFLATE", PREDICTOR="YES", BLOCKSIZE=str(block),
            OVERVIEW_RESAMPLING="AVERAGE",
        )  # fmt: skip
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    """Files below a folder by ranges, and a bucket's listing of them."""

    server: MosaicServer

    def do_GET(self) -> None:  # its base class calls it so
        """Answers a request, or misbehaves."""
        self.server.ask(self)

    def do_POST(self) -> None:
        """The same of a request with a body, which only a fault reads."""
        self.server.ask(self)

    def do_HEAD(self) -> None:
        """The size of a file, as GDAL's /vsicurl asks for it."""
        path = self.server.folder / urlsplit(self.path).path.strip("/")
        self.send_response(200 if path.is_file() else 404)
        self.send_header("Content-Length", str(path.stat().st_size if path.is_file() else 0))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    def send(self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.server.count(len(content))  # before it leaves: whoever has it all may ask how much it was
        self.wfile.write(content)

    def asked(self, size: int) -> tuple[int, int]:
        """First and last byte of the request's range."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        return (int(found[1]), min(int(found[2]), size - 1)) if found else (0, size - 1)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class MosaicServer(http.server.ThreadingHTTPServer):
    """Serves a folder; `fault` may answer instead of it."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.fault = folder, None
        self.requests: list[str] = []
        self.bytes = 0
        self._lock = threading.Lock()

    fault: Fault | None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, sent: int) -> None:
        """Adds to the bytes that were sent."""
        with self._lock:
            self.bytes += sent

    def handle_error(self, *_: Any) -> None:
        """A client that gave up is none of its business."""

    def ask(self, handler: Handler) -> None:
        """Answers one request."""
        parts = urlsplit(handler.path)
        with self._lock:
            self.requests.append(f"{handler.path} {handler.headers.get('Range', '')}".strip())
        path = self.folder / parts.path.strip("/")
        is_listing = "list-type" in parts.query
        if self.fault is None and not is_listing and path.is_file():
            self._send_part(handler, path)
            return
        content = self._listing(parts.query) if is_listing else path.read_bytes() if path.is_file() else b""
        if self.fault is not None and self.fault(handler, content):
            return
        if is_listing:
            handler.send(content)
        elif not content:
            handler.send(b"<Error><Code>NoSuchKey</Code></Error>", 404)
        else:
            first, last = handler.asked(len(content))
            headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "Accept-Ranges": "bytes"}
            handler.send(content[first : last + 1], 206, headers)

    def _send_part(self, handler: Handler, path: Path) -> None:
        """The range that is asked for of a file, which may be larger than memory."""
        size = path.stat().st_size
        first, last = handler.asked(size)
        with path.open("rb") as file:
            file.seek(first)
            content = file.read(last + 1 - first)
        handler.send(content, 206, {"Content-Range": f"bytes {first}-{last}/{size}", "Accept-Ranges": "bytes"})

    def _listing(self, query: str) -> bytes:
        """Folders below a prefix, as S3 lists them."""
        prefix = parse_qs(query).get("prefix", [""])[0]
        names = sorted(path.name for path in (self.folder / prefix).glob("*/"))
        found = "".join(f"<CommonPrefixes><Prefix>{prefix}{name}/</Prefix></CommonPrefixes>" for name in names)
        space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
        return f"<ListBucketResult {space}><Prefix>{prefix}</Prefix>{found}</ListBucketResult>".encode()


@contextmanager
def serving(folder: Path) -> Iterator[MosaicServer]:
    """A server of a folder while the context lasts."""
    server = MosaicServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
