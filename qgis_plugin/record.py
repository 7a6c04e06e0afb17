"""The `.log` beside an output: what ran, with what, how long, and what came of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qgis.core import Qgis, QgsProcessingFeedback

from .choices import plugin_version
from .credentials import without_credentials
from .text import tr


class Record:
    """Lines with their time, shown to the user as they come and written beside the output at the end."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self.feedback = feedback
        self.lines: list[str] = []
        self.note(f"SAR Colorize {plugin_version()}, QGIS {Qgis.version()}")

    def note(self, text: str) -> None:
        """A line for the file only."""
        text = without_credentials(text)
        self.lines.append(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}")

    def info(self, text: str) -> None:
        """A line for both."""
        self.note(text)
        self.feedback.pushInfo(without_credentials(text))

    def command(self, text: str) -> None:
        """The command line, for both."""
        self.note(text)
        self.feedback.pushCommandInfo(without_credentials(text))

    def write(self, output: str) -> None:
        """Writes OUTPUT.log; a folder that cannot be written is the backend's to refuse, not this file's."""
        path = Path(output + ".log")
        try:
            path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        except OSError as error:
            self.feedback.pushInfo(tr("no log was written: {0}").format(error))
