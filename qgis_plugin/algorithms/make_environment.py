"""Make an environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFolder,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
)
from qgis.PyQt.QtCore import QTimer

from .. import backend, installation, interpreters, proxy
from ..backend import BackendError
from ..text import tr
from .base import BackendAlgorithm, Parameters, refresh_provider

FOLDER = "FOLDER"
SOURCE = "SOURCE"
EXTRAS = "EXTRAS"
PYTHON = "PYTHON"
WHEELS = "WHEELS"
ENVIRONMENT = "ENVIRONMENT"
VERSION = "VERSION"
_ANY = "* (*)"
"""Also what has no dot in its name, which QGIS refuses by default."""


class MakeEnvironment(BackendAlgorithm):
    """An environment of Python with sar-colorize, which the other algorithms then use."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = proxy.Proxy()
        self.made = ""

    def name(self) -> str:
        return "makeenvironment"

    def displayName(self) -> str:
        return tr("Make an environment")

    def shortDescription(self) -> str:
        return tr("Installs sar-colorize apart from QGIS, and has the plugin use it")

    def tags(self) -> list[str]:
        return ["sar", "install", "python", "venv", "pip", "environment"]

    def about(self) -> str:
        return tr(
            "<p>Installs sar-colorize into a Python environment of its own, apart from QGIS, and sets the plugin to "
            "use it. It downloads about {download} MB and takes about {disk} MB on disk. QGIS's proxy is used. Nothing "
            "is downloaded unless you run this. Cancel it at any time: nothing is left then, and an earlier "
            "environment comes back. Run it again to update; to remove the environment, delete its folder.</p>"
        ).format(download=installation.LIGHT_MB[0], disk=installation.LIGHT_MB[1])

    def canExecute(self) -> tuple[bool, str]:
        """Always: it is there for when nothing else can."""
        return True, ""

    def initAlgorithm(self, config: object = None) -> None:
        self.add(
            QgsProcessingParameterFile(
                SOURCE, tr("Source"), defaultValue=backend.clone() or None, optional=True, fileFilter=_ANY
            ),
            tr(
                "What to install: a clone of the repository (its folder, or pyproject.toml in it), a wheel, or a "
                "source archive. Default: the clone that this plugin was built from, if it is on this computer. Once "
                "sar-colorize is published, its name, sar-colorize, will do too."
            ),
        )
        self.add(
            QgsProcessingParameterEnum(EXTRAS, tr("More than the light installation"), _extras(), True, [], True),
            tr(
                "vector: mask layers. catalog: references from Sentinel-2 by a STAC catalogue. torch, on Linux: an "
                "NVIDIA GPU. Default: none of them."
            ),
        )
        self.add(
            QgsProcessingParameterFile(
                FOLDER,
                tr("Folder of the environment"),
                behavior=QgsProcessingParameterFile.Behavior.Folder,
                defaultValue=str(_usual_folder()),
                optional=True,
            ),
            tr(
                "A new or empty folder, or one that this algorithm made before, whose content is replaced. Default: a "
                "folder of the user profile."
            ),
        )
        self.add(
            QgsProcessingParameterFile(PYTHON, tr("Python"), optional=True, fileFilter=_ANY),
            tr(
                "The Python to make it with, 64-bit, {oldest} or newer. Default: the first that is found on PATH, in "
                "the usual folders, or in QGIS."
            ).format(oldest=interpreters.oldest()),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterFile(
                WHEELS,
                tr("Folder of packages"),
                behavior=QgsProcessingParameterFile.Behavior.Folder,
                optional=True,
            ),
            tr(
                "For a computer without internet: a folder that `pip download` filled on another one; nothing else is "
                "asked. Default: none, the index that pip is set to."
            ),
            advanced=True,
        )
        self.addOutput(QgsProcessingOutputFolder(ENVIRONMENT, tr("Environment")))
        self.addOutput(QgsProcessingOutputString(VERSION, tr("Version of sar-colorize")))

    def prepareAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """In QGIS's own thread: its proxy."""
        try:
            self.proxy = proxy.of_qgis()
        except BackendError as error:
            raise QgsProcessingException(str(error)) from error
        return True

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        folder = self.parameterAsString(parameters, FOLDER, context)
        order = installation.Order(
            folder=Path(folder or _usual_folder()).expanduser().resolve(),
            source=self.parameterAsString(parameters, SOURCE, context) or backend.clone(),
            extras=tuple(_extras()[index] for index in self.parameterAsEnums(parameters, EXTRAS, context)),
            python=self.parameterAsString(parameters, PYTHON, context),
            wheels=self.parameterAsString(parameters, WHEELS, context),
            proxy=self.proxy,
        )
        try:
            offered = installation.make(order, feedback)
        except BackendError as error:
            raise QgsProcessingException(str(error)) from error
        if offered is None:
            return {}
        self.made = str(order.folder)
        return {ENVIRONMENT: self.made, VERSION: offered.version}

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """In QGIS's own thread: the setting, and menus of what is now there."""
        if self.made:
            backend.use(self.made)
            feedback.pushInfo(tr("The algorithms of this plugin now use the environment {0}").format(self.made))
            QTimer.singleShot(0, refresh_provider)
        return {}


def _extras() -> list[str]:
    """Torch serves a GPU only where pip's own is built for one."""
    return [name for name in installation.EXTRAS_MB if name != "torch" or sys.platform == "linux"]


def _usual_folder() -> Path:
    """In the profile; on Windows, where profiles roam, beside it on this computer."""
    local = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else ""
    return Path(local or QgsApplication.qgisSettingsDirPath()) / "sar-colorize"
