"""Check environment."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingParameterFileDestination,
)
from qgis.PyQt.QtCore import QT_VERSION_STR, QTimer

from .. import choices, doctor
from ..backend import BackendError, find
from ..text import tr
from .base import BackendAlgorithm, Parameters, refresh_provider

OUTPUT_HTML = "OUTPUT_HTML"
OK = "OK"


class CheckEnvironment(BackendAlgorithm):
    """`sar-colorize doctor`, and how QGIS finds it."""

    def name(self) -> str:
        return "checkenvironment"

    def displayName(self) -> str:
        return tr("Check environment")

    def shortDescription(self) -> str:
        return tr("What is installed, what is missing, and how to install it")

    def tags(self) -> list[str]:
        return ["sar", "install", "python", "doctor", "gpu"]

    def about(self) -> str:
        return tr(
            "<p>Shows whether QGIS finds sar-colorize, its version and its requirements, and for everything that is "
            "missing the command that installs it. Takes some seconds. The table in the log can be copied. Afterwards "
            "the menus of the other algorithms show what this sar-colorize offers.</p>"
        )

    def canExecute(self) -> tuple[bool, str]:
        """Always: it is there for when nothing else can."""
        return True, ""

    def initAlgorithm(self, config: object = None) -> None:
        self.add(
            QgsProcessingParameterFileDestination(OUTPUT_HTML, tr("Table"), tr("HTML files (*.html)"), optional=True),
            tr("The table as an HTML page, shown among the results. Default: a temporary file."),
        )
        self.addOutput(QgsProcessingOutputBoolean(OK, tr("Whether all that is needed is there")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        rows = [
            ("ok", "QGIS", f"{Qgis.version()}, Qt {QT_VERSION_STR}", ""),
            ("ok", "SAR Colorize", choices.plugin_version(), ""),
        ]
        try:
            rows += _backend_rows(feedback)
            fine = True
        except BackendError as error:
            rows.append(("MISSING", "backend", str(error), ""))
            fine = False
        if feedback.isCanceled():
            return {}
        fine = fine and all(row[0] != "MISSING" for row in rows)
        for line in _lines(rows):
            feedback.pushInfo(line)
        made: dict[str, Any] = {OK: fine}
        page = self.parameterAsFileOutput(parameters, OUTPUT_HTML, context)
        if page:
            Path(page).write_text(_page(rows), encoding="utf-8")
            made[OUTPUT_HTML] = page
        return made

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """The other algorithms get their menus anew, once this one is through."""
        QTimer.singleShot(0, refresh_provider)
        return {}


Row = tuple


def _backend_rows(feedback: QgsProcessingFeedback) -> list[Row]:
    """Status, name, detail and remedy of everything that the backend looks at."""
    backend = find()
    offered = choices.ask(backend, feedback)
    rows: list[Row] = [
        ("ok", tr("backend"), backend.program, ""),
        ("ok", tr("found by"), backend.found_by, ""),
        ("ok", tr("models"), ", ".join(name for name, _ in offered.models), ""),
        ("ok", tr("filters"), ", ".join(offered.filters), ""),
    ]
    for check in doctor.examine(backend, feedback):
        status = "ok" if check["ok"] else "MISSING" if check["needed"] else "absent"
        rows.append((status, check["name"], check["detail"], check.get("mend", "")))
    return rows


def _lines(rows: list[Row]) -> list[str]:
    """The table as text that can be copied."""
    width = max(len(name) for _, name, _, _ in rows)
    lines = []
    for status, name, detail, mend in rows:
        lines.append(f"{status:<8} {name:<{width}}  {detail}")
        if mend:
            lines.append(f"{'':<8} {'':<{width}}  " + tr("to fix it: {0}").format(mend))
    return lines


def _page(rows: list[Row]) -> str:
    """The table as HTML."""
    colours = {"ok": "#1b7f3b", "absent": "#8a6d00", "MISSING": "#b00020"}
    cells = "".join(
        f'<tr><td style="color:{colours[status]}"><b>{status}</b></td><td>{escape(name)}</td><td>{escape(detail)}'
        + (f"<br><code>{escape(mend)}</code>" if mend else "")
        + "</td></tr>"
        for status, name, detail, mend in rows
    )
    head = "".join(f"<th align='left'>{text}</th>" for text in (tr("Status"), tr("What"), tr("Detail")))
    return (
        f"<html><head><meta charset='utf-8'><title>SAR Colorize</title></head><body><h2>{tr('Environment')}</h2>"
        f"<table cellpadding='4'><tr>{head}</tr>{cells}</table></body></html>"
    )
