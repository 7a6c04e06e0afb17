"""Files beside a raster that GDAL reads with it: masks and overviews must be TIFFs, for GDAL opens them as anything.

GDAL opens `scene.tif.msk` and `scene.tif.ovr` by their content, whatever formats were asked for: one of them may be a
virtual raster that leads to other files or to a server. It reads many others, such as `scene.tfw` and
`scene.tif.aux.xml`; none of them may be a pipe, in which it would wait for ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..errors import SarColorizeError, UnreadableError
from .gdal import TIFF, open_quietly, readable_by_gdal
from .members import member_of_zip
from .names import is_special

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIXES = (".msk", ".ovr")
_LARGEST_IN_ZIP = 256 << 20


def check_sidecars(path: Path) -> None:
    """Refuses masks and overviews beside a local raster that are no TIFF, or lead to other files themselves; and pipes.

    Raises:
        UnreadableError: one is.
    """
    check_pipes(path)
    folder = path.parent
    for name in _of(path.name, _looked_into(folder)[0]):
        beside = folder / name
        try:
            with beside.open("rb") as file:
                start = file.read(4)
        except OSError:  # GDAL cannot read it either
            continue
        _check_start(start, str(beside))
        _check_metadata(str(beside))


def check_pipes(path: Path, what: str = "input", error: type[SarColorizeError] = UnreadableError) -> None:
    """Refuses a file beside which a pipe or a device stands that has its name with another ending.

    Raises:
        UnreadableError: one does, or what is given as `error`.
    """
    stem = path.name.lower().rsplit(".", 1)[0]
    for name in _looked_into(path.parent)[1]:
        if name.lower().startswith(stem) and name[len(stem) : len(stem) + 1] in ("", ".", "_"):
            raise error(
                f"{what} must have files beside it, got {path.parent / name}, a pipe or a device; move that away"
            )


def check_sidecars_in_zip(path: Path, member: str, members: Iterable[str]) -> None:
    """Likewise for a raster in a zip.

    Raises:
        UnreadableError: one is.
    """
    for name in _of(member, members):
        _check_start(member_of_zip(path, name, _LARGEST_IN_ZIP, str(path))[:4], f"{name} in {path}")
        _check_metadata(f"/vsizip/{path.resolve().as_posix()}/{name}")


def _looked_into(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Masks and overviews in a folder, and pipes and devices."""
    changed = 0
    with suppress(OSError):
        changed = folder.stat().st_mtime_ns
    return _names(folder, changed)


@lru_cache(maxsize=4)
def _names(folder: Path, changed_ns: int) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: ARG001  # part of the key
    sidecars, pipes = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(_SUFFIXES):
                    sidecars.append(entry.name)
                if not entry.is_file() and is_special(entry.path):
                    pipes.append(entry.name)
    except OSError:
        return (), ()
    return tuple(sidecars), tuple(pipes)


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
