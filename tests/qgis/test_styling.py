"""Results in the project: the colours of the file, unstretched, transparent where invalid, named after the source."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_here import Heard, pixels, write_scene
from osgeo import gdal
from processing.gui.Postprocessing import handleAlgorithmResults
from qgis.core import (
    QgsContrastEnhancement,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsSingleBandGrayRenderer,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

WHITE = QColor(255, 255, 255)


def _load(provider: Any, name: str, parameters: dict[str, Any]) -> list[QgsRasterLayer]:
    """Runs an algorithm and loads its results as the toolbox does."""
    project, context, heard = QgsProject.instance(), QgsProcessingContext(), Heard()
    context.setProject(project)
    algorithm = provider.algorithm(name).create()
    results, ok = algorithm.run(parameters, context, heard)
    assert ok, heard.said
    gc.collect()  # a post-processor to which nobody holds on would go here
    assert handleAlgorithmResults(algorithm, context, heard, parameters=results)
    return sorted(project.mapLayers().values(), key=lambda layer: layer.name())


def _to_project(path: Path | str) -> QgsProcessingOutputLayerDefinition:
    return QgsProcessingOutputLayerDefinition(str(path), QgsProject.instance())


def _seen(layer: QgsRasterLayer) -> np.ndarray:
    """(H, W, 3): the map, drawn at the layer's own pixels on white."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(layer.width(), layer.height()))
    settings.setBackgroundColor(WHITE)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    return np.array(
        [
            [image.pixelColor(x, y).getRgb()[:3] for x in range(image.width())]
            for y in range(image.height())
        ],
        np.uint8,
    )  # fmt: skip


@pytest.mark.parametrize("stretch", ["NoEnhancement", "StretchToMinimumMaximum"])
def test_a_picture_is_drawn_as_it_is_whatever_the_users_default_stretch(
    real_backend: str, provider: Any, tmp_path: Path, stretch: str
) -> None:
    QgsSettings().setValue("Raster/defaultContrastEnhancementAlgorithmMultiBandSingleByte", stretch)
    try:
        scene = QgsRasterLayer(str(write_scene(tmp_path / "scene.tif")), "Elbe, March")
        output = tmp_path / "c.tif"
        (layer,) = _load(provider, "colorize", {"INPUT": scene, "OUTPUT": _to_project(output), "MODEL": "composite"})
    finally:
        QgsSettings().remove("Raster/defaultContrastEnhancementAlgorithmMultiBandSingleByte")
    assert layer.name() == "Elbe, March (colour)"
    renderer = layer.renderer()
    assert isinstance(renderer, QgsMultiBandColorRenderer)
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand(), renderer.alphaBand()) == (1, 2, 3, 4)
    none = QgsContrastEnhancement.ContrastEnhancementAlgorithm.NoEnhancement
    for enhancement in (
        renderer.redContrastEnhancement(), renderer.greenContrastEnhancement(), renderer.blueContrastEnhancement()
    ):  # fmt: skip
        assert enhancement is None or enhancement.contrastEnhancementAlgorithm() == none
    values, mask = pixels(output)
    seen = _seen(layer)
    assert np.array_equal(seen[mask > 0], np.moveaxis(values[:3], 0, 2)[mask > 0])
    assert (seen[mask == 0] == 255).all()
    assert (mask == 0).sum() > 300


