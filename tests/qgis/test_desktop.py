"""The real desktop on a virtual screen: toolbox, dialog, a run, and the layer that it leaves."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from home import ROOT
from made_here import write_scene
from osgeo import gdal
from qgis.PyQt.QtGui import QImage

PICTURES = ("qgis_toolbox.png", "qgis_dialog.png", "qgis_running.png", "qgis_result.png")


def test_a_run_in_the_desktop_moves_the_bar_and_loads_a_styled_layer(backend_python: str, tmp_path: Path) -> None:
    """By the script that makes the pictures of the docs. It waits for what QGIS shows and ends a QGIS that hangs."""
    scene = write_scene(tmp_path / "scene.tif", 1024, 2048)
    done = _pictures(
        backend_python, "--scene", scene, "--model", "composite", "--out", tmp_path / "out",
        "--state", tmp_path / "state.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["warning"] == ""
    assert "composite" in state["models"]
    assert sorted(state["layers"]) == ["scene", "scene (colour)"]
    colour = state["layers"].index("scene (colour)")
    assert state["renderers"][colour] == "QgsMultiBandColorRenderer"
    between = [value for value in state["progress"] if 0 < value < 100]
    assert len(set(between)) >= 3
    assert sorted(between) == between
    for name in PICTURES:
        image = QImage(str(tmp_path / "out" / name))
        assert image.width() >= 1000, name
        assert len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}) > 10
    toolbox, result = (QImage(str(tmp_path / "out" / name)) for name in (PICTURES[0], PICTURES[3]))
    assert _colourful(result) > 20 * max(_colourful(toolbox), 1)


def test_a_desktop_run_that_fails_shows_the_sentence_of_sar_colorize(backend_python: str, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif")
    gdal.Open(str(scene), gdal.GA_Update).SetMetadataItem("UNITS", "power")  # its values are negative decibels
    done = _pictures(backend_python, "--scene", scene, "--model", "composite", "--out", tmp_path / "out")
    assert done.returncode != 0
    assert "power must not be negative" in done.stdout
    assert "Traceback" in done.stdout


def _pictures(backend_python: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The script that makes the pictures of the docs, and all that it and QGIS print."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QGIS_", "QT_"))}
    return subprocess.run(
        [backend_python, ROOT / "tools" / "make_qgis_pictures.py", *map(str, arguments)],
        env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _colourful(image: QImage) -> int:
    """How many pixels of the map, the middle of the window, are not grey: the radar is, the picture is not."""
    xs = range(image.width() * 3 // 10, image.width() * 7 // 10, 3)
    ys = range(image.height() * 3 // 10, image.height() * 7 // 10, 3)
    colours = (image.pixelColor(x, y) for x in xs for y in ys)
    return sum(max(c.red(), c.green(), c.blue()) - min(c.red(), c.green(), c.blue()) > 40 for c in colours)
