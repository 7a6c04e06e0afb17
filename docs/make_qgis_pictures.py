"""Makes the pictures of docs/qgis.md in a real QGIS that nobody sees: run it after the plugin has changed.

    python docs/make_qgis_pictures.py [--scene SCENE.tif] [--model NAME] [--out DIR] [--state FILE]

Needs QGIS (its qgis.bin), xvfb-run, and this Python's sar-colorize. Without --scene it takes that of `sar-colorize
demo`. FILE takes what QGIS saw of itself, for tests. Paths of the machine that runs it are not shown. QGIS runs this
same file (`--code`) as the desktop's own script.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (1060, 640)
PICTURES = ("qgis_toolbox.png", "qgis_dialog.png", "qgis_running.png", "qgis_result.png")
_JOB = "SAR_COLORIZE_PICTURES"
_LIMIT_S = 500
_MOST_BYTES = 190_000


def main(arguments: list[str]) -> None:
    """Prepares a profile with the plugin in it, starts QGIS on a screen in memory, shrinks its pictures."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    here = Path(__file__).resolve().parent
    out = Path(options.get("--out", here / "img")).resolve()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        scene = options.get("--scene") or _demo_scene(home)
        profile = home / "profiles" / "default"
        shutil.copytree(
            here.parent / "qgis_plugin",
            profile / "python" / "plugins" / "sar_colorize_qgis",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (profile / "QGIS").mkdir()
        (profile / "QGIS" / "QGIS3.ini").write_text(
            "[PythonPlugins]\nprocessing=true\nsar_colorize_qgis=true\n[qgis]\ncheckVersion=false\nshowTips=false\n"
        )
        out.mkdir(parents=True, exist_ok=True)
        for name in PICTURES:
            (out / name).unlink(missing_ok=True)
        shutil.copy(scene, home / Path(scene).name)
        state = Path(options.get("--state", home / "state.json")).resolve()
        job = {
            "scene": str(home / Path(scene).name), "model": options.get("--model", "auto"), "out": str(out),
            "state": str(state), "hidden": {str(home): "/home/you", sys.prefix: "/home/you/sar-colorize"},
        }  # fmt: skip
        environment = os.environ | {
            _JOB: json.dumps(job), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_RUNTIME_DIR": str(home),
            "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8", "SAR_COLORIZE_PYTHON": sys.executable,
            "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        _run(
            ["xvfb-run", "-a", "-s", f"-screen 0 {SIZE[0] + 20}x{SIZE[1] + 20}x24", "qgis.bin", "--noversioncheck",
             "--nologo", "--profiles-path", str(home), "--code", __file__],
            environment | {"TMPDIR": str(home)},
        )  # fmt: skip
    for name in PICTURES:
        _shrink(out / name)
        print(out / name)  # noqa: T201


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Runs QGIS to its end; past the limit it is ended with all that it started."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        process.wait(_LIMIT_S)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    if process.returncode != 0:
        raise SystemExit(f"QGIS failed with exit code {process.returncode}; its last words stand above")


def _demo_scene(folder: Path) -> str:
    """The simulated scene that the package makes for itself."""
    done = subprocess.run(
        [sys.executable, "-m", "sar_colorize_cli.main", "demo", str(folder / "demo"), "--model", "composite", "--json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return str(json.loads(done.stdout)["scene"])


def _shrink(path: Path) -> None:
    """A PNG of as many colours as fit into the size that a repository can bear."""
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    colours = 256
    while True:
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < _MOST_BYTES or colours <= 32:
            return
        colours //= 2


def desktop() -> None:
    """Inside QGIS: toolbox, dialog, run, result; then the end."""
    import processing
    from qgis.core import (
        QgsApplication,
        QgsContrastEnhancement,
        QgsProject,
        QgsRasterLayer,
        QgsRasterMinMaxOrigin,
        QgsSingleBandGrayRenderer,
    )
    from qgis.PyQt.QtCore import QTimer
    from qgis.PyQt.QtWidgets import QDockWidget, QLineEdit, QProgressBar, QTextEdit
    from qgis.utils import iface

    job = json.loads(os.environ[_JOB])
    out, window = Path(job["out"]), iface.mainWindow()
    scene = QgsRasterLayer(job["scene"], Path(job["scene"]).stem)
    scene.setRenderer(QgsSingleBandGrayRenderer(scene.dataProvider(), 1))
    scene.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    state: dict[str, Any] = {"progress": []}
    dialogs: list[Any] = []
    deadline = time.monotonic() + _LIMIT_S - 60

    def later(milliseconds: int, then: Callable[[], None]) -> None:
        QTimer.singleShot(milliseconds, lambda: _guarded(then))

    def _guarded(then: Callable[[], None]) -> None:
        try:
            then()
        except BaseException as error:  # a script that fails must not leave QGIS waiting for a user
            state["error"] = repr(error)
            finish()
            raise

    def finish() -> None:
        Path(job["state"]).write_text(json.dumps(state))
        QgsProject.instance().setDirty(False)
        os._exit(1 if "error" in state else 0)

    def toolbox() -> None:
        window.resize(*SIZE)
        window.move(0, 0)
        for dock in window.findChildren(QDockWidget):
            dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
            if dock.objectName() == "ProcessingToolbox":
                dock.findChild(QLineEdit).setText("SAR")
            dock.setFixedWidth(240)
        QgsProject.instance().addMapLayer(scene)
        later(1500, zoom)

    def zoom() -> None:
        iface.mapCanvas().setExtent(scene.extent())
        iface.mapCanvas().refresh()
        later(4000, shoot_toolbox)

    def shoot_toolbox() -> None:
        provider = QgsApplication.processingRegistry().providerById("sar_colorize")
        state["warning"] = provider.warningMessage()
        state["models"] = provider.algorithm("colorize").parameterDefinition("MODEL").options()
        window.grab().save(str(out / "qgis_toolbox.png"))
        box = scene.extent()
        half = f"{box.xMinimum()},{box.center().x()},{box.yMinimum()},{box.yMaximum()} [{scene.crs().authid()}]"
        parameters = {
            "INPUT": scene.id(), "MODEL": job["model"], "EXTENT": half, "BLOCK": 256, "OUTPUT": "TEMPORARY_OUTPUT"
        }  # fmt: skip
        dialog = processing.createAlgorithmDialog("sar_colorize:colorize", parameters)
        dialogs.append(dialog)
        dialog.resize(1000, 780)
        dialog.show()
        later(2500, shoot_dialog)

    def shoot_dialog() -> None:
        dialogs[0].grab().save(str(out / "qgis_dialog.png"))
        dialogs[0].findChild(QProgressBar).valueChanged.connect(moved)
        dialogs[0].runAlgorithm()
        later(100, watch)

    def moved(value: int) -> None:
        state["progress"].append(value)
        if 30 <= value < 100 and not (out / "qgis_running.png").exists():
            log = dialogs[0].findChild(QTextEdit, "txtLog")
            for shown, instead in job["hidden"].items():
                breakable = "\u200b?".join(map(re.escape, shown))  # QGIS lets lines break inside paths
                log.setHtml(re.sub(breakable, instead, log.toHtml()))
            dialogs[0].grab().save(str(out / "qgis_running.png"))

    def watch() -> None:
        if len(QgsProject.instance().mapLayers()) > 1:
            dialogs[0].hide()
            later(4000, shoot_result)
        elif time.monotonic() > deadline:
            raise TimeoutError("no result")
        else:
            later(100, watch)

    def shoot_result() -> None:
        window.grab().save(str(out / "qgis_result.png"))
        layers = QgsProject.instance().mapLayers().values()
        state["layers"] = [layer.name() for layer in layers]
        state["renderers"] = [type(layer.renderer()).__name__ for layer in layers]
        finish()

    later(4000, toolbox)


if _JOB in os.environ:
    desktop()
elif __name__ == "__main__":
    main(sys.argv[1:])
