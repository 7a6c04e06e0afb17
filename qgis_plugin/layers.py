"""How results look in QGIS: the picture as it is, named after its source.

QGIS keeps no reference of its own to a post-processor; without ours Python would take it away before it is called.
"""

from __future__ import annotations

from qgis.core import (
    QgsContrastEnhancement,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRaster,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsSingleBandGrayRenderer,
)
from qgis.PyQt.QtGui import QColor

_kept: list[QgsProcessingLayerPostProcessorInterface] = []


class _Named(QgsProcessingLayerPostProcessorInterface):
    """Names a layer and gives it its style."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if isinstance(layer, QgsRasterLayer):
            layer.setName(self.name)
            self.style(layer)
            layer.triggerRepaint()

    def style(self, layer: QgsRasterLayer) -> None:
        """The layer's renderer."""


class Picture(_Named):
    """Red, green and blue as they are in the file, without a contrast stretch; transparent where invalid."""

    def style(self, layer: QgsRasterLayer) -> None:
        renderer = QgsMultiBandColorRenderer(layer.dataProvider(), 1, 2, 3)
        for band in range(4, layer.bandCount() + 1):  # the mask, which QGIS shows as a band
            if layer.dataProvider().colorInterpretation(band) == QgsRaster.ColorInterpretation.AlphaBand:
                renderer.setAlphaBand(band)
        layer.setRenderer(renderer)


class Grey(_Named):
    """The first band in grey, from its darkest 2 % to its brightest 2 %."""

    def style(self, layer: QgsRasterLayer) -> None:
        layer.setRenderer(QgsSingleBandGrayRenderer(layer.dataProvider(), 1))
        layer.setContrastEnhancement(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
            QgsRasterMinMaxOrigin.Limits.CumulativeCut,
        )


class Percent(_Named):
    """The first band in grey, 0 black and 100 white."""

    def style(self, layer: QgsRasterLayer) -> None:
        renderer = QgsSingleBandGrayRenderer(layer.dataProvider(), 1)
        stretch = QgsContrastEnhancement(layer.dataProvider().dataType(1))
        stretch.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        stretch.setMinimumValue(0.0)
        stretch.setMaximumValue(100.0)
        renderer.setContrastEnhancement(stretch)
        layer.setRenderer(renderer)


KINDS = {
    "water": "#2a3a44", "wood": "#2f3a1c", "field": "#55632f", "bare": "#8c725b", "town": "#8a8178", "snow": "#e6eaee",
}  # fmt: skip
"""Kinds of ground by their number, from 1, and how they are drawn where the legend of a run does not say."""


class Kinds(_Named):
    """The first band as kinds of ground, each in the colour that it has in the picture."""

    def __init__(self, name: str, legend: str) -> None:
        super().__init__(name)
        self.colours = dict(KINDS)
        for part in legend.split(", "):
            words = part.split()
            if len(words) == 3 and words[0] in KINDS:
                self.colours[words[0]] = words[2]

    def style(self, layer: QgsRasterLayer) -> None:
        classes = [
            QgsPalettedRasterRenderer.Class(number, QColor(colour), kind)
            for number, (kind, colour) in enumerate(self.colours.items(), 1)
        ]
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))


def style_later(context: QgsProcessingContext, path: str, processor: _Named) -> None:
    """Has `processor` called when QGIS loads the layer at `path`, if it is to be loaded."""
    if context.willLoadLayerOnCompletion(path):
        _kept.append(processor)
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(processor)
