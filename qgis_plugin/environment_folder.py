"""The folder of an environment that this plugin makes: whole, or as it was before.

A note in it says that it is the plugin's own; without one, or with anything else beside an environment's own parts,
nothing in it is touched. An earlier environment there is put aside, and put back if the new one fails.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

from .backend import BackendError
from .text import tr

NOTE = "sar-colorize-qgis.json"
TEMPORARY = "tmp"
"""For what pip unpacks and builds: on the same disk, and gone with the folder when pip is killed."""
_ASIDE = ".earlier"
_TRIES, _PAUSE_S = 20, 0.25
_PARTS = {
    "bin", "include", "lib", "lib64", "share", "etc", "man", "scripts", "pyvenv.cfg", ".gitignore", TEMPORARY, NOTE,
}  # fmt: skip
_PROGRAM = "SAR Colorize for QGIS"


class EnvironmentFolder:
    """A folder between `begin` and either `finish` or `undo`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside = path.with_name(path.name + _ASIDE)
        self.made: list[Path] = []

    def check(self, needed_bytes: int) -> None:
        """Refuses what must not be touched, and a disk that is too full.

        Raises:
            BackendError: the folder holds anything that this plugin has not made, or too little is free.
        """
        for folder in (self.path, self.aside):
            if os.path.lexists(folder) and not _is_free(folder):
                raise BackendError(
                    tr(
                        "{folder} must be new, empty, or an environment that this algorithm made, got {found}; name "
                        "another folder"
                    ).format(folder=folder, found=_found(folder))
                )
        there = next(parent for parent in (self.path, *self.path.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        if free < needed_bytes:
            raise BackendError(
                tr("{needed} MB must be free at {folder}, got {free} MB; free some, or name a folder elsewhere").format(
                    needed=needed_bytes // 10**6, folder=there, free=free // 10**6
                )
            )

    def begin(self) -> None:
        """Puts an earlier environment aside, and makes the folder with its note.

        Raises:
            OSError: something there cannot be moved or written; all is as before.
        """
        if self.aside.exists():  # QGIS ended during an earlier run
            if _is_whole(self.path):
                _remove(self.aside)
            else:
                _remove(self.path)
                self.aside.rename(self.path)
        if _is_whole(self.path):
            self.path.rename(self.aside)
        self.made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._note(whole=False)
            _remove_all_but_note(self.path)
            (self.path / TEMPORARY).mkdir()
        except OSError:
            self.undo()
            raise

    def finish(self) -> None:
        """The environment is whole: the earlier one goes."""
        _remove(self.path / TEMPORARY)
        self._note(whole=True)
        _remove(self.aside)

    def undo(self) -> None:
        """As it was before: the earlier environment, or nothing."""
        with contextlib.suppress(OSError):  # what cannot be removed is left with its note, and goes with the next run
            _empty(self.path)
            if self.aside.exists():
                self.path.rmdir()
                self.aside.rename(self.path)
                return
            for folder in self.made:
                folder.rmdir()

    def _note(self, *, whole: bool) -> None:
        (self.path / NOTE).write_text(json.dumps({"program": _PROGRAM, "whole": whole}), encoding="utf-8")


def _empty(folder: Path) -> None:
    """Removes all that is in a folder of our own; the note goes last, for it says that the rest may go.

    Raises:
        OSError: something stays.
    """
    for _ in range(_TRIES):  # a killed process may hold a file for a moment
        if _remove_all_but_note(folder):
            break
        time.sleep(_PAUSE_S)
    if _names(folder) == {NOTE}:
        (folder / NOTE).unlink()


def _remove_all_but_note(folder: Path) -> bool:
    """Whether nothing but the note is left."""
    for path in folder.iterdir():
        if path.name != NOTE:
            _remove(path)
    return _names(folder) <= {NOTE}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _is_free(folder: Path) -> bool:
    """Whether a folder is empty, or holds an environment of this plugin and nothing else."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    names = _names(folder)
    return not names or (_noted(folder) is not None and {name.lower() for name in names} <= _PARTS)


def _is_whole(folder: Path) -> bool:
    return bool((_noted(folder) or {}).get("whole"))


def _noted(folder: Path) -> dict | None:
    """The note of this plugin; None where there is none, or another's."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) and note.get("program") == _PROGRAM else None


def _found(folder: Path) -> str:
    """What stands in the way, in words."""
    if not folder.is_dir() or folder.is_symlink():
        return tr("a file or a link")
    others = sorted(name for name in _names(folder) if name.lower() not in _PARTS)
    if _noted(folder) is not None and others:
        return tr("{name} beside it").format(name=others[0])
    return tr("a folder with other things in it")


def _remove(path: Path) -> None:
    """A file, a link itself, or a folder of our own with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
