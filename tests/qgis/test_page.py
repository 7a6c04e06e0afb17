"""The page as an algorithm, several scenes as a batch, and the model from a product to a page."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from home import ROOT
from made_here import Heard, command_line, pixels, same_picture, write_scene
from osgeo import gdal
from processing.gui.AlgorithmExecutor import execute
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
)
from sar_colorize_qgis import choices
from sar_colorize_qgis.algorithms import page
from sar_colorize_qgis.backend import find


def _run(provider: Any, name: str, parameters: dict[str, Any], heard: Heard | None = None) -> dict[str, Any]:
    """Runs an algorithm as QGIS does, its exceptions passed on."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = provider.algorithm(name).create()
    ok, reason = algorithm.checkParameterValues(parameters, context)
    assert ok, reason
    results, _ = algorithm.run(parameters, context, heard or Heard(), catchExceptions=False)
    return results


def test_a_page_is_the_command_lines(real_backend: str, provider: Any, tmp_path: Path) -> None:
    scene, colour = write_scene(tmp_path / "scene.tif"), tmp_path / "colour.tif"
    command_line(real_backend, "colorize", scene, colour, "--model", "composite")
    given = {
        "COLOUR": QgsRasterLayer(str(colour), "c"), "OTHERS": [str(scene), str(colour)], "TITLE": "Elbe <March>",
        "OUTPUT": str(tmp_path / "p.html"),
    }  # fmt: skip
    heard = Heard()
    made = _run(provider, "page", given, heard)
    assert made == {"OUTPUT": str(tmp_path / "p.html"), "HTML": str(tmp_path / "p.html")}
    command_line(real_backend, "page", colour, scene, tmp_path / "own.html", "--title", "Elbe <March>")
    assert (tmp_path / "p.html").read_bytes() == (tmp_path / "own.html").read_bytes()
    assert heard.percent[-1] == 100.0
    log = (tmp_path / "p.html.log").read_text()
    assert "--title 'Elbe <March>'" in log
    assert json.loads(log.splitlines()[-1].split(" ", 1)[1])["layers"] == ["Colour, composite", "Radar VV"]


def test_a_page_of_what_is_no_colour_picture_is_refused(real_backend: str, provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif")
    with pytest.raises(QgsProcessingException, match=r"must be a colour picture, got scene\.tif"):
        _run(provider, "page", {"COLOUR": str(scene), "OUTPUT": str(tmp_path / "p.html")})
    assert not (tmp_path / "p.html").exists()


def test_its_options_reach_the_command_line(fake_backend: Callable[..., Path], provider: Any, tmp_path: Path) -> None:
    program = fake_backend("print('{}')")
    choices.ask(find())
    scene = write_scene(tmp_path / "scene.tif")
    _run(provider, "page", {"COLOUR": str(scene), "SIZE": 1024, "OUTPUT": str(tmp_path / "p.html")})
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments == [
        "--stop-at-eof", "page", str(scene), str(tmp_path / "p.html"), "--overwrite", "--size-px", "1024",
        "--progress", "json", "--json",
    ]  # fmt: skip


def test_the_page_opens_in_the_desktop_unless_it_should_not(
    fake_backend: Callable[..., Path], provider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_backend("print('{}')")
    choices.ask(find())
    scene, opened = write_scene(tmp_path / "scene.tif"), []
    monkeypatch.setattr(page, "iface", object())
    monkeypatch.setattr(page.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    for name, is_opened in (("a.html", True), ("b.html", False)):
        _run(provider, "page", {"COLOUR": str(scene), "OUTPUT": str(tmp_path / name), "OPEN": is_opened})
    assert opened == [str(tmp_path / "a.html")]


def test_a_batch_makes_a_picture_of_each_row(real_backend: str, provider: Any, tmp_path: Path) -> None:
    """As the batch dialog does: one algorithm, a dictionary for each row, each run by Processing's executor."""
    algorithm = provider.algorithm("colorize")
    rows = []
    for seed, name in enumerate(("march", "may")):
        scene = write_scene(tmp_path / f"{name}.tif", seed=seed)
        rows.append({"INPUT": str(scene), "OUTPUT": str(tmp_path / f"{name}_c.tif"), "MODEL": "composite"})
    for row in rows:
        context, heard = QgsProcessingContext(), Heard()
        context.setProject(QgsProject.instance())
        assert algorithm.checkParameterValues(row, context) == (True, "")
        ok, results = execute(algorithm, row, context, heard)
        assert ok, heard.said
        assert results == {"OUTPUT": row["OUTPUT"]}
    for row in rows:
        command_line(
            real_backend, "colorize", row["INPUT"], tmp_path / "own.tif", "--model", "composite", "--overwrite"
        )
        assert same_picture(row["OUTPUT"], tmp_path / "own.tif")
    assert not same_picture(rows[0]["OUTPUT"], rows[1]["OUTPUT"])


@pytest.fixture
def product(backend_python: str, tmp_path: Path) -> Path:
    """A small Sentinel-1 product as a zip, made by the other tests' maker in the backend's Python."""
    code = "import sys; from pathlib import Path; from made_product import make_safe, make_zip\n"
    code += "print(make_zip(make_safe(Path(sys.argv[1]))))"
    (tmp_path / "product").mkdir()
    done = subprocess.run(
        [backend_python, "-c", code, str(tmp_path / "product")], cwd=ROOT / "tests", check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return Path(done.stdout.strip())


def test_the_model_turns_a_product_into_radar_picture_and_page(
    real_backend: str, provider: Any, product: Path, tmp_path: Path
) -> None:
    choices.ask(find())
    provider.refreshAlgorithms()
    made = {name: tmp_path / name for name in ("smooth.tif", "colour.tif", "page.html")}
    given = {
        "product": str(product), "despeckle:Radar without speckle": str(made["smooth.tif"]),
        "colorize:Colour picture": str(made["colour.tif"]), "page:Page": str(made["page.html"]),
    }  # fmt: skip
    _run(provider, "Product to page", given)
    command_line(real_backend, "despeckle", product, tmp_path / "s.tif", "--filter", "lee")
    command_line(real_backend, "colorize", tmp_path / "s.tif", tmp_path / "c.tif", "--filter", "none")
    assert same_picture(made["smooth.tif"], tmp_path / "s.tif")
    assert same_picture(made["colour.tif"], tmp_path / "c.tif")
    text = made["page.html"].read_text(encoding="utf-8")
    assert "Radar VV, 2021-01-19" in text
    assert gdal.Open(str(made["colour.tif"])).GetMetadataItem("SAR_COLORIZE_MODEL") == "by-place"
    assert (pixels(made["colour.tif"])[1] > 0).any()
