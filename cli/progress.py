"""Progress, log and messages on standard error: for people, or one JSON object a line for programs."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from typing import Any

import click

from sar_colorize.credentials import without_credentials

from . import interrupt

MODES = ("auto", "bar", "json", "none")

LINE_SECONDS = 5.0
"""Between two lines of progress where a bar is asked for and nobody sees one."""
RARE_SECONDS = 30.0
"""The same where nothing is asked for: short runs stay silent, and a log of hours stays readable."""

_chosen = {"mode": "none"}


def begin() -> None:
    """Forgets how an earlier command of this process showed its progress."""
    _chosen["mode"] = "none"


class Progress:
    """Called with (done, total); shows it as a bar, as JSON events, or not at all."""

    def __init__(self, mode: str, unit: str = "blocks", label: str = "") -> None:
        """`auto` and `bar` are a bar on a terminal and lines elsewhere, `auto` rare ones."""
        self.every_s = RARE_SECONDS if mode == "auto" else LINE_SECONDS
        self.mode = "bar" if mode == "auto" else mode
        self.unit, self.label = unit, label or unit
        self._bar: Any = None
        self._first: tuple[int, float] | None = None
        self._said: set[str] = set()
        self._started = self._last_line = time.monotonic()
        _chosen["mode"] = self.mode

    def __call__(self, done: int, total: int) -> None:
        """Shows how far the run is; raises the interrupt of a signal that was swallowed."""
        interrupt.check()
        if self._first is None:
            self._first = done, time.monotonic()
        if self.mode == "json":
            emit({"event": "progress", "done": done, "total": total, "unit": self.unit})
        elif self.mode == "bar" and not sys.stderr.isatty():
            self._line(done, total)
        elif self.mode == "bar":
            if self._bar is None:
                self._bar = click.progressbar(length=total, file=sys.stderr, label=self.label)
                self._bar.__enter__()
            self._bar.update(done - self._bar.pos)
            if done == total:
                self._bar.__exit__(None, None, None)
                self._bar = None

    def of(self, unit: str) -> Progress:
        """The same for steps of another kind, which come before these."""
        made = Progress(self.mode, unit)
        made.every_s = self.every_s
        return made

    def _line(self, done: int, total: int) -> None:
        """A line with percent and time left, every few seconds; at the end only where there was one before."""
        now = time.monotonic()
        is_end = done == total and self._last_line > self._started
        if now - self._last_line < self.every_s and not is_end:
            return
        self._last_line = now
        took = now - self._started
        left = ""
        if done < total and (step := self._step_s(done, now)):
            left = f", about {in_time(step * (total - done))} left"
        _say(f"{self.label}: {100 * done // max(1, total)} % after {in_time(took)}{left}")

    def _step_s(self, done: int, now: float) -> float | None:
        """Seconds of a step, since the first report: a run that is resumed does not begin at 0."""
        before, at = self._first or (done, now)
        if done > before:
            return (now - at) / (done - before)
        return now - self._started if done == 1 else None

    def message(self, text: str) -> None:
        """A line that the user should read, once."""
        if text in self._said:
            return
        self._said.add(text)
        if self.mode == "json":
            emit({"event": "message", "message": text})
        else:
            _say(f"note: {text}")


def in_time(seconds: float) -> str:
    """A duration in words, such as 3 min 20 s."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, whole = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole} s" if minutes else f"{whole} s"


class LogLines(logging.Handler):
    """The library's log on standard error: one line, or one event, for each phase of a run."""

    def emit(self, record: logging.LogRecord) -> None:
        """Shows a record as progress is shown."""
        if _chosen["mode"] == "json":
            emit({"event": "log", "level": record.levelname.lower(), "message": record.getMessage()})
        else:
            _say(record.getMessage())


def report_error(text: str) -> None:
    """One line: what is wrong and what to do; an event where progress is JSON."""
    message, _, hint = text.rpartition("; ")
    if _chosen["mode"] == "json":
        emit({"event": "error", "message": message or text, "hint": hint if message else ""})
    else:
        _say(f"error: {' '.join(text.split())}")


def report_cancelled(text: str) -> None:
    """One line: that the user stopped the run, and what is left of it where that is known."""
    if _chosen["mode"] == "json":
        emit({"event": "cancelled", "message": text})
    else:
        _say(text)


def emit(event: dict[str, Any]) -> None:
    """One JSON object on one line of standard error, at once."""
    clean = {name: without_credentials(value) if isinstance(value, str) else value for name, value in event.items()}
    _say(json.dumps(clean))


def _say(text: str) -> None:
    """A line on standard error, without credentials; where that takes nothing, nobody hears it."""
    with contextlib.suppress(OSError):
        click.echo(without_credentials(text), err=True)
