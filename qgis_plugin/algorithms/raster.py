"""What Colorize and Despeckle share: their input, the part of it, the output."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsRasterLayer,
)

from ..choices import Choices
from ..sources import SourceError, check_bands, crs_argument, path_of, product_of
from ..text import tr
from .base import BackendAlgorithm, Parameters

INPUT = "INPUT"
POLARIZATION = "POLARIZATION"
EXTENT = "EXTENT"
MASK = "MASK"
UNIT = "UNIT"
BLOCK = "BLOCK"
PROFILE = "PROFILE"
EXTRA = "EXTRA"
OUTPUT = "OUTPUT"


class RasterAlgorithm(BackendAlgorithm):
    """One radar raster in, one raster out."""

    def add_input(self) -> None:
        self.add(
            QgsProcessingParameterRasterLayer(INPUT, tr("Radar layer or Sentinel-1 product")),
            tr(
                "A raster file with Sentinel-1 backscatter: amplitude, power, decibels or digital numbers. Or a "
                "product as it is delivered: choose manifest.safe in its .SAFE folder, or its .zip."
            ),
        )

    def add_where(self, offered: Choices) -> None:
        self.add(
            choice(POLARIZATION, tr("Polarisation"), ("auto", *offered.polarizations), "auto"),
            tr(
                "The band to use; it also names a single band that has no name. Default: auto, as found in the names "
                "of the bands or of the file."
            ),
        )
        self.add(
            QgsProcessingParameterExtent(EXTENT, tr("Extent"), optional=True),
            tr(
                "Only this box, in map units of any CRS; the result is cut to whole pixels and equals that part of the "
                "whole picture. Default: the whole layer."
            ),
        )
        self.add(
            QgsProcessingParameterFeatureSource(
                MASK, tr("Mask layer"), [QgsProcessing.SourceType.TypeVectorPolygon], optional=True
            ),
            tr("Polygons in any CRS; pixels outside them become transparent. Default: none."),
        )

    def add_how(self, offered: Choices, *, lossy: bool) -> None:
        self.add(
            choice(UNIT, tr("Unit of the values"), ("auto", *offered.units), "auto"),
            tr(
                "What the values measure: dn (digital numbers), amplitude, power, db (decibels) or display (a picture "
                "from 0 to 255). Default: auto, from the file; the log says why."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterNumber(
                BLOCK, tr("Block"), QgsProcessingParameterNumber.Type.Integer, None, True, 64, 16384
            ),
            tr(
                "Side of the blocks that are read, computed and written as one, in pixels, at least 64. Smaller blocks "
                "take less memory; the result is the same. Default: 1024."
            ),
            advanced=True,
        )
        profiles = [name for name in offered.profiles if lossy or name not in ("webp", "jpeg")]
        self.add(
            choice(PROFILE, tr("Creation profile"), profiles, "deflate"),
            tr(
                "Compression of the Cloud Optimized GeoTIFF. deflate and zstd keep every value; webp and jpeg, for "
                "pictures only, take a tenth of the room and lose detail; none changes the mask. Default: deflate."
            ),
            advanced=True,
        )
        self.add(
            QgsProcessingParameterString(EXTRA, tr("Further options"), None, False, True),
            tr(
                "Options of the command line that have no field here, such as --nodata 0 or --co LEVEL=9; see "
                "`sar-colorize {0} --help`. Default: none."
            ).format(self.name()),
            advanced=True,
        )

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        """As QGIS checks them, but a product needs not open as a layer; and refuses layers that cannot be read."""
        if product_of(parameters.get(INPUT)):
            return super().checkParameterValues({**parameters, INPUT: QgsRasterLayer()}, context)
        ok, reason = super().checkParameterValues(parameters, context)
        if not ok:
            return ok, reason
        try:
            layer = self.raster_layer(parameters, INPUT, context)
            path_of(layer)
            check_bands(layer)
        except SourceError as error:
            return False, str(error)
        return True, ""

    def raster_layer(self, parameters: Parameters, name: str, context: QgsProcessingContext) -> QgsRasterLayer:
        """The layer of a parameter.

        Raises:
            SourceError: there is none.
        """
        layer = self.parameterAsRasterLayer(parameters, name, context)
        if layer is None or not layer.isValid():
            raise SourceError(tr("layer must be a raster, got {0}; choose another one").format(parameters.get(name)))
        return layer

    def input_arguments(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> list[str]:
        """The options for what is read and which part of it."""
        arguments = self.option(parameters, POLARIZATION, "--polarization", context)
        arguments += self.option(parameters, UNIT, "--unit", context)
        if self.given(parameters, EXTENT):
            box = self.parameterAsExtent(parameters, EXTENT, context)
            crs = self.parameterAsExtentCrs(parameters, EXTENT, context)
            corners = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
            arguments += ["--bbox", *map(repr, corners)]
            arguments += ["--bbox-crs", crs_argument(crs)] if crs.isValid() else []
        if self.given(parameters, MASK):
            # Written out whatever it is: only so are filters, selections and layers of a GeoPackage those of QGIS.
            mask = self.parameterAsCompatibleSourceLayerPath(parameters, MASK, context, [], "gpkg", feedback)
            if not mask:
                raise QgsProcessingException(self.invalidSourceError(parameters, MASK))
            arguments += ["--aoi", mask]
        return arguments

    def output_arguments(self, parameters: Parameters, context: QgsProcessingContext) -> list[str]:
        """The options for how it is computed and written; QGIS itself asks before it overwrites."""
        arguments = ["--profile", self.parameterAsEnumString(parameters, PROFILE, context), "--overwrite"]
        arguments += self.number(parameters, BLOCK, "--block-px", context)
        extra = self.parameterAsString(parameters, EXTRA, context)
        try:
            return arguments + shlex.split(extra)
        except ValueError as error:
            raise QgsProcessingException(
                tr("further options must have paired quotes, got {text} ({error}); close them").format(
                    text=extra, error=error
                )
            ) from error

    def source(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[str, str]:
        """Path and name of the input: the layer's, or the product's."""
        product = product_of(parameters.get(INPUT))
        if product:
            return product, Path(product).name
        try:
            layer = self.raster_layer(parameters, INPUT, context)
            return path_of(layer), layer.name()
        except SourceError as error:
            raise QgsProcessingException(str(error)) from error


def choice(name: str, description: str, options: Sequence[str], default: str) -> QgsProcessingParameterEnum:
    """A menu whose values are words, so that models and scripts outlive a longer menu."""
    return QgsProcessingParameterEnum(name, description, list(options), False, default, False, True)
