"""Where unfinished files live: a hidden folder beside the output that no crash makes permanent.

A folder that a killed run left is removed by the next run onto the same output, and only then: it must be a real
folder of this user, whose lock nobody holds, with a note in it that this program wrote; and of what it holds only the
parts that the note names are removed. A link is never followed. An older output that stands in it is put back if its
place is empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
import weakref
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .errors import OutputError, way_out

NOTE, LOCK, EARLIER = "note.json", "lock", "earlier"
KNOWN_PARTS = ("blocks.tif*", "cog.tif*", "messages.txt", "temporary", "whole", EARLIER)
"""What the folders of this program may hold besides note and lock: names or patterns of files, and names of folders."""
_FOLDERS = ("temporary", "whole", EARLIER)
"""Those of them that may be folders; a folder of another name is no part of ours."""
_LONGEST_NAME = 200
_RESERVED = 8
"""Descriptors that are kept for the removal of folders: as many as it opens at a time, four folders deep."""
_reserve: list[int] = []
_living: set[Path] = set()
"""The hidden folders of this process, which share the reserve."""
_HAS_DIR_FD = {os.open, os.stat, os.unlink} <= os.supports_dir_fd


class HiddenFolder:
    """A hidden folder beside `output`, locked while its process lives.

    Raises:
        OutputError: it cannot be made; the message says why.
    """

    def __init__(self, output: Path) -> None:
        lock = None
        while lock is None:  # again where a cleaner took the folder before its lock was held
            self.path = output.parent / f"{_prefix(output)}{secrets.token_hex(4)}"
            try:
                _hold_reserve()
                self.path.mkdir(mode=0o700)
                _write_note(self.path, output)
                lock = _lock(self.path, NOTE)
                if lock is not None:  # at interpreter exit too: an interrupt may fall between two lines of any cleaning
                    self._finalizer = weakref.finalize(self, _remove, self.path, [lock], os.getpid())
            except FileExistsError:
                continue
            except FileNotFoundError:
                _take_back(self.path)
                if not output.parent.is_dir():
                    _free_reserve_of_none()
                    raise OutputError(
                        f"folder of the output must exist, got {output.parent}, which is gone; create it first"
                    ) from None
            except OSError as error:
                _take_back(self.path)
                _free_reserve_of_none()
                reason = error.strerror or str(error)
                raise OutputError(
                    f"output must be writable, got {reason} for {output}; {way_out(error, 'choose another folder')}"
                ) from error
            except BaseException:  # an interrupt
                _take_back(self.path)
                raise
        _living.add(self.path)

    @property
    def earlier(self) -> Path:
        """Where an older output is kept until a new one stands in its place."""
        return self.path / EARLIER

    def remove(self) -> None:
        """Removes the folder and the parts in it that are ours; a second call does nothing."""
        pending = self._finalizer.peek()
        try:
            self._finalizer()
        except BaseException:  # an interrupt in the midst of it: what is left goes at the next call, or at exit
            if pending is not None:
                self._finalizer = weakref.finalize(self, pending[1], *pending[2])
            raise


def _hold_reserve() -> None:
    """Opens descriptors, so that a process which may open no more files can still remove its folders.

    Raises:
        OSError: it may not even open these.
    """
    while len(_reserve) < _RESERVED:
        _reserve.append(os.open(os.devnull, os.O_RDONLY))


def _free_reserve() -> None:
    """Closes them, for those that a removal opens."""
    _close(_reserve)


def _free_reserve_of_none() -> None:
    """Closes them where no folder needs them."""
    if not _living:
        _free_reserve()


def _take_back(folder: Path) -> None:
    """Removes a folder that was made a moment ago, by calls that need no descriptor: there may be none left."""
    for name in (NOTE, LOCK):
        with contextlib.suppress(OSError):
            (folder / name).unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def remove_orphans(output: Path) -> None:
    """Removes the hidden folders of `output` that killed runs of this user left."""
    with contextlib.suppress(OSError):
        for folder in list(output.parent.iterdir()):
            if not folder.name.startswith(_prefix(output)) or not _is_own_folder(folder):
                continue
            with contextlib.suppress(OSError):
                if _read_note(folder, None) is None:
                    _remove_unbegun(folder)
                    continue
                lock = _lock(folder)
                if lock is not None:
                    _remove(folder, [lock], os.getpid())


def _remove_unbegun(folder: Path) -> None:
    """Removes what a run left that was killed while it made its folder or removed it: at most empty note and lock.

    Of anybody else's it takes nothing but that.
    """
    names = os.listdir(folder)  # noqa: PTH208  # as everywhere here
    if not names:
        folder.rmdir()
        return
    if not set(names) <= {NOTE, LOCK}:
        return
    lock = _lock(folder)
    if lock is None:
        return
    locks = [lock]
    try:
        found = [(folder / name).lstat() for name in names]
        if all(stat.S_ISREG(each.st_mode) and each.st_size == 0 for each in found):
            if sys.platform == "win32":  # no file can be removed there while it is open
                _close(locks)
            _take_back(folder)
    finally:
        _close(locks)


def _prefix(output: Path) -> str:
    """Before the random part of the folder's name; a long name of the output is shortened to its digest."""
    name = output.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.sar-colorize-"


