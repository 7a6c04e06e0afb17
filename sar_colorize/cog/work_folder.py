"""Where unfinished files live: a hidden folder beside the output that no crash makes permanent."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

from ..errors import OutputError
from .messages import cannot_write


class WorkFolder:
    """A hidden folder beside `output` for all that is not finished, locked while its process lives."""

    def __init__(self, output: Path) -> None:
        lock = None
        while lock is None:  # again where a cleaner took the folder before its lock was held
            try:
                self.path = Path(tempfile.mkdtemp(prefix=_prefix(output), dir=output.parent))
                lock = _lock(self.path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise cannot_write(output, error.strerror or str(error)) from error
        # Also at interpreter exit: an interrupt may fall between two lines of any cleaning.
        self._finalizer = weakref.finalize(self, _remove_folder, self.path, lock, os.getpid())

    def remove(self) -> None:
        """Removes the folder and what is in it; a second call does nothing."""
        self._finalizer()


def remove_orphans(output: Path) -> None:
    """Removes the work folders of `output` whose process is dead."""
    for folder in output.parent.iterdir():
        if folder.name.startswith(_prefix(output)):
            with contextlib.suppress(OSError):
                lock = _lock(folder)
                if lock is not None:
                    _remove_folder(folder, lock, os.getpid())


def _prefix(output: Path) -> str:
    return f".{output.name}.sar-colorize-"


def _lock(folder: Path) -> int | None:
    """The descriptor that holds the lock of `folder` until it is closed; None where another process holds it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / "lock").stat()  # FileNotFoundError: a cleaner was faster
    except (BlockingIOError, PermissionError):
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock


def _remove_folder(folder: Path, lock: int, owner: int) -> None:
    if os.getpid() != owner:  # a forked child inherits the finalizer, not the work
        return
    for file in folder.glob("[!l]*"):  # the lock last: a folder without one would belong to nobody
        with contextlib.suppress(OSError):
            file.unlink()
    if sys.platform == "win32":  # no file can be removed there while it is open
        os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)
    if sys.platform != "win32":
        os.close(lock)


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuses a place where no file can be published.

    Raises:
        OutputError: a folder, a file that must not be replaced, or a folder that is missing or not writable.
    """
    if path.is_dir():
        raise OutputError(f"output must be a file, got the folder {path}; add a file name")
    if path.exists() and not overwrite:
        raise OutputError(f"output must not exist, got {path}; choose another name or allow overwriting")
    if not path.parent.is_dir():
        raise OutputError(f"folder of the output must exist, got {path.parent}; create it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"folder of the output must be writable, got {path.parent}; choose another one")
