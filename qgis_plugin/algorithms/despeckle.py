"""Despeckle SAR."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from .. import choices
from ..layers import Grey, style_later
from ..text import tr
from .base import Parameters
from .raster import OUTPUT, RasterAlgorithm, choice

FILTER = "FILTER"
SIZE = "SIZE"
LOOKS = "LOOKS"


class Despeckle(RasterAlgorithm):
    """`sar-colorize despeckle`."""

    def name(self) -> str:
        return "despeckle"

    def displayName(self) -> str:
        return tr("Despeckle SAR")

    def shortDescription(self) -> str:
        return tr("A radar scene with its speckle filtered")

    def tags(self) -> list[str]:
        return ["sar", "radar", "sentinel-1", "speckle", "filter", "lee", "frost"]

    def about(self) -> str:
        return tr(
            "<p>Filters the speckle of a radar scene of any size. The result is float32 in the input's own unit, bands "
            "and grid, NaN where the input is invalid.</p>"
        )

    def initAlgorithm(self, config: object = None) -> None:
        offered = choices.remembered()
        self.add_input()
        default = "lee" if "lee" in offered.filters else offered.filters[0]
        self.add(
            choice(FILTER, tr("Filter"), offered.filters, default),
            tr("The speckle filter. Default: {0}.").format(default),
        )
        self.add(
            QgsProcessingParameterNumber(
                SIZE, tr("Window"), QgsProcessingParameterNumber.Type.Integer, None, True, 3, 31
            ),
            tr("Width of the filter's square window, in pixels, odd, 3 to 31. Default: the filter's own, 5 or 7."),
        )
        self.add(
            QgsProcessingParameterNumber(
                LOOKS, tr("Looks"), QgsProcessingParameterNumber.Type.Double, None, True, 0.1, 1000.0
            ),
            tr("Equivalent number of looks, without unit. Default: 4.4, that of Sentinel-1 IW GRDH; 3 for learned."),
        )
        self.add_where(offered)
        self.add_how(offered, lossy=False)
        self.add(
            QgsProcessingParameterRasterDestination(OUTPUT, tr("Filtered scene")),
            tr(
                "GeoTIFF, float32, in the input's unit. A log of the run is written beside it, with `.log` after its "
                "name. Default: a temporary file."
            ),
        )

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, str]:
        source, name = self.source(parameters, context)
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        command = ["despeckle", source, output, "--filter", self.parameterAsEnumString(parameters, FILTER, context)]
        command += self.number(parameters, SIZE, "--size", context)
        if self.given(parameters, LOOKS):
            command += ["--looks", repr(self.parameterAsDouble(parameters, LOOKS, context))]
        command += self.input_arguments(parameters, context, feedback)
        command += self.output_arguments(parameters, context)
        if self.run_backend(command, [output], feedback) is None:
            return {}
        style_later(context, output, Grey(tr("{0} (despeckled)").format(name)))
        return {OUTPUT: output}
