"""The algorithms with the installed backend: the same pixels as the command line, sentences passed on, cancel."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_here import Heard, command_line, pixels, same_picture, utm33, write_scene
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from sar_colorize_qgis import choices
from sar_colorize_qgis.backend import find
from sar_colorize_qgis.leftovers import remove_leftovers

# The corners of what write_scene makes: UTM 33, 10 m.
WEST, NORTH, PX = 500000.0, 5000000.0, 10.0


def _run(provider: Any, name: str, parameters: dict[str, Any], feedback: Heard | None = None) -> dict[str, Any]:
    """Runs an algorithm as QGIS does, its exceptions passed on."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = provider.algorithm(name).create()
    ok, reason = algorithm.checkParameterValues(parameters, context)
    assert ok, reason
    results, _ = algorithm.run(parameters, context, feedback or Heard(), catchExceptions=False)
    return results


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """96 x 128, VV and VH in dB, in a folder whose name is hard."""
    return write_scene(tmp_path / "Zoë Müller 東京" / "scene.tif")


def test_colorize_is_the_command_line_pixel_for_pixel(
    real_backend: str, provider: Any, scene: Path, tmp_path: Path
) -> None:
    output = scene.parent / "colour picture.tif"
    heard = Heard()
    given = {"INPUT": str(scene), "OUTPUT": str(output), "MODEL": "composite"}
    assert _run(provider, "colorize", given, heard) == {"OUTPUT": str(output)}
    command_line(real_backend, "colorize", scene, tmp_path / "expected.tif", "--model", "composite")
    assert same_picture(output, tmp_path / "expected.tif")
    values, mask = pixels(output)
    assert np.array_equal(mask > 0, np.isfinite(pixels(scene)[0][0]))
    assert np.ptp(values[:3, mask > 0].astype(int), axis=0).max() > 8
    assert heard.percent[-1] == 100.0
    assert sorted(heard.percent) == heard.percent
    assert heard.texts[-1] == "Writing the result"


