"""What was fetched, kept on this machine: bounded in size, whole or not at all, verified before it is used again.

An entry is KEY.json, which names a GeoTIFF, its size and its SHA-256. The GeoTIFF's own name holds a part of that, so
that two processes that fetch the same place never write the same file; the manifest is renamed into place last. A lock
for each key lets the second wait for the first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError, SettingError, way_out

UNFINISHED = ".unfinished-"
"""What names begin with of what a run has not done with."""
FOLDER_VARIABLE, SIZE_VARIABLE = "SAR_COLORIZE_CACHE", "SAR_COLORIZE_CACHE_MB"
USUAL_MB = 1024
_IN_USE_S = 6 * 3600.0
"""A file that was asked for so lately may be open in another process, so that it stays."""
_UNFINISHED_S = 24 * 3600.0
"""Age from which on a temporary file is what a killed process left."""
_TICK_S = 0.2


@dataclass(frozen=True)
class Entry:
    """A file in the cache, and what is known of it."""

    path: Path
    facts: dict[str, Any]
    """As they were stored, for JSON."""


def cache_folder() -> Path:
    """Where fetched files are: SAR_COLORIZE_CACHE, or the folder that the system has for such."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sar_colorize" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sar_colorize"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sar_colorize"


def most_bytes() -> int:
    """How large the cache may be.

    Raises:
        SettingError: the variable of the environment is no number of megabytes.
    """
    text = os.environ.get(SIZE_VARIABLE, "")
    if not text:
        return USUAL_MB << 20
    if not text.isdecimal() or not 1 <= int(text) <= 1 << 24:
        raise SettingError(f"{SIZE_VARIABLE} must be a number of megabytes from 1 on, got {text}; {USUAL_MB} is usual")
    return int(text) << 20


def key_of(parts: dict[str, Any]) -> str:
    """A name for what a file was made of: 24 letters, so that nothing in it reads as a date."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    return "".join(chr(97 + byte % 26) for byte in digest[:24])


def find(key: str) -> Entry | None:
    """The file of a key, whole as it was stored; None where there is none. One that is damaged is removed."""
    folder = cache_folder()
    manifest = folder / f"{key}.json"
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        path = folder / Path(str(facts["file"])).name
        is_whole = path.is_file() and path.stat().st_size == facts["size"] and _sha256(path) == facts["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_whole:
        for damaged in (manifest, path):
            with contextlib.suppress(OSError):
                damaged.unlink()
        return None
    for used in (manifest, path):
        with contextlib.suppress(OSError):
            os.utime(used)
    return Entry(path, facts)


def store(key: str, name: str, write: Callable[[Path], None], facts: dict[str, Any]) -> Entry:
    """Keeps what `write` writes to the path that it is given, and removes what was not used for longest.

    Args:
        key: see `key_of`. name: what the file's name begins with, for the user to see. facts: for JSON.

    Raises:
        OutputError: it cannot be written, or is larger than the cache may be; nothing is left of it.
    """
    folder = writable_folder(cache_folder())
    with _temporary(folder, ".tif") as made:
        with _writable(folder):
            write(made)
        size = made.stat().st_size
        if size > most_bytes():
            raise OutputError(
                f"cache must have room for one file of {size / 1e6:.0f} MB, got {most_bytes() >> 20} MB; raise "
                f"{SIZE_VARIABLE}, or choose a coarser `reference_resolution`"
            )
        checksum = _sha256(made)
        path = folder / f"{name}-{key[:8]}-{key_of({'': checksum})[:8]}.tif"
        whole = facts | {"file": path.name, "size": size, "sha256": checksum}
        with _writable(folder):
            made.replace(path)
        replace_text(folder / f"{key}.json", json.dumps(whole))
    _shrink(folder, path)
    return Entry(path, whole)


def replace_text(path: Path, text: str) -> None:
    """Writes a small file of the cache, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with _temporary(writable_folder(path.parent), path.suffix) as written, _writable(path.parent):
        written.write_text(text, encoding="utf-8")
        written.replace(path)


@contextmanager
def only_one(key: str, on_tick: Callable[[], None]) -> Iterator[None]:
    """Waits while another process fetches the same.

    Args:
        on_tick: called a few times a second while it waits; may raise.
    """
    place = writable_folder(cache_folder()) / f"{key}.lock"
    with _writable(place.parent):
        lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _locked(lock):
            on_tick()
            time.sleep(_TICK_S)
        yield
    finally:
        os.close(lock)  # which frees it
        with contextlib.suppress(OSError):
            place.unlink()


def _locked(lock: int) -> bool:
    """Whether this process holds a lock now."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks: both fetch, and neither harms the other
        return True
    return True


def _shrink(folder: Path, keep: Path) -> None:
    """Removes the files that were not used for longest until the rest is small enough; those in use stay."""
    now, room = time.time(), most_bytes()
    files: list[tuple[float, int, Path]] = []
    remove_old(folder)
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            found = path.stat()
            if path.suffix == ".tif" and not path.name.startswith(UNFINISHED):
                files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for used, size, path in sorted(files):
        if total <= room:
            return
        if path != keep and now - used > _IN_USE_S:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


def remove_old(folder: Path) -> None:
    """Removes files and folders that killed processes left a day ago."""
    for path in folder.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNFINISHED_S:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def writable_folder(folder: Path) -> Path:
    """A folder that is there.

    Raises:
        OutputError: it cannot be made.
    """
    with _writable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """What the system says of the cache, as one sentence."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"cache must be writable, got {error.strerror or error} for {folder}; "
            f"{way_out(error, f'set {FOLDER_VARIABLE} to another folder')}"
        ) from error


@contextmanager
def _temporary(folder: Path, suffix: str) -> Iterator[Path]:
    """The path of an empty file of this process, which is gone afterwards unless it was renamed."""
    with _writable(folder):
        opened, name = tempfile.mkstemp(suffix, UNFINISHED, folder)
        os.close(opened)
    try:
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
