"""A local copy of parts of a TIFF on a server: its header and the blocks that windows need, each at its own place.

GDAL then reads a file on this machine, and finds in it the bits of the whole one. What was not asked for is a hole that
nobody looks into.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import NetworkError, OutputError, way_out
from ..raster import Window
from ..scene.gdal import BLOCK_BYTES
from .client import Client
from .threads import in_threads

MOST_FILE_BYTES = 8 << 30
"""A measurement of an IW product has 0.9 GB."""
_PAGE = 1 << 14
_MOST_HEADER_BYTES = 64 << 20
_MOST_DIRECTORIES = 32
_GAP = 1 << 14
"""Bytes between two blocks that are asked for too, rather than by another request."""
_MOST_RANGE = 4 << 20
_BESIDE = 4
"""Bytes before and behind a block in which GDAL's Cloud Optimized GeoTIFFs repeat its size."""


class SparseTiff:
    """Parts of one file; safe to share between threads."""

    def __init__(self, client: Client, url: str, path: Path) -> None:
        """Fetches the header.

        Args:
            url: of the file. path: of the copy, in a folder that nobody else writes to.

        Raises:
            AbsentError: there is no such file. NetworkError: it is no TIFF, or the server fails. OutputError: no room.
        """
        self.path, self._client, self._url = path, client, url
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._pages: set[int] = set()
        self._here: set[int] = set()
        self.size = 0
        with self._writing:
            self._write(0, b"")
        self._read_header(0, _PAGE)
        if self.size > MOST_FILE_BYTES:
            raise NetworkError(
                f"{client.what} must be a file of at most {MOST_FILE_BYTES >> 30} GB, got one of {self.size} bytes; "
                "this is no Sentinel-1 product"
            )
        self._directory()

    def bring(self, window: Window) -> None:
        """Fetches the blocks that a window touches and that are not here yet.

        Raises:
            NetworkError, OutputError: one sentence; blocks that came before stay.
        """
        with self._lock:
            missing = [number for number in self._touched(window) if number not in self._here]
            ranges = list(self._ranges(missing))
            if ranges:  # in threads also one alone: whoever waits for it must hear that the run is given up
                in_threads(self._client, self._fetch, ranges, lambda *_: self._client.check())
            self._here.update(missing)

    def _touched(self, window: Window) -> Iterable[int]:
        """Numbers of the blocks that a window touches, row by row."""
        part = window.intersect(Window(0, 0, *self.shape))
        height, width = self.block
        across = -(-self.shape[1] // width)
        cols = range(part.col // width, -(-(part.col + part.width) // width)) if part.width else range(0)
        rows = range(part.row // height, -(-(part.row + part.height) // height)) if part.height else range(0)
        return (row * across + col for row in rows for col in cols)

    def _ranges(self, numbers: Iterable[int]) -> Iterable[tuple[int, int]]:
        """First byte and length of what must be asked for, neighbours joined; blocks without bytes are left out."""
        places = sorted((self._offsets[n], self._counts[n]) for n in numbers if self._counts[n])
        first = last = 0
        for offset, count in places:
            if count > 2 * self._raw_bytes + _PAGE or offset + count > self.size:
                raise NetworkError(
                    f"{self._client.what} must hold its blocks, got one of {count} bytes at {offset} in a file of "
                    f"{self.size}; give a file"
                )
            start, stop = max(0, offset - _BESIDE), min(self.size, offset + count + _BESIDE)
            if last and start <= last + _GAP and stop - first <= _MOST_RANGE:
                last = max(last, stop)
                continue
            if last:
                yield first, last - first
            first, last = start, stop
        if last:
            yield first, last - first

    def _fetch(self, part: tuple[int, int]) -> None:
        content, _ = self._client.part(self._url, *part, self.size)
        with self._writing:
            self._write(part[0], content)

    def _write(self, offset: int, content: bytes) -> None:
        """Puts bytes to their place.

        Raises:
            OutputError: there is no room.
        """
        try:
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.seek(offset)
                file.write(content)
        except OSError as error:
            raise OutputError(
                f"cache must have room for parts of {self._client.what}, got {error.strerror or error} for "
                f"{self.path.parent}; {way_out(error, 'set SAR_COLORIZE_CACHE to another folder')}"
            ) from error

    def _read_header(self, first: int, count: int) -> bytes:
        """Bytes of the header, fetched by pages where they are not here."""
        if count > _MOST_HEADER_BYTES or len(self._pages) * _PAGE > _MOST_HEADER_BYTES:
            raise NetworkError(
                f"{self._client.what} must have a header of at most {_MOST_HEADER_BYTES >> 20} MB, got more; give a "
                "file"
            )
        end = first + count if not self.size else min(first + count, self.size)
        wanted = range(first // _PAGE, max(first // _PAGE, -(-end // _PAGE)))
        missing = [number for number in wanted if number not in self._pages]
        if missing:
            start = missing[0] * _PAGE
            length = (missing[-1] + 1) * _PAGE - start
            content, self.size = self._client.part(self._url, start, length, self.size)
            with self._writing:
                self._write(start, content)
            self._pages.update(range(missing[0], missing[-1] + 1))
        with self.path.open("rb") as file:
            file.seek(first)
            return file.read(max(0, min(end, self.size) - first))

    def _directory(self) -> None:
        """Where the blocks of the first picture are, and all that its and the other directories name, but no pixels.

        Raises:
            NetworkError: this is no TIFF of one band.
        """
        import tifffile

        logging.getLogger("tifffile").addHandler(logging.NullHandler())  # damage is one sentence of ours
        try:
            header: Any = _Header(self)
            with tifffile.TiffFile(header, name="remote.tif") as tif:
                pages: list[Any] = list(islice(tif.pages, _MOST_DIRECTORIES))
                first = pages[0]
                for page in pages:
                    for tag in page.tags:
                        self._read_header(tag.valueoffset, tag.valuebytecount)
                self._offsets, self._counts = list(map(int, first.dataoffsets)), list(map(int, first.databytecounts))
                self.shape = int(first.imagelength), int(first.imagewidth)
                self.block = int(first.tilelength), int(first.tilewidth)
                if not first.is_tiled:
                    self.block = min(int(first.rowsperstrip), self.shape[0]), self.shape[1]
                samples, bits = int(first.samplesperpixel), int(first.bitspersample)
        except (NetworkError, OutputError):
            raise
        except Exception as error:  # tifffile, struct and Python each have errors of their own
            raise self._refusal("another") from error
        height, width = self.block
        self._raw_bytes = height * width * bits // 8 if height > 0 and width > 0 else 0
        count = -(-self.shape[0] // height) * -(-self.shape[1] // width) if self._raw_bytes else 0
        if samples != 1 or not 0 < self._raw_bytes <= BLOCK_BYTES // 4 or count != len(self._offsets):
            raise self._refusal(f"{samples} bands in {len(self._offsets)} blocks of {width} x {height}")
        if len(self._counts) != count or min(self._counts + self._offsets) < 0:
            raise self._refusal(f"{len(self._counts)} sizes of {count} blocks")

    def _refusal(self, got: str) -> NetworkError:
        return NetworkError(f"{self._client.what} must be a GeoTIFF of one band, got {got}; give a file")


class _Header(io.RawIOBase):
    """The file as tifffile reads one; what it looks at is kept."""

    def __init__(self, tiff: SparseTiff) -> None:
        self._tiff, self._at = tiff, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves, as files do."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._tiff.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes."""
        left = max(0, self._tiff.size - self._at)
        found = self._tiff._read_header(self._at, left if size is None or size < 0 else min(size, left))
        self._at += len(found)
        return found

    def readinto(self, buffer: Any, /) -> int:
        """Fills a buffer, or a part of it."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)
