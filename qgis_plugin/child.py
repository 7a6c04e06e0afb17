"""The backend as a child process: a clean environment, events as they come, cancelled within a second.

The child watches its standard input, of which this process holds the other end: closing it cancels the run on every
system, and when QGIS dies it closes by itself.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import QProcess, QProcessEnvironment

from .backend import Backend, BackendError
from .text import tr

Event = dict  # {"event": "progress", "done": 3, "total": 40, "unit": "blocks"} and the like

# QGIS points these at its own libraries and data, which would break another interpreter.
_OURS = ("PYTHON", "VIRTUAL_ENV", "PROJ_", "GDAL_", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_", "QGIS_")
_POLL_MS = 100
_GRACE_MS = 700
_START_MS = 15_000
_TAIL_LINES = 40


@dataclass
class Finished:
    """What a child left: its exit code, standard output, error event, and the last other lines of standard error."""

    code: int = 0
    output: str = ""
    error: str = ""
    tail: list[str] = field(default_factory=list)
    cancelled: bool = False


def environment(variables: Mapping[str, str] | None = None) -> QProcessEnvironment:
    """This process's environment without what QGIS sets for itself, in UTF-8, with `variables`."""
    clean = QProcessEnvironment.systemEnvironment()
    for name in clean.keys():  # noqa: SIM118 - not a dictionary
        if name.upper().startswith(_OURS):
            clean.remove(name)
    clean.insert("PYTHONUTF8", "1")
    clean.insert("PYTHONSAFEPATH", "1")
    for name, value in (variables or {}).items():
        clean.insert(name, value)
    return clean


def run(
    backend: Backend,
    arguments: Sequence[str],
    feedback: QgsProcessingFeedback | None = None,
    on_event: Callable[[Event], None] | None = None,
    limit_s: float | None = None,
    on_line: Callable[[str], None] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Finished:
    """Runs the backend to its end, or until `feedback` is cancelled.

    `on_event` hears its events, `on_line` the other lines of standard error; `variables` are added to its environment.

    Raises:
        BackendError: it does not start, or has not ended after `limit_s` seconds.
    """
    process = QProcess()
    process.setProcessEnvironment(environment(variables))
    process.setWorkingDirectory(tempfile.gettempdir())
    process.setReadChannel(QProcess.ProcessChannel.StandardError)
    process.start(backend.program, [*backend.arguments, *arguments])
    if not process.waitForStarted(_START_MS):
        raise BackendError(
            tr("{program} must start, got: {reason}; correct {found_by}").format(
                program=backend.program, reason=process.errorString(), found_by=backend.found_by
            )
        )
    finished, started, cancelled = Finished(), time.monotonic(), False
    while process.state() != QProcess.ProcessState.NotRunning:
        process.waitForReadyRead(_POLL_MS)
        _read(process, finished, on_event, on_line)
        if feedback is not None and feedback.isCanceled():
            _stop(process)
            cancelled = True
        elif limit_s is not None and time.monotonic() - started > limit_s:
            _stop(process)
            raise BackendError(
                tr("{program} must answer within {limit:.0f} s, got no answer; try it in a terminal").format(
                    program=backend.program, limit=limit_s
                )
            )
    _read(process, finished, on_event, on_line)
    for line in bytes(process.readAllStandardError()).decode("utf-8", "replace").splitlines():
        _hear(line, finished, on_event, on_line)
    finished.output = bytes(process.readAllStandardOutput()).decode("utf-8", "replace")
    crashed = process.exitStatus() == QProcess.ExitStatus.CrashExit
    finished.code = -1 if crashed else process.exitCode()
    finished.cancelled = cancelled and finished.code != 0  # it may have been done already
    return finished


def quoted(backend: Backend, arguments: Sequence[str]) -> str:
    """The command as a line to paste into a terminal."""
    words = [backend.program, *backend.arguments, *arguments]
    return " ".join(_quote(word) for word in words)


def _quote(word: str) -> str:
    plain = word and all(letter.isalnum() or letter in "-_./:=+,@%\\" for letter in word)
    if plain:
        return word
    if os.name == "nt":
        return '"' + word.replace('"', '\\"') + '"'
    return "'" + word.replace("'", "'\\''") + "'"


def _read(process: QProcess, finished: Finished, *listeners: Callable | None) -> None:
    """Every whole line of standard error."""
    while process.canReadLine():
        _hear(bytes(process.readLine()).decode("utf-8", "replace").rstrip(), finished, *listeners)


def _hear(
    line: str,
    finished: Finished,
    on_event: Callable[[Event], None] | None,
    on_line: Callable[[str], None] | None,
) -> None:
    """A line is an event, or one of the last words."""
    event = _event(line)
    if event is None:
        finished.tail = [*finished.tail, line][-_TAIL_LINES:]
        if on_line is not None:
            on_line(line)
    elif event["event"] == "error":
        finished.error = "; ".join(text for text in (event.get("message"), event.get("hint")) if text)
    elif on_event is not None:
        on_event(event)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _stop(process: QProcess) -> None:
    """Asks the child to undo its work and end; ends it if it does not."""
    process.closeWriteChannel()
    if not process.waitForFinished(_GRACE_MS):
        if os.name == "nt":  # with what it started
            QProcess.execute("taskkill", ["/T", "/F", "/PID", str(process.processId())])
        process.kill()
        process.waitForFinished(_START_MS)
