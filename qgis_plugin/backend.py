"""Where the installed `sar-colorize` is: the user's word first, then the usual places.

Inside QGIS `sys.executable` is QGIS or its own Python, which has no torch and must not get one; the backend is another
interpreter's program, found here and run by `child`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QStandardPaths

from .text import tr

SETTING = "SAR_COLORIZE_BACKEND"
"""The name of the Processing setting."""
VARIABLE = "SAR_COLORIZE_PYTHON"
"""The environment variable."""

NAME = "sar-colorize"
_NAMES = (NAME, f"{NAME}.exe")
_FOLDERS = ("bin", "Scripts", "")
_MODULE = ("-m", "sar_colorize_cli.main")


class BackendError(Exception):
    """The backend is missing, broken or of a wrong version; the message says what to do."""


@dataclass(frozen=True)
class Backend:
    """A program, the arguments that come before a command's own, and how it was found."""

    program: str
    arguments: tuple[str, ...]
    found_by: str

    def stamp(self) -> str:
        """Changes when another program is meant, or the same one is installed anew."""
        try:
            changed = Path(self.program).stat().st_mtime_ns
        except OSError:
            changed = 0
        return f"{self.program} {changed}"


def find() -> Backend:
    """The backend.

    Raises:
        BackendError: there is none, or what the user names is not one.
    """
    named = str(QgsSettings().value(f"Processing/Configuration/{SETTING}", "") or "").strip()
    if named:
        return _named(named, tr("the Processing setting"))
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return _named(named, tr("the environment variable {0}").format(VARIABLE))
    program = QStandardPaths.findExecutable("sar-colorize")
    if program:
        return Backend(program, (), "PATH")
    for place in known_places():
        program = program_in(place)
        if program:
            return Backend(program, (), tr("a known place, {0}").format(place))
    raise BackendError(
        tr(
            "sar-colorize must be installed beside QGIS, got none in the Processing setting, in {variable}, on PATH "
            "or in a known environment; run Make an environment from the toolbox, or paste this line into a terminal: "
            "{line}"
        ).format(variable=VARIABLE, line=install_line())
    )


def use(named: str) -> None:
    """Sets the Processing setting, also where QGIS holds it in memory."""
    QgsSettings().setValue(f"Processing/Configuration/{SETTING}", named)
    try:
        from processing.core.ProcessingConfig import ProcessingConfig
    except ImportError:
        return
    ProcessingConfig.setSettingValue(SETTING, named)


def install_line() -> str:
    """What to paste into a terminal; the environment that it makes is one of the known places."""
    source = clone() or tr("FOLDER-OF-THE-CLONE")
    if sys.platform == "win32":
        return (
            'py -m venv "%USERPROFILE%\\sar-colorize" && "%USERPROFILE%\\sar-colorize\\Scripts\\pip" '
            f'install "{source}"'
        )
    return f"python3 -m venv ~/sar-colorize && ~/sar-colorize/bin/pip install {shlex.quote(source)}"


def clone() -> str:
    """The clone of the repository that this plugin was built from or lies in; empty if it is not on this computer."""
    here = Path(__file__).resolve().parent
    try:
        places = [Path((here / "clone.txt").read_text(encoding="utf-8").strip())]
    except OSError:
        places = [here.parent]
    for place in places:
        try:
            project = place / "pyproject.toml"
            is_ours = f'name = "{NAME}"' in project.read_text(encoding="utf-8")
            if is_ours and (not hasattr(os, "geteuid") or project.stat().st_uid == os.geteuid()):
                return str(place)
        except OSError:
            continue
    return ""


def known_places() -> Iterator[Path]:
    """Environments where people install such programs; those that do not exist are among them."""
    home = Path.home()
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(variable):
            yield Path(os.environ[variable])
    for name in ("sar-colorize", "sar_colorize"):
        yield home / name
        yield home / name / ".venv"
    yield home / ".venv"
    yield home / "venv"
    yield home / ".local"
    data = [home / ".local" / "share", home / ".local", home]
    data += [Path(os.environ[name]) for name in ("LOCALAPPDATA", "APPDATA") if os.environ.get(name)]
    for folder in data:
        yield folder / "pipx" / "venvs" / "sar-colorize"
        yield folder / "uv" / "tools" / "sar-colorize"
    yield home / "AppData" / "Local" / "pipx" / "pipx" / "venvs" / "sar-colorize"
    for family in (
        ".virtualenvs", ".pyenv/versions", ".conda/envs", "miniconda3/envs", "anaconda3/envs", "miniforge3/envs",
        "mambaforge/envs", "micromamba/envs", "miniconda3", "anaconda3", "miniforge3",
    ):  # fmt: skip
        folder = home / family
        if folder.is_dir():
            yield folder
            yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _named(named: str, where: str) -> Backend:
    """The backend that the user names: an environment's folder, its Python, or the program itself."""
    path = Path(named).expanduser()
    if path.is_dir():
        program = program_in(path)
        if program:
            return Backend(program, (), where)
    elif path.is_file() and path.name.lower().startswith("python"):
        program = program_in(path.parent)
        return Backend(program, (), where) if program else Backend(str(path), _MODULE, where)
    elif path.is_file():
        return Backend(str(path), (), where)
    raise BackendError(
        tr(
            "{where} must name the Python that has sar-colorize, its environment, or the program itself, got {path}; "
            "correct it, or empty it to have sar-colorize looked for"
        ).format(where=where, path=named)
    )


def program_in(folder: Path) -> str:
    """The program in an environment, or in the folder of its programs; empty where there is none."""
    for part in _FOLDERS:
        for name in _NAMES:
            path = folder / part / name
            if path.is_file():
                return str(path)
    return ""
