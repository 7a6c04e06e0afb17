"""Work folders that a killed backend left beside an output, by the backend's own rules (sar_colorize/hidden_folder.py).

A folder is touched only if it is a real one of this user, no process holds its lock, and a note of the backend in it
says what it may hold; then these parts are removed, an older output among them is put back, and anything else stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import sys
from fnmatch import fnmatchcase
from pathlib import Path

NOTE, LOCK, EARLIER = "note.json", "lock", "earlier"
KNOWN_PARTS = ("blocks.tif*", "cog.tif*", "messages.txt", "temporary", "whole", EARLIER)
_LONGEST_NAME = 200
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def remove_leftovers(output: str) -> None:
    """Removes what killed runs onto `output` left, and nothing else."""
    path = Path(output)
    with contextlib.suppress(OSError):
        for folder in list(path.parent.iterdir()):
            if folder.name.startswith(_prefix(path)):
                with contextlib.suppress(OSError):
                    if _is_own_folder(folder):
                        _remove_unlocked(folder)


def _prefix(output: Path) -> str:
    name = output.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.sar-colorize-"


def _is_own_folder(folder: Path) -> bool:
    """A real folder, not a link to one, that belongs to this user."""
    found = folder.lstat()
    is_real = stat.S_ISDIR(found.st_mode) and not getattr(found, "st_reparse_tag", 0)
    return is_real and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _remove_unlocked(folder: Path) -> None:
    """Removes what is ours in a folder, unless a run holds its lock."""
    note = _note(folder)
    if note is None and not _is_unbegun(folder):
        return
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if note is not None:
            _remove_parts(folder, note)
        elif not _is_unbegun(folder):  # its run went on
            return
        if sys.platform != "win32":
            _remove_if_empty(folder)
            return
    finally:
        os.close(lock)
    _remove_if_empty(folder)  # no file can be removed there while it is open


def _is_unbegun(folder: Path) -> bool:
    """Of a run that was killed while it made its folder or removed it; of anybody else's only where nothing is lost."""
    parts = list(folder.iterdir())
    return all(
        part.name in (NOTE, LOCK) and stat.S_ISREG(part.lstat().st_mode) and part.lstat().st_size == 0 for part in parts
    )


def _remove_parts(folder: Path, note: dict) -> None:
    """Puts an older output back, and removes the parts that the note names."""
    output = folder.parent / str(note["output"])
    if os.sep not in str(note["output"]) and not os.path.lexists(output):
        with contextlib.suppress(OSError):
            (folder / EARLIER).rename(output)
    for part in list(folder.iterdir()):
        if any(fnmatchcase(part.name, pattern) for pattern in note["parts"]):
            with contextlib.suppress(OSError):
                mode = part.lstat().st_mode
                if stat.S_ISDIR(mode):
                    shutil.rmtree(part)
                elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):  # a link itself, never what it points to
                    part.unlink()


def _remove_if_empty(folder: Path) -> None:
    """Removes a folder that holds no more than note and lock, the lock last."""
    with contextlib.suppress(OSError):
        names = {part.name for part in folder.iterdir()}
        if names <= {NOTE, LOCK}:
            for name in sorted(names, key=lambda name: name == LOCK):
                (folder / name).unlink()
            folder.rmdir()


def _note(folder: Path) -> dict | None:
    """What the note of the backend says; None where there is none, or another's."""
    try:
        with os.fdopen(
            os.open(folder / NOTE, os.O_RDONLY | _NO_LINK), encoding="utf-8", errors="surrogateescape"
        ) as file:
            content = json.loads(file.read(1 << 16))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    known = {name: content.get(name) for name in ("program", "output", "parts")}
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
    parts = content.get("parts")
    if content.get("digest") != digest or not isinstance(parts, list) or not set(parts) <= set(KNOWN_PARTS):
        return None
    return content