def test_every_parameter_reaches_the_command_line(
    fake_backend: Callable[..., Path], provider: Any, scene: Path
) -> None:
    program = fake_backend("print('{}')")
    choices.ask(find())
    provider.refreshAlgorithms()
    palette = write_scene(scene.parent / "palette.tif", bands=3, names=())
    weights = scene.parent / "mine.safetensors"
    weights.write_bytes(b"")
    _run(
        provider,
        "colorize",
        {
            "INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif"), "MODEL": "second", "DESPECKLE": "frost",
            "POLARIZATION": "VH", "PALETTE": "none", "UNIT": "power", "TILE": 512, "OVERLAP": 64, "BLOCK": 2048,
            "DEVICE": "cpu", "PROFILE": "jpeg", "EXTRA": "--nodata 0 --co 'QUALITY=90'",
            "CONFIDENCE": str(scene.parent / "sure.tif"), "EXTENT": "500100,500500,4999500,4999900 [EPSG:32633]",
        },
    )  # fmt: skip
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments == [
        "--stop-at-eof", "colorize", str(scene), str(scene.parent / "c.tif"), "--model", "second", "--palette", "none",
        "--despeckle", "frost", "--polarization", "VH", "--unit", "power", "--bbox", "500100.0", "4999500.0",
        "500500.0", "4999900.0", "--bbox-crs", "EPSG:32633", "--tile-px", "512", "--overlap-px", "64",
        "--device", "cpu", "--confidence", str(scene.parent / "sure.tif"), "--profile", "jpeg", "--overwrite",
        "--block-px", "2048", "--nodata", "0", "--co", "QUALITY=90", "--progress", "json", "--json",
    ]  # fmt: skip
    more = {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")}
    _run(provider, "colorize", more | {"PALETTE_LAYER": str(palette), "PALETTE": "none", "WEIGHTS": str(weights)})
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[4:8] == ["--model", str(weights), "--palette", str(palette)]
    remembered = {
        "REFERENCE": str(palette), "REFERENCE_RADAR": str(scene), "REFERENCE_DATE": "2026-03", "STRUCTURE": "radar",
        "MEMORY": str(scene.parent / "share.tif"),
    }  # fmt: skip
    _run(provider, "colorize", more | remembered)
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[4:14] == [
        "--reference", str(palette), "--reference-radar", str(scene), "--reference-date", "2026-03", "--structure",
        "radar", "--memory", str(scene.parent / "share.tif"),
    ]  # fmt: skip
    _run(provider, "colorize", more)
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[4:] == ["--profile", "deflate", "--overwrite", "--progress", "json", "--json"]
    _run(provider, "despeckle", more | {"FILTER": "frost", "SIZE": 9, "LOOKS": 4.9})
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[1] == "despeckle"
    assert arguments[4:10] == ["--filter", "frost", "--size", "9", "--looks", "4.9"]


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({}, []),
        ({"REFERENCE_SOURCE": "auto"}, []),
        ({"REFERENCE_SOURCE": "none"}, ["--reference", "none"]),
        ({"REFERENCE_SOURCE": "worldcover"}, ["--reference", "worldcover"]),
        ({"REFERENCE": "mosaic-120:7"}, ["--reference", "mosaic-120:7"]),
        ({"REFERENCE": "sentinel-2:+-20"}, ["--reference", "sentinel-2:+-20"]),
        ({"REFERENCE": "stac:https://host/v1#sentinel-2-l2a"}, ["--reference", "stac:https://host/v1#sentinel-2-l2a"]),
        ({"REFERENCE": "worldcover:2020", "REFERENCE_DATE": "2020-07"},
         ["--reference", "worldcover:2020", "--reference-date", "2020-07"]),
    ],
)  # fmt: skip
def test_a_mosaic_is_passed_on_by_its_name(
    fake_backend: Any, provider: Any, scene: Path, given: dict[str, str], passed: list[str]
) -> None:
    program = fake_backend(
        "tell('message', message='what is missing')\nprint(json.dumps({'expected_error': 'off by 3'}))"
    )
    heard = Heard()
    _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")} | given, heard)
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[4 : arguments.index("--profile")] == passed
    assert heard.said.index("what is missing") < heard.said.index("off by 3")


def test_a_layer_and_a_mosaic_are_refused_together(fake_backend: Any, provider: Any, scene: Path) -> None:
    fake_backend("print('{}')")
    algorithm = provider.algorithm("colorize").create()
    context = QgsProcessingContext()
    given = {"INPUT": str(scene), "REFERENCE": str(scene), "REFERENCE_SOURCE": "worldcover", "OUTPUT": "x.tif"}
    ok, reason = algorithm.checkParameterValues(given, context)
    assert (ok, reason) == (
        False, "reference must be a layer or a picture from the internet, got both; choose auto for the latter",
    )  # fmt: skip


def test_a_reference_is_remembered_as_by_the_command_line(
    real_backend: str, provider: Any, scene: Path, tmp_path: Path
) -> None:
    reference, folder = scene.parent / "earlier.tif", scene.parent
    random = np.random.default_rng(0)
    dataset = gdal.GetDriverByName("GTiff").Create(str(reference), 90, 96, 3, gdal.GDT_Byte)
    dataset.SetGeoTransform((WEST, PX, 0.0, NORTH, 0.0, -PX))
    dataset.SetProjection(utm33())
    dataset.WriteArray(random.integers(60, 180, (3, 96, 90)).astype(np.uint8))
    del dataset
    heard = Heard()
    given = {
        "INPUT": str(scene), "REFERENCE": str(reference), "OUTPUT": str(folder / "c.tif"), "STRUCTURE": "radar",
        "MEMORY": str(folder / "share.tif"), "REFERENCE_DATE": "2026-03",
    }  # fmt: skip
    assert _run(provider, "colorize", given, heard) == {"OUTPUT": given["OUTPUT"], "MEMORY": given["MEMORY"]}
    command_line(
        real_backend, "colorize", scene, tmp_path / "expected.tif", "--reference", reference, "--structure", "radar",
        "--reference-date", "2026-03", "--memory", tmp_path / "share.tif",
    )  # fmt: skip
    assert same_picture(folder / "c.tif", tmp_path / "expected.tif")
    assert same_picture(folder / "share.tif", tmp_path / "share.tif")
    assert any("of the ground as in the picture of 2026-03, 0 % changed" in text for text in heard.said)


