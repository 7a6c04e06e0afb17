"""Finished files onto their outputs: all files of a run, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import OutputError
from ..hidden_folder import HiddenFolder, remove_orphans
from .messages import cannot_write

SIDECARS = (".aux.xml", ".msk", ".ovr")
"""How files end that GDAL reads together with a raster; they speak of the raster that they were made for."""


class Publishable(Protocol):
    """A writer that has finished: its hidden folder holds cog.tif, which is to become `path`."""

    path: Path
    overwrite: bool
    is_published: bool

    @property
    def hidden(self) -> HiddenFolder:
        """The hidden folder beside the output."""
        ...


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuses a place where no file can be published.

    Raises:
        OutputError: a folder, a device or a pipe; a file or a sidecar that must not be replaced; a name that is too
            long; a folder that is missing or not writable.
    """
    try:
        if "\0" in str(path):
            raise ValueError("a null character")
        str(path).encode()  # GDAL takes names as UTF-8 alone
        if path.is_dir():
            raise OutputError(f"output must be a file, got the folder {path}; add a file name")
        if path.exists() and not path.is_file():
            raise OutputError(f"output must be a regular file, got {path}, a device or a pipe; choose another name")
        if os.path.lexists(path) and not overwrite:
            raise OutputError(f"output must not exist, got {path}; choose another name or allow overwriting")
        for sidecar in sidecars_of(path):
            if os.path.lexists(sidecar) and not overwrite:
                raise OutputError(
                    f"output must have no sidecar of another raster, got {sidecar}; move it, or allow overwriting"
                )
            if os.path.lexists(sidecar) and not sidecar.is_symlink() and not sidecar.is_file():
                raise OutputError(
                    f"output must have no folder, device or pipe in the place of a sidecar, got {sidecar}; move it"
                )
        if not path.parent.is_dir():
            raise OutputError(f"folder of the output must exist, got {path.parent}; create it first")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise OutputError(f"folder of the output must be writable, got {path.parent}; choose another one")
    except (ValueError, OSError) as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"output must be a name that a file can have, got {str(path)!r} ({error}); choose another"
        ) from error


def sidecars_of(path: Path) -> list[Path]:
    """Where GDAL would look for more of a raster."""
    return [path.with_name(path.name + suffix) for suffix in SIDECARS]


def publish(writers: Sequence[Publishable]) -> None:
    """Renames finished files onto their outputs: all of them, or none and older outputs are as they were.

    Sidecars of an older output go with it.

    Raises:
        OutputError: an output appeared in the meantime, or cannot be replaced.
    """
    for writer in writers:
        check_output(writer.path, overwrite=writer.overwrite)
    moved: list[tuple[Path, Path | None]] = []  # what to undo: a place, and where its older file is kept
    at = writers[0].path
    try:
        for writer in writers:
            at = writer.path
            for sidecar in sidecars_of(at):
                if os.path.lexists(sidecar):
                    kept = writer.hidden.path / f"cog.tif.older{sidecar.name.removeprefix(at.name)}"
                    moved.append((sidecar, kept))
                    sidecar.rename(kept)
            if len(writers) > 1 and os.path.lexists(at):
                moved.append((at, writer.hidden.earlier))
                _keep(at, writer.hidden.earlier)
            else:
                moved.append((at, None))
            (writer.hidden.path / "cog.tif").replace(at)
            writer.is_published = True
    except BaseException as error:
        _undo(moved, writers)
        if isinstance(error, OSError):
            raise cannot_write(at, error.strerror or str(error)) from error
        raise


def publish_bytes(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Writes a file of another kind, whole or not at all.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    check_output(path, overwrite=overwrite)
    remove_orphans(path)
    hidden = HiddenFolder(path)
    try:
        try:
            (hidden.path / "cog.tif").write_bytes(content)
        except OSError as error:
            raise cannot_write(path, error.strerror or str(error)) from error
        publish([_Written(path, overwrite, hidden)])
    finally:
        hidden.remove()


@dataclass
class _Written:
    """A finished file that is to become `path`."""

    path: Path
    overwrite: bool
    hidden: HiddenFolder
    is_published: bool = False


def _keep(path: Path, kept: Path) -> None:
    """Gives an older output a second name in the hidden folder, or moves it there."""
    try:
        kept.hardlink_to(path)
    except OSError:  # a file system without hard links
        path.rename(kept)


def _undo(moved: Sequence[tuple[Path, Path | None]], writers: Sequence[Publishable]) -> None:
    """Puts older files back, and removes new ones where there was none; a single file that is published stays."""
    published = {writer.path for writer in writers if writer.is_published}
    if len(writers) == 1 and published:
        return
    for path, kept in reversed(moved):
        if kept is not None:
            if kept.exists():
                kept.replace(path)
        elif path in published:
            path.unlink(missing_ok=True)
    for writer in writers:
        writer.is_published = False
