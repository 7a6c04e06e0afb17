"""Members of a zip or a folder from strangers: bounded in number and size, read in one sentence or refused in one."""

from __future__ import annotations

import io
import os
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ..errors import UnreadableError

MOST_MEMBERS = 10_000
"""In one zip or folder; a product has about 50."""
_DIRECTORY_BYTES = 4 << 20
"""Of a zip's list of members: room for MOST_MEMBERS with names of 350 bytes."""


class _TooLongError(Exception):
    """More bytes are asked for at once than there may be."""


class _Bounded(io.FileIO):
    """A file of which at most `most` bytes are read at once."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self._most, self._end = most, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """As every file, up to the bound."""
        if size is None or size < 0:
            size = max(0, self._end - self.tell())
        if size > self._most:
            raise _TooLongError
        return super().read(size) or b""


def members_of_zip(path: Path) -> tuple[str, ...]:
    """Names of the members of a zip, folders left out, in its own order.

    Raises:
        UnreadableError: damaged, too many members, or one that points outside or has a name that no file has.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise UnreadableError(f"input must be a readable zip, got {path} ({error.strerror}); check the path") from error
    return _members_of_zip(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _members_of_zip(path: Path, changed_ns: int, size: int) -> tuple[str, ...]:  # noqa: ARG001  # parts of the key
    try:
        with _Bounded(path, _DIRECTORY_BYTES) as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except _TooLongError:
        names = [""] * (MOST_MEMBERS + 1)
    except Exception as error:  # zipfile lets many kinds through: struct, Unicode, NotImplemented, OS
        raise UnreadableError(
            f"input must be a whole zip ({_said(error)}), got {path}, which is damaged; download it again"
        ) from error
    if len(names) > MOST_MEMBERS:
        raise UnreadableError(f"input zip must hold at most {MOST_MEMBERS} members, got more in {path}; unpack it")
    outside = [name for name in names if _points_outside(name)]
    if outside:
        raise UnreadableError(
            f"zip must hold members of its own folder, got {outside[0]!r:.80} in {path}; do not trust this file"
        )
    return tuple(name for name in names if not name.endswith("/"))


def _points_outside(name: str) -> bool:
    return (
        name.startswith(("/", "\\"))
        or ".." in PurePosixPath(name.replace("\\", "/")).parts
        or any(ord(character) < 32 for character in name)
    )


def member_of_zip(path: Path, member: str, most: int, source: str) -> bytes:
    """The bytes of a member.

    Args:
        most: how many there may be. source: the zip's name, for messages.

    Raises:
        UnreadableError: missing, damaged, encrypted, of a method that Python does not know, or too large.
    """
    try:
        with _Bounded(path, max(most, _DIRECTORY_BYTES)) as file, zipfile.ZipFile(file) as archive:
            entry = archive.getinfo(member)
            if max(entry.file_size, entry.compress_size) > most:
                raise _TooLongError
            return archive.read(entry)
    except _TooLongError:
        raise UnreadableError(too_large(member, source, most)) from None
    except Exception as error:  # zlib, lzma, struct, EOF, Runtime (encrypted), NotImplemented, OS
        raise UnreadableError(
            f"zip must be whole and not encrypted, got an unreadable {member} in {source} ({_said(error)}); "
            "download it again"
        ) from error


def too_large(member: str, source: str, most: int) -> str:
    """That a metadata file is."""
    return (
        f"product metadata must be at most {most >> 20} MB, got more in {member} of {source}; "
        "this is no Sentinel-1 product"
    )


def members_of_folder(folder: Path) -> tuple[str, ...]:
    """Files below a folder at any depth, by their path in it, sorted; links to folders are not followed.

    Raises:
        UnreadableError: too many, or a folder that cannot be listed.
    """
    found: list[str] = []

    def refuse(error: OSError) -> None:
        raise UnreadableError(
            f"input folder must be readable, got {error.filename} ({error.strerror}); check its permissions"
        ) from error

    for place, _, names in os.walk(folder, onerror=refuse):
        inside = Path(place).relative_to(folder)
        found += [(inside / name).as_posix() for name in names]
        if len(found) > MOST_MEMBERS:
            raise UnreadableError(
                f"input folder must hold at most {MOST_MEMBERS} files, got more in {folder}; name one of them"
            )
    return tuple(sorted(found))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