def test_an_extent_in_another_crs_is_that_part_of_the_picture(real_backend: str, provider: Any, scene: Path) -> None:
    whole, part = scene.parent / "whole.tif", scene.parent / "part.tif"
    _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(whole), "MODEL": "composite"})
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    box = QgsReferencedRectangle(QgsRectangle(15.003, 45.1480, 15.010, 45.1510), degrees)
    _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(part), "MODEL": "composite", "EXTENT": box})
    left, top = gdal.Open(str(part)).GetGeoTransform()[0::3]
    col, row = round((left - WEST) / PX), round((NORTH - top) / PX)
    values, mask = pixels(part)
    height, width = mask.shape
    assert (0 < col < 128, 0 < row < 96, 0 < width < 128, 0 < height < 96) == (True,) * 4
    expected, expected_mask = pixels(whole)
    assert np.array_equal(values, expected[:, row : row + height, col : col + width])
    assert np.array_equal(mask, expected_mask[row : row + height, col : col + width])


def _polygons() -> QgsVectorLayer:
    """A memory layer in geographic coordinates with two squares on the scene: 20 pixels wide at (30, 30), (60, 60)."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=id:integer", "areas", "memory")
    for index, at in enumerate((30, 60)):
        feature = QgsFeature(layer.fields())
        feature.setAttribute("id", index)
        x, y = WEST + at * PX, NORTH - at * PX
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y - 20 * PX, x + 20 * PX, y)))
        layer.dataProvider().addFeature(feature)
    return layer


def test_a_mask_layer_in_memory_makes_the_rest_transparent(real_backend: str, provider: Any, scene: Path) -> None:
    output = scene.parent / "masked.tif"
    areas = _polygons()
    QgsProject.instance().addMapLayer(areas)
    given = {"INPUT": str(scene), "OUTPUT": str(output), "MODEL": "composite"}
    _run(provider, "colorize", given | {"MASK": areas.id()})
    mask = pixels(output)[1] > 0
    expected = np.zeros((96, 128), bool)
    expected[30:50, 30:50] = expected[60:80, 60:80] = True
    assert np.array_equal(mask, expected)
    areas.selectByIds([2])
    _run(provider, "colorize", given | {"MASK": QgsProcessingFeatureSourceDefinition(areas.id(), True)})
    expected[30:50, 30:50] = False
    assert np.array_equal(pixels(output)[1] > 0, expected)


def test_a_mask_from_a_geopackage_is_the_layer_that_was_chosen(real_backend: str, provider: Any, scene: Path) -> None:
    """A path alone would be its first layer."""
    from qgis.core import QgsVectorFileWriter

    geopackage, areas = scene.parent / "areas.gpkg", _polygons()
    for name, index in (("first", 1), ("second", 2)):
        areas.selectByIds([index])
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.layerName, options.onlySelectedFeatures = name, True
        if geopackage.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        written = QgsVectorFileWriter.writeAsVectorFormatV3(
            areas, str(geopackage), QgsProject.instance().transformContext(), options
        )
        assert written[0] == QgsVectorFileWriter.WriterError.NoError
    output = scene.parent / "masked.tif"
    given = {"INPUT": str(scene), "OUTPUT": str(output), "MODEL": "composite"}
    _run(provider, "colorize", given | {"MASK": f"{geopackage}|layername=second"})
    mask = pixels(output)[1] > 0
    assert (mask.sum(), mask[60:80, 60:80].all()) == (400, True)


def test_a_log_lies_beside_the_output(real_backend: str, provider: Any, scene: Path) -> None:
    output = scene.parent / "c.tif"
    _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(output), "MODEL": "composite"})
    log = Path(f"{output}.log").read_text(encoding="utf-8")
    assert "SAR Colorize 0.1.0, QGIS 3." in log
    assert f"colorize '{scene}' '{output}' --model composite" in log
    result = json.loads(log.splitlines()[-1].split(" ", 1)[1])
    assert (result["model"], result["bands"], result["width"]) == ("composite", ["VV", "VH"], 128)


def test_a_refusal_of_the_backend_reaches_the_user_as_its_sentence(
    real_backend: str, provider: Any, scene: Path
) -> None:
    output = scene.parent / "c.tif"
    with pytest.raises(QgsProcessingException, match=r"^--overlap-px must be .*got 0.*; "):
        _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(output), "OVERLAP": 0})
    assert "--overlap-px must be" in Path(f"{output}.log").read_text()
    with pytest.raises(QgsProcessingException, match=r"^--bbox must share ground with the scene"):
        _run(
            provider, "colorize",
            {"INPUT": str(scene), "OUTPUT": str(output), "MODEL": "composite", "EXTENT": "0,1,0,1 [EPSG:4326]"},
        )  # fmt: skip
    assert not output.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise RuntimeError('the end')", r"got exit code 1: .*RuntimeError: the end"),
        ("os.kill(os.getpid(), 11)", r"got exit code -1: no message"),
        ("print('no json')", r"got exit code 0: no message"),
        (
            "tell('error', message='confidence must be left out, got x', hint='y')\nsys.exit(1)",
            "^confidence must .*; y$",
        ),
    ],
)
def test_a_backend_that_breaks_is_an_error_not_a_result(
    fake_backend: Callable[..., Path], provider: Any, scene: Path, body: str, sentence: str
) -> None:
    fake_backend(body)
    with pytest.raises(QgsProcessingException, match=sentence):
        _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")})


def test_a_wrong_version_and_a_missing_backend_are_refused_at_the_run(
    fake_backend: Callable[..., Path], provider: Any, scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")}
    fake_backend(version="7.0.0")
    with pytest.raises(QgsProcessingException, match=r"must be version 0\.1\.\* .* got 7\.0\.0"):
        _run(provider, "colorize", given)
    assert "got 7.0.0" in provider.warningMessage()
    monkeypatch.delenv("SAR_COLORIZE_PYTHON")
    with pytest.raises(QgsProcessingException, match="sar-colorize must be installed beside QGIS"):
        _run(provider, "despeckle", given)


@pytest.mark.parametrize("after", [0, 40])
def test_cancel_is_soon_done_and_leaves_nothing(real_backend: str, provider: Any, tmp_path: Path, after: int) -> None:
    scene = write_scene(tmp_path / "scene.tif", 1536, 1536)
    folder = tmp_path / "out"
    folder.mkdir()
    heard, asked = Heard(), []

    def cancel(percent: float) -> None:
        if percent >= after and not asked:
            asked.append(time.monotonic())
            heard.cancel()

    heard.progressChanged.connect(cancel)
    given = {"INPUT": str(scene), "OUTPUT": str(folder / "c.tif"), "MODEL": "composite", "BLOCK": 64}
    results = _run(provider, "colorize", given, heard)
    assert time.monotonic() - asked[0] < 10.0
    assert results == {}
    assert list(folder.iterdir()) == []


def test_cancel_of_a_network_at_work_is_soon_done(real_backend: str, provider: Any, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif", 1024, 1024)
    folder = tmp_path / "out"
    folder.mkdir()
    asked: list[float] = []

    class Late(Heard):
        """Cancelled 0.3 s after the first block was painted."""

        def isCanceled(self) -> bool:
            if self.percent and not asked:
                asked.append(time.monotonic() + 0.3)
            return bool(asked) and time.monotonic() > asked[0]

    given = {"INPUT": str(scene), "OUTPUT": str(folder / "c.tif"), "BLOCK": 256}
    results = _run(provider, "colorize", given, Late())
    assert time.monotonic() - asked[0] < 10.0
    assert results == {}
    assert list(folder.iterdir()) == []


def test_a_cancelled_backend_is_given_the_time_to_undo_its_work(
    fake_backend: Callable[..., Path], provider: Any, scene: Path
) -> None:
    program = fake_backend(
        """
