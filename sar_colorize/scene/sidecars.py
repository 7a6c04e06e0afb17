"""Files beside a raster that GDAL reads with it: masks and overviews must be TIFFs, for GDAL opens them as anything.

GDAL opens `scene.tif.msk` and `scene.tif.ovr` by their content, whatever formats were asked for: one of them may be a
virtual raster that leads to other files or to a server.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..errors import UnreadableError
from .gdal import TIFF, open_quietly, readable_by_gdal
from .members import member_of_zip

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIXES = (".msk", ".ovr")
_LARGEST_IN_ZIP = 256 << 20


def check_sidecars(path: Path) -> None:
    """Refuses masks and overviews beside a local raster that are no TIFF, or lead to other files themselves.

    Raises:
        UnreadableError: one is.
    """
    folder = path.parent
    changed = 0
    with suppress(OSError):
        changed = folder.stat().st_mtime_ns
    for name in _of(path.name, _names(folder, changed)):
        beside = folder / name
        try:
            with beside.open("rb") as file:
                start = file.read(4)
        except OSError:  # GDAL cannot read it either
            continue
        _check_start(start, str(beside))
        _check_metadata(str(beside))


def check_sidecars_in_zip(path: Path, member: str, members: Iterable[str]) -> None:
    """Likewise for a raster in a zip.

    Raises:
        UnreadableError: one is.
    """
    for name in _of(member, members):
        _check_start(member_of_zip(path, name, _LARGEST_IN_ZIP, str(path))[:4], f"{name} in {path}")
        _check_metadata(f"/vsizip/{path.resolve().as_posix()}/{name}")


@lru_cache(maxsize=4)
def _names(folder: Path, changed_ns: int) -> tuple[str, ...]:  # noqa: ARG001  # the time is part of the key
    """Masks and overviews in a folder."""
    try:
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry in entries if entry.name.lower().endswith(_SUFFIXES))
    except OSError:
        return ()


def _of(raster: str, names: Iterable[str]) -> Iterator[str]:
    """Those that GDAL may take for a raster's, or for those of its mask; it does not mind capitals."""
    start = raster.lower()
    stem = start.rsplit(".", 1)[0]
    return (
        name for name in names
        if name.lower().endswith(_SUFFIXES) and (name.lower().startswith(start) or name.lower()[:-4] == stem)
    )  # fmt: skip


def _check_metadata(location: str) -> None:
    """Refuses a TIFF that names other files, as every raster that is opened."""
    with readable_by_gdal(location):
        open_quietly(location, TIFF).close()


def _check_start(start: bytes, beside: str) -> None:
    if start not in TIFF_STARTS:
        raise UnreadableError(
            f"masks and overviews beside a raster must be TIFFs, got another format in {beside}; delete that file if "
            "you do not need it"
        )
