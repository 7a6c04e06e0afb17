"""Evaluate colours."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputHtml,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.utils import iface

from .. import choices
from ..text import tr
from .base import BackendAlgorithm, Parameters
from .raster import choice

MODELS = "MODELS"
WEIGHTS = "WEIGHTS"
DATA = "DATA"
SPLIT = "SPLIT"
TRAIN = "TRAIN"
DESPECKLE = "DESPECKLE"
LIMIT = "LIMIT"
DEVICE = "DEVICE"
OPEN = "OPEN"
REPORT = "REPORT"
HTML = "HTML"


class Evaluate(BackendAlgorithm):
    """`sar-colorize evaluate`."""

    def name(self) -> str:
        return "evaluate"

    def displayName(self) -> str:
        return tr("Evaluate colours")

    def shortDescription(self) -> str:
        return tr("Measures models on pairs of radar and colour, and writes a report")

    def tags(self) -> list[str]:
        return ["sar", "radar", "colour", "evaluate", "accuracy", "report"]

    def about(self) -> str:
        return tr(
            "<p>Measures models on pairs of radar and colour pictures, and compares them with simple baselines: the "
            "mean colour, a look-up table, two linear models, and grey. The report is one HTML page with tables and "
            "pictures, which opens in the browser; the figures are also written as JSON and CSV.</p>"
        )

    def initAlgorithm(self, config: object = None) -> None:
        offered = choices.remembered()
        names = [name for name, _ in offered.models]
        self.add(
            QgsProcessingParameterEnum(MODELS, tr("Models"), names, True, names[:1], False, True),
            tr("The models to measure. Default: the default model of Colorize."),
        )
        self.add(
            QgsProcessingParameterFile(
                DATA, tr("Folder of pairs"), behavior=QgsProcessingParameterFile.Behavior.Folder
            ),
            tr(
                "Pairs in one of the layouts SPLIT/SITE/{s1,s2}, SEN1-2 by terrain, or SEN12MS; "
                "`sar-colorize pairs build` makes them from two rasters."
            ),
        )
        self.add(
            QgsProcessingParameterString(SPLIT, tr("Split"), "test"),
            tr("Which pairs are measured: train, val or test. Default: test."),
        )
        self.add(
            QgsProcessingParameterFile(WEIGHTS, tr("Weights of your own"), extension="safetensors", optional=True),
            tr("A weights file from `sar-colorize train`, measured beside the models. Default: none."),
        )
        self._add_method(offered)
        self.add(
            QgsProcessingParameterBoolean(OPEN, tr("Open the report in the browser"), True),
            tr("Whether the report opens in the browser at the end, in the desktop. Default: yes."),
        )
        self.add(
            QgsProcessingParameterFolderDestination(REPORT, tr("Report")),
            tr(
                "A folder for index.html, metrics.json and patches.csv. An earlier report in it is replaced; a folder "
                "that holds anything else is refused. Default: a temporary folder."
            ),
        )
        self.addOutput(QgsProcessingOutputHtml(HTML, tr("Report")))

    def _add_method(self, offered: choices.Choices) -> None:
        """The advanced parameters of how it is measured."""
        self.add(
            QgsProcessingParameterFile(
                TRAIN,
                tr("Folder that the baselines learn from"),
                behavior=QgsProcessingParameterFile.Behavior.Folder,
                optional=True,
            ),
            tr("Pairs whose split train the baselines learn from. Default: the folder of pairs itself."),
            advanced=True,
        )
        self.add(
            choice(DESPECKLE, tr("Speckle filter"), ("auto", *offered.filters), "auto"),
            tr("Filters the radar before it is coloured. Default: auto, each model's own."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                LIMIT, tr("Pairs of each site"), QgsProcessingParameterNumber.Type.Integer, None, True, 1
            ),
            tr("At most so many pairs of each site, evenly spread. Default: all."),
            advanced=True,
        )
        self.add(
            choice(DEVICE, tr("Device"), offered.devices, "auto"),
            tr("Where the networks run. Default: auto, a GPU where there is one, else the CPU."),
            advanced=True,
        )

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, str]:
        models = self.parameterAsEnumStrings(parameters, MODELS, context)
        if self.given(parameters, WEIGHTS):
            models.append(self.parameterAsFile(parameters, WEIGHTS, context))
        report = self.parameterAsString(parameters, REPORT, context)
        command = ["evaluate", "--data", self.parameterAsFile(parameters, DATA, context), "--report", report]
        for model in models:
            command += ["--model", model]
        command += ["--split", self.parameterAsString(parameters, SPLIT, context), "--overwrite"]
        if self.given(parameters, TRAIN):
            command += ["--train", self.parameterAsFile(parameters, TRAIN, context)]
        command += self.option(parameters, DESPECKLE, "--despeckle", context)
        command += self.number(parameters, LIMIT, "--limit", context)
        command += self.option(parameters, DEVICE, "--device", context)
        if self.run_backend(command, [report], feedback) is None:
            return {}
        page = str(Path(report) / "index.html")
        self.page = page if self.parameterAsBoolean(parameters, OPEN, context) else ""
        return {REPORT: report, HTML: page}

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, str]:
        """In the desktop's own thread: the browser."""
        if iface is not None and getattr(self, "page", ""):
            QDesktopServices.openUrl(QUrl.fromLocalFile(self.page))
        return {}
