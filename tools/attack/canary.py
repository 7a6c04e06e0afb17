"""Files of somebody else beside those of a run: no run may change, remove or add one."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from .case import BrokenPromiseError

Shape = dict[str, str]
"""What each entry of a folder is: its kind and checksum, by relative path."""


def plant(folder: Path, outputs: tuple[str, ...] = ()) -> None:
    """Puts files, folders and links of somebody else into a folder, some with names close to those of `outputs`.

    Args:
        folder: made where missing.
        outputs: names of the files that the run is to write.
    """
    victim = folder / "somebody"
    (victim / "deep").mkdir(parents=True, exist_ok=True)
    for name in ("blocks.tif", "cog.tif", "lock", "notes.txt", "deep/photo.jpg"):
        (victim / name).write_bytes(b"of somebody: " + name.encode())
    (folder / "readme.txt").write_text("mine\n")
    (folder / ".hidden").write_text("mine too\n")
    (folder / "link").symlink_to("somebody/notes.txt")
    (folder / "dangling").symlink_to("nowhere")
    for name in outputs:
        (folder / f".{name}.sar-colorize-evil").symlink_to("somebody")
        real = folder / f".{name}.sar-colorize-real"
        real.mkdir()
        (real / "thesis.docx").write_bytes(b"of somebody")
        for suffix in (".bak", ".copy.tif"):
            (folder / f"{name}{suffix}").write_bytes(b"of somebody")


def shape_of(folder: Path) -> Shape:
    """Every entry below a folder; links are not followed."""
    found: Shape = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(root) / name
            found[str(path.relative_to(folder))] = _entry(path)
    return found


def unchanged(folder: Path, before: Shape, allowed: Callable[[str], bool] = lambda _: False) -> None:
    """Compares a folder with what it was.

    Args:
        folder: what is looked at. before: its `shape_of` then.
        allowed: whether an entry, by its relative path, may differ, appear or vanish.

    Raises:
        BrokenPromiseError: with the first entry that vanished, changed, or appeared.
    """
    now = shape_of(folder)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) == now.get(name) or allowed(name):
            continue
        if name not in now:
            raise BrokenPromiseError(f"foreign file vanished: {name}")
        if name not in before:
            raise BrokenPromiseError(f"left over: {name}")
        raise BrokenPromiseError(f"foreign file changed: {name}")


def _entry(path: Path) -> str:
    try:
        status = path.lstat()
    except OSError:
        return "vanished while looked at"
    if stat.S_ISLNK(status.st_mode):
        return f"link to {path.readlink()}"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if not stat.S_ISREG(status.st_mode):
        return f"special {stat.S_IFMT(status.st_mode)}"
    if status.st_size > 1 << 28:
        return f"file of {status.st_size}"
    try:
        return f"file {hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError as error:
        return f"file of {status.st_size}, {error.strerror}"
