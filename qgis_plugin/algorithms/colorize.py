"""Colorize SAR."""

from __future__ import annotations

from html import escape

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .. import choices
from ..layers import Kinds, Picture, Styled, style_later
from ..sources import MOSAICS, SourceError, mosaic_of, path_of
from ..text import tr
from .base import Parameters
from .raster import OUTPUT, RasterAlgorithm, choice

REFERENCE = "REFERENCE"
REFERENCE_SOURCE = "REFERENCE_SOURCE"
REFERENCE_RADAR = "REFERENCE_RADAR"
REFERENCE_DATE = "REFERENCE_DATE"
STRUCTURE = "STRUCTURE"
MEMORY = "MEMORY"
CLASSES = "CLASSES"
MODEL = "MODEL"
WEIGHTS = "WEIGHTS"
PALETTE = "PALETTE"
PALETTE_LAYER = "PALETTE_LAYER"
DESPECKLE = "DESPECKLE"
TILE = "TILE"
OVERLAP = "OVERLAP"
DEVICE = "DEVICE"
CONFIDENCE = "CONFIDENCE"


class Colorize(RasterAlgorithm):
    """`sar-colorize colorize`."""

    def name(self) -> str:
        return "colorize"

    def displayName(self) -> str:
        return tr("Colorize SAR")

    def shortDescription(self) -> str:
        return tr("A radar scene to a georeferenced colour picture")

    def tags(self) -> list[str]:
        return ["sar", "radar", "sentinel-1", "colour", "color", "colorize", "deep learning"]

    def about(self) -> str:
        return tr(
            "<p>Turns a Sentinel-1 radar scene of any size into a colour picture on the same grid: a Cloud Optimized "
            "GeoTIFF with overviews and the input's own mask.</p><p><b>The colours are a prediction</b> from radar "
            "backscatter, not a measurement; the file's tags name the model.</p>"
        )

    def initAlgorithm(self, config: object = None) -> None:
        offered = choices.remembered()
        self.add_input()
        self._add_reference(offered)
        summaries = "".join(f"<br>{escape(name)}: {escape(summary)}" for name, summary in offered.models)
        default = (
            tr("Default: auto, which is {0}.").format(offered.models[0][0]) if offered.models else tr("Default: auto.")
        )
        self.add(
            choice(MODEL, tr("Model"), ("auto", *(name for name, _ in offered.models)), "auto"),
            tr("The model that predicts the colours.") + f" {default}{summaries}",
        )
        self.add(
            choice(PALETTE, tr("Palette"), ("auto", "none"), "auto"),
            tr(
                "The typical colours of the place, for models that take them. auto: those of the reference; without "
                "one, those of the ground to be expected at its coordinates, or on land anywhere. none: the average of "
                "the training sites. Default: auto."
            ),
        )
        self.add(
            QgsProcessingParameterRasterLayer(PALETTE_LAYER, tr("Palette from a layer"), optional=True),
            tr(
                "A colour picture (red, green, blue) of the same place or a similar one; it replaces the palette. "
                "Where it overlaps the scene, the colours are fitted to it. Default: none."
            ),
        )
        self.add(
            choice(DESPECKLE, tr("Speckle filter"), ("auto", *offered.filters), "auto"),
            tr("Filters the radar before it is coloured. Default: auto, the filter that the model was trained with."),
        )
        self.add_where(offered)
        self._add_network(offered)
        self.add_how(offered, lossy=True)
        self._add_outputs()

    def _add_outputs(self) -> None:
        """The picture, and the rasters beside it."""
        self.add(
            QgsProcessingParameterRasterDestination(OUTPUT, tr("Colour picture")),
            tr(
                "GeoTIFF with red, green and blue, 0 to 255, and a mask. A log of the run is written beside it, with "
                "`.log` after its name. Default: a temporary file."
            ),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                CONFIDENCE, tr("Uncertainty"), optional=True, createByDefault=False
            ),
            tr(
                "GeoTIFF with the expected error of the colour at each pixel, in Lab units, for models that give it. "
                "Default: not made."
            ),
        )
        self.add(
            QgsProcessingParameterRasterDestination(MEMORY, tr("Memory"), optional=True, createByDefault=False),
            tr(
                "With a reference: GeoTIFF with the share of each pixel that is the reference's (band 1), and how far "
                "the radar shows something new (band 2), in percent. Default: not made."
            ),
        )
        self.add(
            QgsProcessingParameterRasterDestination(
                CLASSES, tr("Kinds of ground"), optional=True, createByDefault=False
            ),
            tr(
                "Where colours are told by kinds of ground (no reference, palette auto, VV and VH): GeoTIFF with the "
                "most likely kind (band 1: 1 water, 2 wood, 3 field, 4 bare, 5 town, 6 snow) and its probability in "
                "percent (band 2). Default: not made."
            ),
        )

    def _add_reference(self, offered: choices.Choices) -> None:
        """The picture of the place, and what is known of it."""
        self.add(
            QgsProcessingParameterRasterLayer(REFERENCE, tr("Reference"), optional=True),
            tr(
                "A picture of the same place, of an earlier or later date: colours or reflectance, in any CRS and "
                "resolution; it may cover a part, and have clouds. It is kept where the radar agrees with it; "
                "elsewhere colours are predicted. In scripts and in qgis_process also the name of a mosaic, as below. "
                "Default: none."
            ),
        )
        self.add(
            choice(REFERENCE_SOURCE, tr("Reference from the internet"), ("auto", "none", *MOSAICS), "auto"),
            tr(
                "Where no reference is given, the part of an open picture of the Earth that the scene needs, 1 to 40 "
                "MB, fetched from a public server and kept for the next run. worldcover: ESA WorldCover, Sentinel-2, "
                "10 m, median of 2021. mosaic-120: Sentinel-2, 120 m, of the scene's season in 2019 or 2020. "
                "sentinel-2: the clear ground of the weeks around the scene's date, up to several hundred MB; it needs "
                "`pip install pystac-client`. The credit stands in the tags of the result. auto: fetched only if "
                "`sar-colorize config network on` allowed it. none: nothing is fetched. Default: auto."
            ),
        )
        self.add(
            QgsProcessingParameterRasterLayer(
                REFERENCE_RADAR, tr("Radar layer of the reference's date"), optional=True
            ),
            tr("Shows what has changed since the reference, with the same polarisations. Default: none."),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterString(REFERENCE_DATE, tr("Date of the reference"), None, False, True),
            tr("2026-03-02, or 2026-03. Default: from its tags or name."),
            advanced=True,
        )
        self.add(
            choice(STRUCTURE, tr("Structure"), offered.structures, "both"),
            tr(
                "With a reference, whose structure the picture shows. both: the reference's with the radar's news. "
                "radar: the radar's, in the reference's colours. reference: the reference's. Default: both."
            ),
        )

    def _add_network(self, offered: choices.Choices) -> None:
        """The advanced parameters of how the network runs."""
        self.add(
            QgsProcessingParameterFile(WEIGHTS, tr("Weights of your own"), extension="safetensors", optional=True),
            tr("A weights file from `sar-colorize train`; it replaces the model above. Default: none."),
            advanced=True,
        )
        self.add(
            _pixels(TILE, tr("Tile"), 32),
            tr("Side of the tiles that the network processes, in pixels. Default: the model's own."),
            advanced=True,
        )
        self.add(
            _pixels(OVERLAP, tr("Overlap"), 0),
            tr("Pixels that neighbouring tiles share. Default: the model's own, which hides the seams."),
            advanced=True,
        )
        self.add(
            choice(DEVICE, tr("Device"), offered.devices, "auto"),
            tr("Where the network runs. Default: auto, a GPU where there is one, else the CPU."),
            advanced=True,
        )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """As of every raster, but a reference may be the name of a mosaic, which opens as no layer."""
        if mosaic_of(parameters.get(REFERENCE)):
            parameters = {**parameters, REFERENCE: None}
        elif self.given(parameters, REFERENCE) and self._mosaic(parameters, context):
            return False, tr(
                "reference must be a layer or a picture from the internet, got both; choose auto for the latter"
            )
        return super().checkParameterValues(parameters, context)

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, str]:
        source, name = self.source(parameters, context)
        output = self.parameterAsOutputLayer(parameters, OUTPUT, context)
        command = ["colorize", source, output, *self._reference(parameters, context)]
        command += [*self._model(parameters, context), *self._palette(parameters, context)]
        command += self.option(parameters, DESPECKLE, "--despeckle", context)
        command += self.input_arguments(parameters, context, feedback)
        command += self.number(parameters, TILE, "--tile-px", context)
        command += self.number(parameters, OVERLAP, "--overlap-px", context)
        command += self.option(parameters, DEVICE, "--device", context)
        made = {OUTPUT: output}
        if self.given(parameters, CONFIDENCE):
            made[CONFIDENCE] = self.parameterAsOutputLayer(parameters, CONFIDENCE, context)
            command += ["--confidence", made[CONFIDENCE]]
        if self.given(parameters, MEMORY):
            made[MEMORY] = self.parameterAsOutputLayer(parameters, MEMORY, context)
            command += ["--memory", made[MEMORY]]
        if self.given(parameters, CLASSES):
            made[CLASSES] = self.parameterAsOutputLayer(parameters, CLASSES, context)
            command += ["--classes", made[CLASSES]]
        command += self.output_arguments(parameters, context)
        result = self.run_backend(command, list(made.values()), feedback)
        if result is None:
            return {}
        if result.get("remembered"):
            feedback.pushInfo(str(result["remembered"]))
        if result.get("expected_error"):
            feedback.pushInfo(str(result["expected_error"]))
        if result.get("legend"):
            feedback.pushInfo(tr("Colours: {0}").format(result["legend"]))
        style_later(context, output, Picture(tr("{0} (colour)").format(name)))
        if CONFIDENCE in made:
            style_later(context, made[CONFIDENCE], Styled(tr("{0} (uncertainty)").format(name), "uncertainty.qml"))
        if MEMORY in made:
            style_later(context, made[MEMORY], Styled(tr("{0} (memory)").format(name), "memory.qml"))
        if CLASSES in made:
            legend = str(result.get("legend", ""))
            style_later(context, made[CLASSES], Kinds(tr("{0} (kinds of ground)").format(name), legend))
        return made

    def _model(self, parameters: Parameters, context: QgsProcessingContext) -> list[str]:
        if self.given(parameters, WEIGHTS):
            return ["--model", self.parameterAsFile(parameters, WEIGHTS, context)]
        return self.option(parameters, MODEL, "--model", context)

    def _palette(self, parameters: Parameters, context: QgsProcessingContext) -> list[str]:
        """A layer before the menu; it is a picture, so its bands need no names."""
        if not self.given(parameters, PALETTE_LAYER):
            return self.option(parameters, PALETTE, "--palette", context)
        return ["--palette", self._path(parameters, PALETTE_LAYER, context)]

    def _reference(self, parameters: Parameters, context: QgsProcessingContext) -> list[str]:
        """What is given of the reference; what belongs to one is passed on without it too, and refused there."""
        named = mosaic_of(parameters.get(REFERENCE)) or self._mosaic(parameters, context)
        command = ["--reference", named] if named and named != "auto" else []
        layers = ((REFERENCE, "--reference"), (REFERENCE_RADAR, "--reference-radar"))
        for name, option in layers[1:] if mosaic_of(parameters.get(REFERENCE)) else layers:
            if self.given(parameters, name):
                command += [option, self._path(parameters, name, context)]
        if self.given(parameters, REFERENCE_DATE):
            command += ["--reference-date", self.parameterAsString(parameters, REFERENCE_DATE, context)]
        structure = self.parameterAsEnumString(parameters, STRUCTURE, context)
        return command + (["--structure", structure] if structure not in ("", "both") else [])

    def _mosaic(self, parameters: Parameters, context: QgsProcessingContext) -> str:
        """What the menu says of the internet; empty for auto."""
        value = self.parameterAsEnumString(parameters, REFERENCE_SOURCE, context)
        return "" if value == "auto" else str(value or "")

    def _path(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> str:
        """The file of a layer."""
        try:
            return path_of(self.raster_layer(parameters, name, context))
        except SourceError as error:
            raise QgsProcessingException(str(error)) from error


def _pixels(name: str, description: str, least: int) -> QgsProcessingParameterNumber:
    """A number of pixels that may be left empty."""
    return QgsProcessingParameterNumber(
        name, description, QgsProcessingParameterNumber.Type.Integer, None, True, least, 4096
    )
