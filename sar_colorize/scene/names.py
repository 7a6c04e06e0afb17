"""Paths that users give: what no file system or GDAL takes for a name is one sentence, before anything is opened."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

from ..credentials import name_without_credentials
from ..errors import SarColorizeError, SceneError, UnreadableError

_SHOWN = 120


def is_local(name: str) -> bool:
    """Whether a name is a path, and no URL or file system of GDAL's."""
    return not name.startswith("/vsi") and "://" not in name


def is_special(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to a pipe, a device or a socket: whoever opened it might wait for ever, or never end."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # a text may be no path at all
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to a folder; a name that no file can have leads to none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def check_name(name: str, what: str = "input", error: type[SarColorizeError] = UnreadableError) -> None:
    """Refuses a name that cannot be one.

    Args:
        what: the setting that named it, for messages.
        error: what is raised.

    Raises:
        SarColorizeError: empty, XML, with control characters or outside Unicode, too long, not reachable, or of a pipe.
    """
    shown = repr(name_without_credentials(name[:_SHOWN])) + ("..." if len(name) > _SHOWN else "")
    if not name.strip():
        raise error(f"{what} must be the name of a file, got {name!r:.40}; name one")
    if name.lstrip().startswith("<"):
        raise error(f"{what} must be the name of a file, got XML, {shown}; write it into a file")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise error(
            f"{what} must have a name in UTF-8 without line breaks or control characters, got {shown}; rename it"
        )
    if not is_local(name):
        return
    try:
        Path(name).stat()
    except (FileNotFoundError, NotADirectoryError):
        return  # whoever opens it says so
    except (OSError, ValueError) as reason:
        said = (reason.strerror if isinstance(reason, OSError) else None) or "not a path"
        raise error(f"{what} must be a path that can be read, got {shown} ({said}); check the path") from reason
    if is_special(name):
        raise error(f"{what} must be a file, got {shown}, a pipe or a device; write its content into a file")


def folder_entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """What stands in a folder, not below.

    Raises:
        UnreadableError: it cannot be listed. SceneError: more than `most` entries.
    """
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) > most:
                    raise SceneError(f"input folder must hold at most {most} files, got more in {folder}; name a file")
    except OSError as error:
        raise UnreadableError(
            f"input folder must be readable, got {folder} ({error.strerror}); check its permissions"
        ) from error
    return found
