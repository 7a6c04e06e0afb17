"""What the backend offers, asked of itself: its version (the handshake), models, filters and other names.

The answer is kept in the user's settings, so that QGIS starts without waiting for it, and asked anew before each run.
"""

from __future__ import annotations

import configparser
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from qgis.core import QgsProcessingFeedback, QgsSettings
from qgis.PyQt.QtCore import QProcess

from . import child
from .backend import Backend, BackendError, find, install_line
from .text import tr

_ARGUMENTS = ("choices", "--json")
_KEPT = "sar_colorize/choices"
_LIMIT_S = 30.0

_problems: dict[str, str] = {}


@dataclass(frozen=True)
class Choices:
    """models: (name, summary) pairs, the default first. Before a backend has answered: what every one takes."""

    version: str = ""
    models: tuple[tuple[str, str], ...] = ()
    filters: tuple[str, ...] = ("none", "lee")
    polarizations: tuple[str, ...] = ("VV", "VH", "HH", "HV")
    units: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("deflate",)
    devices: tuple[str, ...] = ("auto",)
    structures: tuple[str, ...] = ("both",)


def plugin_version() -> str:
    """This plugin's version, as in metadata.txt."""
    metadata = configparser.ConfigParser()
    metadata.read(Path(__file__).parent / "metadata.txt", encoding="utf-8")
    return metadata["general"]["version"]


def ask(backend: Backend, feedback: QgsProcessingFeedback | None = None) -> Choices:
    """The backend's answer, kept for `remembered`.

    Raises:
        BackendError: it does not start or answer, or its version does not fit this plugin.
    """
    try:
        finished = child.run(backend, _ARGUMENTS, feedback, limit_s=_LIMIT_S)
        if finished.cancelled:
            return remembered()
        return _learn(backend, finished.code, finished.output, finished.tail)
    except BackendError as error:
        _problems[backend.stamp()] = str(error)
        raise


def ask_later(then: Callable[[], None]) -> QProcess | None:
    """Asks without waiting and calls `then` if the answer is new; keep what is returned."""
    try:
        backend = find()
    except BackendError:
        return None
    process = QProcess()
    process.setProcessEnvironment(child.environment())

    def answered(code: int, _status: object = None) -> None:
        before = remembered()
        output = bytes(process.readAllStandardOutput()).decode("utf-8", "replace")
        tail = bytes(process.readAllStandardError()).decode("utf-8", "replace").splitlines()
        try:
            _learn(backend, code, output, tail)
        except BackendError as error:
            _problems[backend.stamp()] = str(error)
        if remembered() != before or problem():
            then()

    process.finished.connect(answered)
    process.start(backend.program, [*backend.arguments, *_ARGUMENTS])
    return process


def remembered() -> Choices:
    """The last answer of the backend that is in use; what every backend takes if there was none."""
    try:
        stamp = find().stamp()
        kept = json.loads(QgsSettings().value(_KEPT, "") or "{}")
        return _choices(kept["choices"]) if kept.get("stamp") == stamp else Choices()
    except (BackendError, ValueError, KeyError, TypeError):
        return Choices()


def problem() -> str:
    """Why nothing can be run now, in one sentence; empty if nothing is known against it."""
    try:
        backend = find()
    except BackendError as error:
        return str(error)
    return _problems.get(backend.stamp(), "")


def _learn(backend: Backend, code: int, output: str, tail: list[str]) -> Choices:
    """The choices in an answer, checked and kept."""
    try:
        answer = json.loads(output) if code == 0 else {}
        found = _choices(answer)
    except (ValueError, KeyError, TypeError):
        said = next((line for line in reversed(tail) if line.strip()), "") or tr("nothing")
        raise BackendError(
            tr(
                "{program} must be sar-colorize {wanted}, got something that does not answer `{asked}` (exit code "
                "{code}, last words: {said}); correct {found_by}, or install it with: {line}"
            ).format(
                program=backend.program, wanted=series() + ".*", asked=" ".join(_ARGUMENTS),
                code=code, said=said, found_by=backend.found_by, line=install_line(),
            )
        ) from None  # fmt: skip
    if series(found.version) != series():
        raise BackendError(
            tr(
                "sar-colorize must be version {wanted}.* for this plugin ({plugin}), got {got} at {program}; update "
                'the one that is older: the plugin in its manager, or pip install "sar-colorize=={wanted}.*"'
            ).format(wanted=series(), plugin=plugin_version(), got=found.version, program=backend.program)
        )
    _problems.pop(backend.stamp(), None)
    QgsSettings().setValue(_KEPT, json.dumps({"stamp": backend.stamp(), "choices": answer}))
    return found


def series(version: str = "") -> str:
    """Major and minor of a version, or of this plugin: patches change nothing that this plugin relies on."""
    return ".".join((version or plugin_version()).split(".")[:2])


def _choices(answer: dict[str, Any]) -> Choices:
    lists = ("filters", "polarizations", "units", "profiles", "devices", "structures")
    return Choices(
        version=str(answer["version"]),
        models=tuple((model["name"], model["summary"]) for model in answer["models"]),
        **{name: tuple(answer[name]) for name in lists},
    )
