"""A Python that an environment can be made with: the user's own first, QGIS's last.

QGIS's own comes last because an update of QGIS replaces it, and an environment made with it breaks. `sys.executable` is
QGIS itself on Windows and macOS, so every candidate is asked what it is before it is believed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qgis.PyQt.QtCore import QStandardPaths

from . import child
from .backend import Backend, BackendError
from .text import tr

OLDEST = (3, 11)
"""What pyproject.toml demands."""
_MINORS = range(14, OLDEST[1] - 1, -1)
_LIMIT_S = 20.0
_QUESTION = """
import importlib.util, json, sys
lacks = [name for name in ("venv", "ensurepip", "_ssl") if not importlib.util.find_spec(name)]
bits = sys.maxsize.bit_length() + 1
print(json.dumps({"program": sys.executable, "version": sys.version_info[:3], "bits": bits, "lacks": lacks}))
"""

Candidate = tuple  # ("py", "-3.13"): a program and the arguments that come before others


@dataclass(frozen=True)
class Interpreter:
    """A Python, its version as (3, 11, 2), the bits of its pointers, and the modules that it lacks."""

    program: str
    version: tuple[int, ...]
    bits: int
    lacks: tuple[str, ...]

    def problem(self) -> str:
        """Why no environment can be made with it, with the way out; empty if one can."""
        number = ".".join(map(str, self.version))
        if self.version[:2] < OLDEST:
            return tr("it is Python {number}, older than {oldest}").format(number=number, oldest=oldest())
        if self.bits < 64:
            return tr("it is a 32-bit Python")
        if {"venv", "ensurepip"} & set(self.lacks):
            return tr("it lacks the module venv or ensurepip; on Debian and Ubuntu: sudo apt install {package}").format(
                package="python{}.{}-venv".format(*self.version)
            )
        return tr("it lacks the module ssl, which downloads need") if self.lacks else ""


def choose(named: str = "") -> Interpreter:
    """The Python that the user names, else the first of the usual places that will do.

    Raises:
        BackendError: it will not do, or none does.
    """
    if named:
        found = examine((named,))
        trouble = tr("it does not answer as Python does") if found is None else found.problem()
        if found is None or trouble:
            raise BackendError(
                tr("Python must be a 64-bit {oldest} or newer with the module venv, got {named}: {trouble}").format(
                    oldest=oldest(), named=named, trouble=trouble
                )
            )
        return found
    refused: list[str] = []
    seen: set[str] = set()
    for candidate in candidates():
        found = examine(candidate)
        if found is None or found.program in seen:
            continue
        trouble = found.problem()
        if not trouble:
            return found
        seen.add(found.program)
        refused.append(f"{found.program}: {trouble}")
    raise BackendError(
        tr(
            "a 64-bit Python {oldest} or newer with the module venv must be on this computer, got {refused}; install "
            "one, for example from python.org, or name one in Python"
        ).format(oldest=oldest(), refused="; ".join(refused) or tr("none on PATH or in the usual folders"))
    )


def candidates() -> Iterator[Candidate]:
    """Programs that may be a Python, as (program, argument ...), the best first."""
    names = ["python3", *(f"python3.{minor}" for minor in _MINORS), "python"]
    if sys.platform == "win32":
        launcher = QStandardPaths.findExecutable("py")
        if launcher:
            yield from ((launcher, f"-3.{minor}") for minor in _MINORS)
        roots = [(os.environ.get("LOCALAPPDATA"), "Programs/Python"), (os.environ.get("PROGRAMFILES"), "")]
        for root, folder in roots:
            if root:
                yield from _present(Path(root, folder, f"Python3{minor}", "python.exe") for minor in _MINORS)
    elif sys.platform == "darwin":  # a program of the desktop does not see the PATH of the shell
        yield from _present(
            Path(f"/Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3") for minor in _MINORS
        )
        yield from _present(Path(folder, "bin", "python3") for folder in ("/opt/homebrew", "/usr/local", "/opt/local"))
    for name in names:
        program = QStandardPaths.findExecutable(name)
        # Apple's own is 3.9, or a window that offers to install one.
        if program and not (sys.platform == "darwin" and program.startswith("/usr/bin/")):
            yield (program,)
    yield from _of_qgis()


def examine(candidate: Candidate) -> Interpreter | None:
    """What a candidate says of itself; None if it does not answer as Python does."""
    program, *first = candidate
    try:
        finished = child.run(Backend(program, (*first, "-I", "-c"), tr("Python")), [_QUESTION], limit_s=_LIMIT_S)
        answer = json.loads(finished.output)
        return Interpreter(
            str(answer["program"]), tuple(answer["version"]), int(answer["bits"]), tuple(answer["lacks"])
        )
    except (BackendError, ValueError, KeyError, TypeError):
        return None


def _of_qgis() -> Iterator[Candidate]:
    """The Python inside QGIS, which on Windows and macOS lies beside its library, not at `sys.executable`."""
    if Path(sys.executable or "").name.lower().startswith("python"):
        yield (sys.executable,)
    beside = Path(sys.executable or "").parent
    names = ("python.exe", "python3.exe") if sys.platform == "win32" else ("bin/python3",)
    yield from _present(folder / name for folder in (Path(sys.prefix), Path(sys.base_prefix), beside) for name in names)


def _present(paths: Iterator[Path]) -> Iterator[Candidate]:
    return ((str(path),) for path in paths if path.is_file())


def oldest() -> str:
    """The oldest that will do, in words."""
    return ".".join(map(str, OLDEST))
