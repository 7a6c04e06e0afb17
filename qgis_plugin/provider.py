"""The Processing provider: always loads, and says what is missing."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from . import choices
from .algorithms import ALL
from .algorithms.base import ICON
from .backend import SETTING, VARIABLE
from .text import tr

NAME = "SAR Colorize"
MODELS = Path(__file__).parent / "models"
"""Made in QGIS's modeler."""


class Provider(QgsProcessingProvider):
    """Six algorithms, a model of three of them, and one setting: where the backend is."""

    def id(self) -> str:
        return "sar_colorize"

    def name(self) -> str:
        return NAME

    def longName(self) -> str:
        return tr("SAR Colorize {0}").format(choices.plugin_version())

    def versionInfo(self) -> str:
        return choices.plugin_version()

    def icon(self) -> QIcon:
        return QIcon(str(ICON))

    def svgIconPath(self) -> str:
        return str(ICON)

    def warningMessage(self) -> str:
        """Shown in the toolbox under the provider's name; empty if nothing is known to be missing."""
        return choices.problem()

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]

    def loadAlgorithms(self) -> None:
        """The algorithms, and models of them, which QGIS reads once this provider is in its registry."""
        for algorithm in ALL:
            self.addAlgorithm(algorithm())
        for path in sorted(MODELS.glob("*.model3")):
            model = QgsProcessingModelAlgorithm()
            if model.fromFile(str(path)):
                self.addAlgorithm(model)

    def load(self) -> bool:
        """Adds the setting where Processing has settings, then the algorithms."""
        try:
            from processing.core.ProcessingConfig import ProcessingConfig, Setting
        except ImportError:  # the core plugin Processing is switched off: the environment variable is still read
            pass
        else:
            ProcessingConfig.settingIcons[NAME] = self.icon()
            ProcessingConfig.addSetting(
                Setting(
                    NAME,
                    SETTING,
                    tr("Python that has sar-colorize, its environment, or the program (empty: {0}, then PATH)").format(
                        VARIABLE
                    ),
                    "",
                    valuetype=Setting.FILE,
                )
            )
            ProcessingConfig.readSettings()
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        """Takes the setting away again."""
        try:
            from processing.core.ProcessingConfig import ProcessingConfig
        except ImportError:
            return
        if SETTING in ProcessingConfig.settings:
            ProcessingConfig.removeSetting(SETTING)
