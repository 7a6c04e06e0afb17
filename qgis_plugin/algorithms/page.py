"""Page to send."""

from __future__ import annotations

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputHtml,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.utils import iface

from ..sources import SourceError, path_of
from ..text import tr
from .base import BackendAlgorithm, Parameters

COLOUR = "COLOUR"
OTHERS = "OTHERS"
TITLE = "TITLE"
SIZE = "SIZE"
OPEN = "OPEN"
OUTPUT = "OUTPUT"
HTML = "HTML"


class Page(BackendAlgorithm):
    """`sar-colorize page`."""

    def name(self) -> str:
        return "page"

    def displayName(self) -> str:
        return tr("Page to send")

    def shortDescription(self) -> str:
        return tr("One HTML file of a colour picture beside its radar, to look at and to send")

    def tags(self) -> list[str]:
        return ["sar", "radar", "colour", "html", "share", "compare", "swipe"]

    def about(self) -> str:
        return tr(
            "<p>Writes one HTML file that opens in any browser and asks no server: a colour picture and its radar, or "
            "the reference, or another date, on either side of a divider; expected error and memory over them; "
            "coordinates, scale, and the facts of the picture's tags.</p>"
        )

    def initAlgorithm(self, config: object = None) -> None:
        self.add(
            QgsProcessingParameterRasterLayer(COLOUR, tr("Colour picture")),
            tr("What Colorize SAR made; the page is of its ground."),
        )
        self.add(
            QgsProcessingParameterMultipleLayers(
                OTHERS, tr("Other layers"), QgsProcessing.SourceType.TypeRaster, optional=True
            ),
            tr(
                "Radar, the reference or any optical raster, other dates, and the layers of uncertainty, memory and "
                "kinds of ground of the same run. Each is told apart by its bands and tags. Default: none."
            ),
        )
        self.add(
            QgsProcessingParameterString(TITLE, tr("Title"), None, False, True),
            tr("Of the page. Default: the name of the radar."),
        )
        self.add(
            QgsProcessingParameterNumber(
                SIZE, tr("Longest side"), QgsProcessingParameterNumber.Type.Integer, None, True, 256, 4096
            ),
            tr("Of the pictures inside, in pixels, 256 to 4096. Default: 4096."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterBoolean(OPEN, tr("Open the page in the browser"), True),
            tr("Whether the page opens in the browser at the end, in the desktop. Default: yes."),
        )
        self.add(
            QgsProcessingParameterFileDestination(OUTPUT, tr("Page"), tr("HTML files (*.html)")),
            tr("The file to write. Default: a temporary file."),
        )
        self.addOutput(QgsProcessingOutputHtml(HTML, tr("Page")))

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, str]:
        layers = [self.parameterAsRasterLayer(parameters, COLOUR, context)]
        layers += self.parameterAsLayerList(parameters, OTHERS, context) or []
        try:
            if any(layer is None or not layer.isValid() for layer in layers):
                raise SourceError(tr("layers must be rasters, got one that is none; choose others"))
            sources = [path_of(layer) for layer in layers]
        except SourceError as error:
            raise QgsProcessingException(str(error)) from error
        output = self.parameterAsFileOutput(parameters, OUTPUT, context)
        command = ["page", *dict.fromkeys(sources), output, "--overwrite"]
        if self.given(parameters, TITLE):
            command += ["--title", self.parameterAsString(parameters, TITLE, context)]
        command += self.number(parameters, SIZE, "--size-px", context)
        if self.run_backend(command, [output], feedback) is None:
            return {}
        self.page = output if self.parameterAsBoolean(parameters, OPEN, context) else ""
        return {OUTPUT: output, HTML: output}

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, str]:
        """In the desktop's own thread: the browser."""
        if iface is not None and getattr(self, "page", ""):
            QDesktopServices.openUrl(QUrl.fromLocalFile(self.page))
        return {}
