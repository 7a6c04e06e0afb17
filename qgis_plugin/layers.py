"""How results look in QGIS: the picture as it is, named after its source.

QGIS keeps no reference of its own to a post-processor; without ours Python would take it away before it is called.
"""

from __future__ import annotations

from pathlib import Path

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

STYLES = Path(__file__).parent / "styles"
"""Style files of QGIS: uncertainty.qml, memory.qml, kinds.qml."""
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


class Styled(_Named):
    """By one of the style files of this plugin, which can be loaded by hand too."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(name)
        self.file = str(STYLES / file)

    def style(self, layer: QgsRasterLayer) -> None:
        layer.loadNamedStyle(self.file)


class Kinds(Styled):
    """The first band as kinds of ground, each in the colour that it has in the picture, where a legend tells it."""

    def __init__(self, name: str, legend: str) -> None:
        super().__init__(name, "kinds.qml")
        parts = [part.split() for part in legend.split(", ")]
        self.colours = {words[0]: words[2] for words in parts if len(words) == 3}

    def style(self, layer: QgsRasterLayer) -> None:
        super().style(layer)
        drawn = layer.renderer()
        classes = [
            QgsPalettedRasterRenderer.Class(each.value, QColor(self.colours.get(each.label, each.color)), each.label)
            for each in drawn.classes()
        ]
        renderer = QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes)
        renderer.setAlphaBand(drawn.alphaBand())
        layer.setRenderer(renderer)


def style_later(context: QgsProcessingContext, path: str, processor: _Named) -> None:
    """Has `processor` called when QGIS loads the layer at `path`, if it is to be loaded."""
    if context.willLoadLayerOnCompletion(path):
        _kept.append(processor)
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(processor)
