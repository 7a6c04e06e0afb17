"""A GeoTIFF on a server, opened by GDAL, which reads of it the parts that it needs through `client`."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import NetworkError
from ..scene.gdal import BLOCK_BYTES, TIFF, is_usable, one_line
from .client import Client

PAGE = 1 << 14
"""Small reads are made of pages of so many bytes, and kept: GDAL reads a header by a few bytes at a time."""
FIRST = 2 * PAGE
"""Bytes of the first request; the header of a Cloud Optimized GeoTIFF is mostly shorter."""
_MOST_PAGES = 512


class RangeFile:
    """A file by its address, as GDAL's plugin of rasterio reads one; it never raises, but keeps what went wrong.

    rasterio 1.4 leaves an exception of a callback behind for whatever Python does next; so a read that fails gives
    zeros, and `error` says why.
    """

    def __init__(self, client: Client, url: str) -> None:
        """Asks for the first pages.

        Raises:
            AbsentError: there is no such file. NetworkError: one sentence.
        """
        self._client, self._url, self._at = client, url, 0
        content, self.size = client.part(url, 0, FIRST)
        self._pages = {
            number: content[number * PAGE : (number + 1) * PAGE] for number in range(-(-len(content) // PAGE))
        }
        self.error: NetworkError | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves, as files do."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes."""
        end = self.size if count < 0 else min(self.size, self._at + count)
        if self._at >= end:
            return b""
        part = self._guarded(self._at, end - self._at)
        self._at = end
        return part

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Several parts; GDAL has joined those that touch."""
        return [self._guarded(offset, size) for offset, size in zip(offsets, sizes, strict=True)]

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> RangeFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _guarded(self, first: int, count: int) -> bytes:
        """Bytes, or zeros once something has gone wrong; nothing where more are wanted than all may be."""
        if count > self._client.most_bytes:
            self.error = self.error or NetworkError(
                f"{self._client.what} must hold parts of at most {self._client.most_bytes / 1e6:.0f} MB, got one of "
                f"{count / 1e6:.0f} MB; give a file"
            )
            return b""
        if self.error is None:
            try:
                return self._bytes(first, min(count, max(0, self.size - first))).ljust(count, b"\0")
            except NetworkError as error:
                self.error = error
            except Exception as error:  # noqa: BLE001  # an exception would go astray in the callback
                self.error = NetworkError(f"{self._client.what} must be readable, got {one_line(error)}; give a file")
        return bytes(count)

    def _bytes(self, first: int, count: int) -> bytes:
        """Bytes from pages, or asked for as they are where they are many."""
        if count >= PAGE:
            return self._client.part(self._url, first, count, self.size)[0] if count else b""
        numbers = range(first // PAGE, (first + count - 1) // PAGE + 1) if count else range(0)
        for number in numbers:
            if number not in self._pages:
                if len(self._pages) >= _MOST_PAGES:
                    self._pages.clear()
                self._pages[number] = self._client.part(self._url, number * PAGE, PAGE, self.size)[0]
        joined = b"".join(self._pages[number] for number in numbers if number in self._pages)
        start = first - numbers[0] * PAGE if numbers else 0
        return joined[start : start + count]


@contextmanager
def open_remote(file: RangeFile, what: str, overview: int | None = None) -> Iterator[Any]:
    """A GeoTIFF on a server, open in rasterio, or one of its overviews by its number from 0.

    Raises:
        NetworkError: it is none, it would not fit into memory, or what goes wrong while it is read.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    options: dict[str, Any] = {} if overview is None else {"OVERVIEW_LEVEL": overview}
    try:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED=False),
            rasterio.open("remote.tif", opener=_container(file), driver=TIFF[0], **options) as dataset,
        ):
            _check(dataset, what)
            yield dataset
    except (RasterioError, CPLE_BaseError, MemoryError, ValueError, SystemError) as error:
        if file.error is not None:
            raise file.error from None
        raise NetworkError(
            f"{what} must be a GeoTIFF that GDAL reads, got another ({one_line(error)}); try again later, or give a "
            "file"
        ) from error
    if file.error is not None:
        raise file.error


def _container(file: RangeFile) -> Any:
    """The one file as a file system of rasterio's."""
    from rasterio.abc import MultiByteRangeResourceContainer

    class Container(MultiByteRangeResourceContainer):  # type: ignore[misc]  # rasterio comes without types
        """Holds one file, and nothing beside it."""

        def open(self, _path: str, _mode: str = "r", **_: Any) -> RangeFile:
            """The file, from its beginning; opened again only once it is closed."""
            file.seek(0)
            return file

        def isfile(self, path: str) -> bool:
            """Whether it is that file and no sidecar."""
            return str(path).endswith("remote.tif")

        def isdir(self, _path: str) -> bool:
            """Never."""
            return False

        def ls(self, _path: str) -> list[str]:
            """Nothing."""
            return []

        def mtime(self, _path: str) -> int:
            """Not known."""
            return 0

        def rm(self, _path: str) -> None:
            """Removes nothing."""

        def size(self, _path: str) -> int:
            """Bytes."""
            return file.size

    return Container()


def _check(dataset: Any, what: str) -> None:
    """Refuses a raster that would not fit into memory, or lies nowhere."""
    together = dataset.count if str(getattr(dataset.interleaving, "name", "")) == "pixel" else 1
    for (rows, columns), dtype in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        width = {"uint8": 1, "int16": 2, "uint16": 2, "float32": 4}.get(dtype, 0)
        if not width or rows * columns * width * together > BLOCK_BYTES // 4:
            raise NetworkError(
                f"{what} must be numbers of 8 or 16 bits in blocks of at most {BLOCK_BYTES >> 22} MB, got blocks of "
                f"{columns} x {rows} of {dtype}; give a file"
            )
    if dataset.crs is None or not is_usable(dataset.transform):
        raise NetworkError(f"{what} must have a georeference, got a tile with none; give a file")
