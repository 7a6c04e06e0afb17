"""A SAFE product on a server as an archive: metadata are fetched whole, measurements by the blocks that are read."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ..errors import SettingError
from ..raster import Window
from ..scene.safe import Archive
from ..scene.safe.archive import XML_BYTES
from .cache import UNFINISHED, cache_folder, remove_old, writable_folder
from .client import Client, Patience, patience
from .sparse import SparseTiff

METADATA_BYTES = 512 << 20
"""Of all that is no measurement; that of an IW product is about 5 MB."""
_SAY_EVERY_S = 5.0
_log = logging.getLogger("sar_colorize")


class Parts:
    """What came from the server for one run: a folder of the cache that is gone with it."""

    def __init__(self, what: str) -> None:
        """Makes the folder.

        Raises:
            OutputError: the cache cannot be written.
        """
        mend = "give a smaller bbox, or download the product"
        self.client = Client(what, METADATA_BYTES, _long(), mend=mend, instead="download the product")
        folder = writable_folder(cache_folder())
        remove_old(folder)
        self.folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
        self._tiffs: dict[str, SparseTiff] = {}
        self._said = time.monotonic()
        self._end = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def __reduce__(self) -> NoReturn:
        raise SettingError(
            f"scheduler must be left out for {self.client.what}, whose parts are on this machine alone; download the "
            "product first"
        )

    def tiff(self, name: str, url: str) -> SparseTiff:
        """The copy of a measurement.

        Args:
            name: of the copy. url: of the file.

        Raises:
            NetworkError, OutputError: one sentence.
        """
        if name not in self._tiffs:
            made = SparseTiff(self.client, url, self._place(name))
            self.client.most_bytes += 2 * made.size
            self._tiffs[name] = made
        return self._tiffs[name]

    @property
    def size(self) -> int:
        """Bytes of all measurements that parts were taken of."""
        return sum(tiff.size for tiff in self._tiffs.values())

    def before_read(self, name: str) -> Callable[[Window], None]:
        """What fetches the blocks of a window of a measurement that is here."""
        return _Before(self, name)

    def bring(self, name: str, window: Window) -> None:
        """Fetches the blocks of a window.

        Raises:
            NetworkError, OutputError: one sentence.
        """
        self._tiffs[name].bring(window)
        if time.monotonic() - self._said > _SAY_EVERY_S:
            self._said = time.monotonic()
            _log.info("fetching: %s, %.1f MB until now", self.client.what, self.client.bytes / 1e6)

    def stop(self) -> None:
        """Ends every request."""
        self.client.stop()

    def remove(self) -> None:
        """Removes what came."""
        self._end()

    def _place(self, name: str) -> Path:
        path = self.folder / name
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(parents=True)
        return path


@dataclass(frozen=True)
class _Before:
    """Fetches the blocks of a window of one measurement; a function that keeps the parts alive."""

    parts: Parts
    name: str

    def __call__(self, window: Window) -> None:
        self.parts.bring(self.name, window)


@dataclass(frozen=True)
class RemoteArchive(Archive):
    """A product on a server; see `Archive`."""

    urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Addresses of the members, by their path inside the .SAFE folder."""
    parts: Parts | None = field(default=None, repr=False, compare=False)

    def gdal_path(self, member: str) -> str:
        """The copy of a measurement, with its header in it.

        Raises:
            NetworkError, OutputError: one sentence.
        """
        assert self.parts is not None
        return str(self.parts.tiff(member, self.urls[member]).path)

    def before_read(self, member: str) -> Callable[[Window], None] | None:
        """Fetches the blocks of a window of a measurement."""
        assert self.parts is not None
        return self.parts.before_read(member)

    def stop(self) -> None:
        """Ends every request."""
        if self.parts is not None:
            self.parts.stop()

    def _read(self, member: str) -> bytes:
        assert self.parts is not None
        return self.parts.client.listing(self.urls[member], XML_BYTES)


def _long() -> Patience:
    """The usual patience, for hours: a whole product has gigabytes, and each request has an end of its own."""
    usual = patience()
    return Patience(**(usual.__dict__ | {"total_s": 24.0 * usual.total_s}))