def _is_own_folder(folder: Path) -> bool:
    """A real folder, not a link to one, that belongs to this user."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_real = stat.S_ISDIR(found.st_mode) and not getattr(found, "st_reparse_tag", 0)
    return is_real and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _write_note(folder: Path, output: Path) -> None:
    """Says whose folder this is, and what it may hold."""
    content: dict[str, Any] = {"program": "sar-colorize", "output": output.name, "parts": list(KNOWN_PARTS)}
    content["digest"] = _digest(content)
    (folder / NOTE).write_text(json.dumps(content), encoding="utf-8", errors="surrogateescape")


def _digest(content: dict[str, Any]) -> str:
    """Of what a note says."""
    known = {name: content.get(name) for name in ("program", "output", "parts")}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()


def _read_note(folder: Path, root: int | None) -> dict[str, Any] | None:
    """What the note says; None where there is none of this program's."""
    try:
        handle = os.open(_name(folder, NOTE, root), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0), dir_fd=root)
        with os.fdopen(handle, encoding="utf-8", errors="surrogateescape") as file:
            content = json.loads(file.read(1 << 16))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("digest") != _digest(content):
        return None
    parts = content.get("parts")
    return content if isinstance(parts, list) and set(parts) <= set(KNOWN_PARTS) else None


def _lock(folder: Path, *others: str) -> int | None:
    """The descriptor that holds the lock of `folder` until it is closed; None where another process holds it.

    Raises:
        OSError: it cannot be made, or it or one of the `others` that must stand beside it is gone.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in (LOCK, *others):
            (folder / name).stat()  # FileNotFoundError: a cleaner was faster
    except (BlockingIOError, PermissionError):
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock


def _remove(folder: Path, locks: list[int], owner: int) -> None:
    """Removes what is ours in a folder whose lock is held, and the folder where nothing else is in it.

    Args:
        locks: the descriptor that holds the lock, taken out where it is closed: an interrupt may fall behind that, and
            then this is called again, when the number may be another file's.
    """
    if os.getpid() != owner:  # a forked child inherits the finalizer, not the work
        return
    if not locks and sys.platform != "win32":  # all was done but the last line
        return
    _living.discard(folder)
    _free_reserve()
    root: int | None = None
    with contextlib.suppress(OSError):
        if _HAS_DIR_FD:
            root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if _is_own_folder(folder):
            _remove_parts(folder, root)
    if sys.platform == "win32":  # no file can be removed there while it is open
        _close(locks)
    with contextlib.suppress(OSError):
        names = _names(folder, root)
        if set(names) <= {NOTE, LOCK}:  # the lock last: a folder without one would belong to nobody
            for name in sorted(names, key=lambda name: name == LOCK):
                os.unlink(_name(folder, name, root), dir_fd=root)
            folder.rmdir()
    if root is not None:
        os.close(root)
    if _living:
        with contextlib.suppress(OSError):
            _hold_reserve()
    _close(locks)


def _close(handles: list[int]) -> None:
    """Closes descriptors, each once."""
    with contextlib.suppress(IndexError):
        while True:
            os.close(handles.pop())


def _remove_parts(folder: Path, root: int | None) -> None:
    """Puts an older output back, and removes the parts that the note names."""
    note = _read_note(folder, root)
    if note is None:
        return
    output = folder.parent / str(note["output"])
    if os.sep not in str(note["output"]) and not os.path.lexists(output):
        with contextlib.suppress(OSError):
            os.rename(_name(folder, EARLIER, root), output, src_dir_fd=root)
    for name in _names(folder, root):
        if not any(fnmatchcase(name, part) for part in note["parts"]):
            continue
        with contextlib.suppress(OSError):
            found = os.stat(_name(folder, name, root), dir_fd=root, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):  # a link itself, never what it points to
                os.unlink(_name(folder, name, root), dir_fd=root)
            elif stat.S_ISDIR(found.st_mode) and name in _FOLDERS:
                shutil.rmtree(_name(folder, name, root), dir_fd=root)


def _names(folder: Path, root: int | None) -> list[str]:
    """What stands in the folder."""
    return os.listdir(folder if root is None else root)  # noqa: PTH208  # pathlib takes no descriptor


def _name(folder: Path, name: str, root: int | None) -> str:
    """A name in the folder, as functions of `os` take it with and without the folder's descriptor."""
    return name if root is not None else str(folder / name)