tell("progress", done=1, total=9, unit="blocks")
sys.stdin.read()
(here / "undone").touch()
sys.exit(130)
"""
    )
    heard = Heard()
    heard.progressChanged.connect(lambda percent: heard.cancel())
    assert _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")}, heard) == {}
    assert (program.parent / "undone").exists()


def test_a_backend_that_does_not_listen_is_killed_and_its_leftovers_go(
    fake_backend: Callable[..., Path], provider: Any, scene: Path
) -> None:
    fake_backend(
        """
import fcntl, hashlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
work = pathlib.Path(output).parent / ("." + pathlib.Path(output).name + ".sar-colorize-abc")
work.mkdir()
lock = open(work / "lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
note = {"program": "sar-colorize", "output": pathlib.Path(output).name, "parts": ["blocks.tif*"]}
note["digest"] = hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()
(work / "note.json").write_text(json.dumps(note))
(work / "blocks.tif").write_bytes(b"x" * 1000)
tell("progress", done=1, total=9, unit="blocks")
time.sleep(60)
"""
    )
    folder = scene.parent / "out [1]"
    folder.mkdir()
    heard = Heard()
    heard.progressChanged.connect(lambda percent: heard.cancel())
    begun = time.monotonic()
    assert _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(folder / "c*.tif")}, heard) == {}
    assert time.monotonic() - begun < 30.0
    assert list(folder.iterdir()) == []


def test_what_a_killed_backend_leaves_is_known_by_its_name(backend_python: str, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif", 1024, 1024)
    folder = tmp_path / "out"
    folder.mkdir()
    arguments = ["colorize", scene, folder / "c.tif", "--model", "composite", "--block-px", "64"]
    with subprocess.Popen([backend_python, "-m", "sar_colorize_cli.main", *arguments]) as process:
        while not any(folder.iterdir()):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert len(list(folder.iterdir())) == 1
    remove_leftovers(str(folder / "other.tif"))
    assert len(list(folder.iterdir())) == 1
    remove_leftovers(str(folder / "c.tif"))
    assert list(folder.iterdir()) == []


def test_what_is_left_is_said_while_it_runs(fake_backend: Callable[..., Path], provider: Any, scene: Path) -> None:
    fake_backend(
        """
for done in range(5):
    tell("progress", done=done, total=40, unit="blocks")
    time.sleep(0.2)
tell("message", message="the unit was found to be dB")
print('{}')
"""
    )
    heard = Heard()
    _run(provider, "colorize", {"INPUT": str(scene), "OUTPUT": str(scene.parent / "c.tif")}, heard)
    assert heard.texts[0].startswith("1 of 40 blocks, about ")
    seconds = float(heard.texts[0].split("about ")[1].split(" s")[0])
    assert 39 * 0.2 - 1 <= seconds < 39 * 0.6
    assert "the unit was found to be dB" in heard.said


def test_despeckle_is_the_command_line_pixel_for_pixel(real_backend: str, provider: Any, scene: Path) -> None:
    output, expected = scene.parent / "smooth.tif", scene.parent / "expected.tif"
    _run(provider, "despeckle", {"INPUT": str(scene), "OUTPUT": str(output), "FILTER": "lee", "SIZE": 5})
    command_line(real_backend, "despeckle", scene, expected, "--filter", "lee", "--size", 5)
    assert same_picture(output, expected)
    before, after = pixels(scene)[0][0], pixels(output)[0][0]
    valid = np.isfinite(before)
    assert np.array_equal(valid, np.isfinite(after))
    assert after[valid].std() < 0.9 * before[valid].std()


def test_check_environment_shows_a_table_and_refreshes_the_menus(
    real_backend: str, provider: Any, tmp_path: Path
) -> None:
    heard, page = Heard(), tmp_path / "table.html"
    results = _run(provider, "checkenvironment", {"OUTPUT_HTML": str(page)}, heard)
    assert results["OK"] is True
    table = "\n".join(heard.said)
    for name in ("QGIS", "backend", "found by", "torch", "gdal", "cpu", "model by-place"):
        assert f"ok       {name}" in table or f"absent   {name}" in table, name
    html = page.read_text(encoding="utf-8")
    assert html.count("<tr>") == len([line for line in heard.said if line.startswith(("ok", "absent", "MISSING"))]) + 1
    assert "sar-colorize" in html


def test_check_environment_says_what_is_missing(provider: Any, tmp_path: Path) -> None:
    heard, page = Heard(), tmp_path / "table.html"
    assert _run(provider, "checkenvironment", {"OUTPUT_HTML": str(page)}, heard)["OK"] is False
    assert any(line.startswith("MISSING  backend") and "pip install FOLDER-OF" in line for line in heard.said)
    assert "MISSING" in page.read_text(encoding="utf-8")


def test_check_environment_fails_where_the_doctor_finds_something_missing(
    fake_backend: Callable[..., Path], provider: Any
) -> None:
    fake_backend(
        """
checks = [dict(name="torch", ok=False, detail="not there", needed=True, mend="pip install torch"),
          dict(name="cuda", ok=False, detail="no GPU", needed=False, mend="")]
print(json.dumps(dict(ok=False, checks=checks)))
sys.exit(1)
"""
    )
    heard = Heard()
    assert _run(provider, "checkenvironment", {}, heard)["OK"] is False
    assert any("MISSING" in line and "torch" in line for line in heard.said)
    assert any("to fix it: pip install torch" in line for line in heard.said)
    assert any(line.startswith("absent   cuda") for line in heard.said)


def test_the_algorithms_work_in_the_modeler(real_backend: str, provider: Any, scene: Path) -> None:
    """Despeckle, then Colorize of its result."""
    model = QgsProcessingModelAlgorithm("both", "both")
    model.addModelParameter(QgsProcessingParameterRasterLayer("scene"), QgsProcessingModelParameter("scene"))
    first = QgsProcessingModelChildAlgorithm("sar_colorize:despeckle")
    first.setChildId("despeckle")
    source = QgsProcessingModelChildParameterSource
    first.addParameterSources("INPUT", [source.fromModelParameter("scene")])
    first.addParameterSources("FILTER", [source.fromStaticValue("boxcar")])
    model.addChildAlgorithm(first)
    second = QgsProcessingModelChildAlgorithm("sar_colorize:colorize")
    second.setChildId("colorize")
    second.addParameterSources("INPUT", [source.fromChildOutput("despeckle", "OUTPUT")])
    second.addParameterSources("MODEL", [source.fromStaticValue("composite")])
    second.addParameterSources("DESPECKLE", [source.fromStaticValue("none")])
    output = QgsProcessingModelOutput("picture")
    output.setChildId("colorize")
    output.setChildOutputName("OUTPUT")
    second.setModelOutputs({"picture": output})
    model.addChildAlgorithm(second)
    made = scene.parent / "model.tif"
    _, ok = model.run(
        {"scene": QgsRasterLayer(str(scene), "scene"), "colorize:picture": str(made)}, QgsProcessingContext(), Heard()
    )
    assert ok
    smooth, expected = scene.parent / "smooth.tif", scene.parent / "expected.tif"
    command_line(real_backend, "despeckle", scene, smooth, "--filter", "boxcar")
    command_line(real_backend, "colorize", smooth, expected, "--model", "composite", "--despeckle", "none")
    assert same_picture(made, expected)
