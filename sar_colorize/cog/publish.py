"""Finished files onto their outputs: all files of a run, or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from .messages import cannot_write
from .work_folder import check_output

_SIDECARS = (".aux.xml", ".msk", ".ovr")


class Publishable(Protocol):
    """A writer that has finished: `folder` holds cog.tif, which is to become `path`."""

    path: Path
    overwrite: bool
    is_published: bool

    @property
    def folder(self) -> Path:
        """The hidden folder beside the output."""
        ...


def publish(writers: Sequence[Publishable]) -> None:
    """Renames finished files onto their outputs: all of them, or none and older outputs are as they were.

    Raises:
        OutputError: an output appeared in the meantime, or cannot be replaced.
    """
    for writer in writers:
        check_output(writer.path, overwrite=writer.overwrite)
    undo: list[tuple[Path, Path | None]] = []
    try:
        for writer in writers:
            earlier = _kept_aside(writer) if len(writers) > 1 else None
            replaced = writer.path.exists()
            undo.append((writer.path, earlier))
            (writer.folder / "cog.tif").replace(writer.path)
            writer.is_published = True
            if replaced:
                for suffix in _SIDECARS:  # they spoke of the older output
                    writer.path.with_name(writer.path.name + suffix).unlink(missing_ok=True)
    except BaseException as error:
        if len(writers) > 1:
            for writer in writers:
                writer.is_published = False
            for path, earlier in reversed(undo):
                if earlier is not None:
                    earlier.replace(path)
                else:
                    path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise cannot_write(undo[-1][0], error.strerror or str(error)) from error
        raise


def _kept_aside(writer: Publishable) -> Path | None:
    """An older output under a second name in the hidden folder; None where there is none."""
    if not writer.path.exists():
        return None
    earlier = writer.folder / "earlier.tif"
    try:
        earlier.hardlink_to(writer.path)
    except OSError:  # a file system without hard links
        writer.path.rename(earlier)
    return earlier
