"""What the algorithms share: help for every parameter, and a run of the backend with progress, cancel and a log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
)
from qgis.PyQt.QtGui import QIcon

from .. import child, choices
from ..backend import BackendError, find
from ..credentials import without_credentials
from ..leftovers import remove_leftovers
from ..progress import Progress
from ..record import Record
from ..text import tr

ICON = Path(__file__).parents[1] / "icon.svg"

Parameters = dict


class BackendAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that one command of the backend does."""

    def createInstance(self) -> QgsProcessingAlgorithm:
        return type(self)()

    def icon(self) -> QIcon:
        return QIcon(str(ICON))

    def svgIconPath(self) -> str:
        return str(ICON)

    def group(self) -> str:
        return ""

    def groupId(self) -> str:
        return ""

    def about(self) -> str:
        """What the algorithm does, as HTML."""
        raise NotImplementedError

    def shortHelpString(self) -> str:
        """What the algorithm does, and what each parameter means."""
        parts = [self.about()]
        for definition in self.parameterDefinitions():
            parts.append(f"<p><b>{escape(definition.description())}</b><br>{definition.help()}</p>")
        return "".join(parts)

    def canExecute(self) -> tuple[bool, str]:
        """Whether there is a backend, and if not, what to do."""
        trouble = choices.problem()
        return not trouble, trouble

    def add(self, parameter: QgsProcessingParameterDefinition, text: str, *, advanced: bool = False) -> None:
        """Adds a parameter with its help."""
        parameter.setHelp(text)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)

    def given(self, parameters: Parameters, name: str) -> bool:
        """Whether the user set an optional parameter."""
        return parameters.get(name) not in (None, "")

    def option(self, parameters: Parameters, name: str, option: str, context: QgsProcessingContext) -> list[str]:
        """`option VALUE` for a choice, nothing for its `auto`."""
        value = self.parameterAsEnumString(parameters, name, context)
        return [] if value in ("", "auto") else [option, value]

    def number(self, parameters: Parameters, name: str, option: str, context: QgsProcessingContext) -> list[str]:
        """`option N` for a whole number, nothing where it is left empty."""
        if not self.given(parameters, name):
            return []
        return [option, str(self.parameterAsInt(parameters, name, context))]

    def run_backend(
        self, command: Sequence[str], outputs: Sequence[str], feedback: QgsProcessingFeedback
    ) -> dict[str, Any] | None:
        """The result of a command, None if it was cancelled. The first of `outputs` gets the log beside it.

        Raises:
            QgsProcessingException: the backend is missing, of a wrong version, refuses, or breaks.
        """
        record = Record(feedback)
        try:
            backend = find()
            offered = choices.ask(backend, feedback)
            if feedback.isCanceled():
                return None
            record.info(
                tr("sar-colorize {version}, found by {found_by}").format(
                    version=offered.version, found_by=backend.found_by
                )
            )
            arguments = ["--stop-at-eof", *command, "--progress", "json", "--json"]
            record.command(child.quoted(backend, arguments))
            finished = child.run(backend, arguments, feedback, Progress(record))
        except BackendError as error:
            raise QgsProcessingException(str(error)) from error
        if finished.cancelled:
            for output in outputs:
                remove_leftovers(output)
            return None
        result = _result(finished)
        if result is None:
            reason = finished.error or tr("sar-colorize must end well, got exit code {code}: {tail}").format(
                code=finished.code, tail=" | ".join(finished.tail[-8:]) or tr("no message")
            )
            record.note(reason)
            record.lines += map(without_credentials, finished.tail)
            record.write(outputs[0])
            for output in outputs:
                remove_leftovers(output)
            raise QgsProcessingException(without_credentials(reason))
        record.note(finished.output.strip())
        record.write(outputs[0])
        return result


def refresh_provider() -> None:
    """New menus; the provider is looked up when this is called, for the plugin may have been switched off."""
    provider = QgsApplication.processingRegistry().providerById("sar_colorize")
    if provider is not None:
        provider.refreshAlgorithms()


def _result(finished: child.Finished) -> dict[str, Any] | None:
    """The result that a command printed, None if it failed."""
    if finished.code != 0:
        return None
    try:
        result = json.loads(finished.output)
    except ValueError:
        return None
    return result if isinstance(result, dict) else None
