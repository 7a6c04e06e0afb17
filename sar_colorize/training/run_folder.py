"""The folder of a training run: its settings, checkpoint, log and weights.

A run that fails before its first checkpoint takes back all that it wrote, so that the corrected call finds the folder
as it was; after that the checkpoint stays, and the run can be resumed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import Cancelled, OutputError, SarColorizeError, SettingError
from ..scene.names import is_special
from ..weights import write_whole
from ..writable import check_name_of
from .checkpoint import facts_of


@dataclass(frozen=True)
class RunFolder:
    """Where the parts of a run are."""

    path: Path
    resumed: bool
    """Whether there is a checkpoint to go on from."""

    @property
    def settings(self) -> Path:
        """settings.json, what the run was asked for."""
        return self.path / "settings.json"

    @property
    def checkpoint(self) -> Path:
        """checkpoint.safetensors, from which it goes on."""
        return self.path / "checkpoint.safetensors"

    @property
    def weights(self) -> Path:
        """weights.safetensors, the result."""
        return self.path / "weights.safetensors"

    @property
    def log(self) -> Path:
        """log.csv."""
        return self.path / "log.csv"


@contextmanager
def run_folder(
    path: Path, settings: str, *, resume: bool, counts: str, may_differ: Collection[str] = ()
) -> Iterator[RunFolder]:
    """The folder of a new run, or of one that is resumed, for as long as the run takes.

    Args:
        path: made where missing.
        settings: JSON text of the run's settings.
        resume: go on from the checkpoint in the folder where there is one; a folder without one starts anew.
        counts: what a checkpoint counts under its facts, "epoch" or "step".
        may_differ: settings that a resumed run may change.

    Raises:
        SettingError: the folder holds a run and is not to be resumed, or the settings of that run differ.
        OutputError: it cannot be made.
        Cancelled: a KeyboardInterrupt, with what is left of the run.
    """
    check_name_of("out", path)
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"out must be a folder that can be written to, got {path} ({error}); name another") from error
    before = set(path.iterdir())
    for entry in before:
        if is_special(entry):
            raise OutputError(f"out must be a folder of files, got {entry}, a pipe or a device; name another folder")
    folder = RunFolder(path, resume and (path / "checkpoint.safetensors").is_file())
    try:
        _settle(folder, settings, may_differ)
        before.discard(folder.settings)  # of a run that never came to a checkpoint
        yield folder
    except BaseException as error:
        if not folder.checkpoint.is_file():
            with suppress(OSError):  # the folder has been taken away
                _clear(path, before, new)
        if isinstance(error, KeyboardInterrupt):
            raise Cancelled(_left_of(folder, counts)) from error
        if isinstance(error, OSError) and not isinstance(error, SarColorizeError):
            raise OutputError(
                f"out must be a folder that can be written to, got {path} ({error}); free some space or name another"
            ) from error
        raise


def _settle(folder: RunFolder, settings: str, may_differ: Collection[str]) -> None:
    """Writes the settings of a new run, or compares those of a resumed one."""
    if not folder.resumed:
        for found in (folder.checkpoint, folder.weights):
            if found.is_file():
                way_out = "resume it or name another folder" if found == folder.checkpoint else "name another folder"
                raise SettingError(f"out must be a folder without a run, got {found.name} in {folder.path}; {way_out}")
        write_whole(folder.settings, settings.encode())
        return
    try:
        before = json.loads(folder.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(
            f"a run must hold its settings.json to be resumed, got {error} in {folder.path}; start a new run"
        ) from error
    now = json.loads(settings)
    for name in sorted({*before, *now} - {*may_differ}):
        if before.get(name) != now.get(name):
            raise SettingError(
                f"{name} must stay {before.get(name)!r} in a resumed run, got {now.get(name)!r}; give the same or name "
                "a new folder"
            )


def _clear(path: Path, before: Collection[Path], new: Collection[Path]) -> None:
    """Removes what was not in the folder before, and the folders that were made for it."""
    for entry in path.iterdir():
        if entry.is_dir() and entry not in before:
            shutil.rmtree(entry, ignore_errors=True)
        elif entry not in before:
            entry.unlink(missing_ok=True)
    with suppress(OSError):  # somebody else put something there
        for folder in new:  # the innermost first
            folder.rmdir()


def _left_of(folder: RunFolder, counts: str) -> str:
    """What remains of a cancelled run, in words."""
    if not folder.checkpoint.is_file():
        return "cancelled; nothing was written"
    done = int(facts_of(folder.checkpoint).get(counts, 0))
    return f"cancelled after {done} {counts}{'s' * (done != 1)}; {folder.path} holds them, resume goes on from there"
