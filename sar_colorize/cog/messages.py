"""GDAL's complaints as errors of this package: one sentence, none lost."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import OutputError, way_out


def cannot_write(path: Path, reason: str) -> OutputError:
    """The error of an output that could not be written, with the room that is left on its disk."""
    folder = path.parent
    free_gb = shutil.disk_usage(folder).free / 1e9 if folder.is_dir() else 0.0
    mend = way_out(OSError(reason), "free some space or choose another folder")
    return OutputError(f"output must be writable, got {sentence(reason)} for {path} ({free_gb:.1f} GB free); {mend}")


def sentence(text: str) -> str:
    """One line of GDAL's words, without its error code, to stand inside a sentence of ours."""
    return re.sub(r"(ERROR:rasterio\._env:)?CPLE_\w+ in ", "", " ".join(text.split())).rstrip(".")


@contextlib.contextmanager
def gdal_errors(path: Path) -> Iterator[None]:
    """Turns what GDAL raises, or only logs (a block that fails to reach the disk on close), into an OutputError."""
    from rasterio.errors import RasterioError

    with gdal_records(logging.ERROR) as complaints:
        try:
            yield
        except (RasterioError, OSError) as error:
            raise cannot_write(path, str(error.__cause__ or error)) from error
    if complaints:
        raise cannot_write(path, complaints[0])


@contextlib.contextmanager
def gdal_records(level: int) -> Iterator[list[str]]:
    """The messages that GDAL logs from this thread, collected instead of shown."""
    messages: list[str] = []
    thread = threading.get_ident()

    def collect(record: logging.LogRecord) -> bool:
        mine = record.thread == thread and record.levelno >= level
        if mine:
            messages.append(record.getMessage())
        return not mine

    log = logging.getLogger("rasterio._env")
    log.addFilter(collect)
    try:
        yield messages
    finally:
        log.removeFilter(collect)
