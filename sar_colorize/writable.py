"""Where outputs may stand: names that a file can have, and folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Collection
from pathlib import Path

from .errors import OutputError


def check_name_of(what: str, path: Path) -> None:
    """Refuses a path that no file of this program can have.

    Args:
        what: the setting that named it, for the message.

    Raises:
        OutputError: a null character, a name that is not UTF-8 or too long, or one that the system does not let us see.
    """
    try:
        if "\0" in str(path):
            raise ValueError("a null character")
        str(path).encode()  # GDAL and JSON take names as UTF-8 alone
        path.exists()
    except (ValueError, OSError) as error:
        raise OutputError(
            f"{what} must be a name that a file can have, got {str(path)!r} ({error}); choose another"
        ) from error


def publish_folder(made: Path, place: Path, files: Collection[str]) -> None:
    """Renames a finished folder to its place, whole or not at all.

    Args:
        made: in a hidden folder beside `place`, where nothing or an empty folder stands.
        files: what was written into it, by its path in it.

    Raises:
        OSError: it cannot be renamed, or a file is gone because somebody removed the folder meanwhile.
    """
    _check_there(made, files)
    made.replace(place)
    try:
        _check_there(place, files)
    except BaseException:
        with contextlib.suppress(OSError):
            place.rename(made)
        raise


def _check_there(folder: Path, files: Collection[str]) -> None:
    """Refuses a folder in which a file is missing."""
    for name in files:
        if not (folder / name).is_file():
            raise FileNotFoundError(errno.ENOENT, "A file was removed while others were written", name)