def test_a_temporary_output_is_named_after_its_source_too(real_backend: str, provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a scene.tif")
    given = {"INPUT": str(scene), "OUTPUT": _to_project("TEMPORARY_OUTPUT"), "MODEL": "composite"}
    (layer,) = _load(provider, "colorize", given)
    assert layer.name() == "a scene (colour)"


def test_a_filtered_scene_is_grey_from_dark_to_bright(real_backend: str, provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif")
    (layer,) = _load(provider, "despeckle", {"INPUT": str(scene), "OUTPUT": _to_project(tmp_path / "d.tif")})
    assert layer.name() == "scene (despeckled)"
    assert isinstance(layer.renderer(), QgsSingleBandGrayRenderer)
    values = pixels(tmp_path / "d.tif")[0][0]
    valid = np.isfinite(values)
    enhancement = layer.renderer().contrastEnhancement()
    low, high = np.percentile(values[valid], (2, 98))
    assert enhancement.minimumValue() == pytest.approx(low, abs=0.2)
    assert enhancement.maximumValue() == pytest.approx(high, abs=0.2)
    seen = _seen(layer)[..., 0].astype(float)
    assert np.corrcoef(seen[valid], values[valid])[0, 1] > 0.9
    assert (seen[~valid] == 255).all()


def _on_ramp(value: np.ndarray, stops: list[tuple[float, str]]) -> np.ndarray:
    """Colours of values between the stops of a style file."""
    colours = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for _, colour in stops])
    at = [stop for stop, _ in stops]
    return np.stack([np.interp(value, at, colours[:, band]) for band in range(3)], axis=-1)


def test_uncertainty_and_memory_have_the_colours_of_their_style_files(
    real_backend: str, provider: Any, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "scene.tif")
    picture = write_scene(tmp_path / "earlier.tif", bands=3, names=(), hole=False)
    dataset = gdal.Open(str(picture), gdal.GA_Update)
    for band in (1, 2, 3):  # an 8-bit picture in floats would be read as one, too
        values = dataset.GetRasterBand(band).ReadAsArray()
        dataset.GetRasterBand(band).WriteArray(np.clip(60 + 40 * np.round(values / 8 + 2), 1, 254))
    dataset = None
    gdal.Translate(str(tmp_path / "p.tif"), str(picture), outputType=gdal.GDT_Byte, noData="none",
                   srcWin=[0, 0, 70, 96])  # fmt: skip  # half of the ground, so that both vary
    given = {
        "INPUT": str(scene), "OUTPUT": str(tmp_path / "c.tif"), "REFERENCE": str(tmp_path / "p.tif"),
        "CONFIDENCE": _to_project(tmp_path / "sure.tif"), "MEMORY": _to_project(tmp_path / "share.tif"),
    }  # fmt: skip
    memory, uncertainty = _load(provider, "colorize", given)
    assert (memory.name(), uncertainty.name()) == ("scene (memory)", "scene (uncertainty)")
    files = (
        (uncertainty, tmp_path / "sure.tif",
         [(0, "#0d0829"), (5, "#51127c"), (10, "#b63679"), (15, "#fb8861"), (20, "#fcfdbf")]),
        (memory, tmp_path / "share.tif",
         [(0, "#f4f1e8"), (33.3, "#9fc8c6"), (66.7, "#3c8f93"), (100, "#12525f")]),
    )  # fmt: skip
    for layer, path, stops in files:
        assert isinstance(layer.renderer(), QgsSingleBandPseudoColorRenderer)
        values, mask = pixels(path)
        band = values if values.ndim == 2 else values[0]
        valid = (mask > 0) & np.isfinite(band)
        seen = _seen(layer).astype(float)
        assert np.abs(seen[valid] - _on_ramp(band[valid].astype(float), stops)).max() <= 2
        assert (seen[~valid] == 255).all()
        assert np.ptp(band[valid]) > 1


def test_kinds_of_ground_are_loaded_in_the_colours_of_the_picture(
    fake_backend: Any, provider: Any, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "scene.tif", bands=1)
    fake_backend(
        f"""
import shutil
for path in (output, arguments[arguments.index("--classes") + 1]):
    shutil.copy({str(scene)!r}, path)
print('{{"legend": "wood 60% #112233, water 40% #445566"}}')
"""
    )
    layers = _load(
        provider, "colorize",
        {"INPUT": str(scene), "OUTPUT": str(tmp_path / "c.tif"), "CLASSES": _to_project(tmp_path / "kinds.tif")},
    )  # fmt: skip
    assert [layer.name() for layer in layers] == ["scene (kinds of ground)"]
    found = {each.label: (each.value, each.color.name()) for each in layers[0].renderer().classes()}
    assert found["water"] == (1, "#445566")
    assert found["wood"] == (2, "#112233")
    assert len(found) == 6
