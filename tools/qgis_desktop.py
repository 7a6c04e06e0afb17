"""What QGIS does on its virtual screen: toolbox, dialog, run, result. make_qgis_pictures.py starts QGIS with this file.

Every step waits until QGIS shows what the step needs, however slow the machine; LIMIT_S only ends a QGIS that hangs.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (1060, 640)
PICTURES = ("qgis_toolbox.png", "qgis_dialog.png", "qgis_running.png", "qgis_result.png")
MEMORY_PICTURE = "qgis_memory.png"
"""One more where a reference is given: the layer of memory in its style."""
JOB = "SAR_COLORIZE_PICTURES"
LIMIT_S = 3600
_POLL_MS = 100
_STILL_POLLS = 15


class Desktop:
    """The steps, in the order of the methods; each names the next one and what it waits for."""

    def __init__(self, job: dict[str, Any]) -> None:
        """`job`: what make_qgis_pictures.py asks for."""
        from qgis.utils import iface

        self.job, self.out = job, Path(job["out"])
        self.window, self.canvas = iface.mainWindow(), iface.mapCanvas()
        self.state: dict[str, Any] = {"progress": []}
        self.deadline = time.monotonic() + LIMIT_S
        self.scene: Any = None
        self.reference: Any = None
        self.dialog: Any = None
        self.finished: bool | None = None

    def start(self) -> None:
        """Waits for the window, and for the plugin's menus, which come when sar-colorize has answered."""
        self.when(lambda: self.window.isVisible() and self.menus(), self.open_toolbox, "the plugin's menus")

    def menus(self) -> list[str]:
        """The models in the menu, or the plugin's warning; empty while it waits for an answer."""
        from qgis.core import QgsApplication

        provider = QgsApplication.processingRegistry().providerById("sar_colorize")
        if provider is None:
            return []
        self.state["warning"] = provider.warningMessage()
        self.state["models"] = provider.algorithm("colorize").parameterDefinition("MODEL").options()
        return [self.state["warning"]] if self.state["warning"] else self.state["models"][1:]

    def open_toolbox(self) -> None:
        """Arranges the window and adds the radar layer."""
        from qgis.core import QgsContrastEnhancement, QgsProject, QgsRasterLayer, QgsRasterMinMaxOrigin
        from qgis.core import QgsSingleBandGrayRenderer as Grey
        from qgis.PyQt.QtWidgets import QDockWidget, QLineEdit

        self.window.resize(*SIZE)
        self.window.move(0, 0)
        for dock in self.window.findChildren(QDockWidget):
            dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
            if dock.objectName() == "ProcessingToolbox":
                dock.findChild(QLineEdit).setText("SAR")
            dock.setFixedWidth(240)
        self.scene = QgsRasterLayer(self.job["scene"], Path(self.job["scene"]).stem)
        self.scene.setRenderer(Grey(self.scene.dataProvider(), 1))
        self.scene.setContrastEnhancement(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
            QgsRasterMinMaxOrigin.Limits.CumulativeCut,
        )
        if self.job["reference"]:
            self.reference = QgsRasterLayer(self.job["reference"], Path(self.job["reference"]).stem)
            QgsProject.instance().addMapLayer(self.reference)
        QgsProject.instance().addMapLayer(self.scene)
        self.when_drawn(self.zoom)

    def zoom(self) -> None:
        """Shows the whole scene."""
        self.canvas.setExtent(self.scene.extent())
        self.when_drawn(self.shoot_toolbox)

    def shoot_toolbox(self) -> None:
        """First picture; then the dialog of Colorize."""
        import processing

        self.window.grab().save(str(self.out / "qgis_toolbox.png"))
        box = self.scene.extent()
        half = f"{box.xMinimum()},{box.center().x()},{box.yMinimum()},{box.yMaximum()} [{self.scene.crs().authid()}]"
        parameters = {
            "INPUT": self.scene.id(), "MODEL": self.job["model"], "BLOCK": 256, "OUTPUT": "TEMPORARY_OUTPUT",
        }  # fmt: skip
        if self.reference is None:
            parameters["EXTENT"] = half
        else:
            parameters |= {"REFERENCE": self.reference.id(), "MEMORY": "TEMPORARY_OUTPUT"}
        self.dialog = processing.createAlgorithmDialog("sar_colorize:colorize", parameters)
        self.dialog.resize(1000, 780)
        self.dialog.show()
        self.when(lambda: self.dialog.windowHandle().isExposed(), self.shoot_dialog, "the dialog")

    def shoot_dialog(self) -> None:
        """Second picture; then the run."""
        from qgis.PyQt.QtWidgets import QProgressBar

        self.dialog.grab().save(str(self.out / "qgis_dialog.png"))
        self.dialog.findChild(QProgressBar).valueChanged.connect(self.progress)
        self.dialog.algorithmFinished.connect(self.ended)
        self.dialog.runAlgorithm()
        self.when(self.result_is_there, self.show_result, "the result")

    def progress(self, value: int) -> None:
        """Notes every move of the progress bar; third picture at the first third."""
        self.state["progress"].append(value)
        if 30 <= value < 100 and not (self.out / "qgis_running.png").exists():
            log = self.log()
            for shown, instead in self.job["hidden"].items():
                breakable = "\u200b?".join(map(re.escape, shown))  # QGIS lets lines break inside paths
                log.setHtml(re.sub(breakable, instead, log.toHtml()))
            self.dialog.grab().save(str(self.out / "qgis_running.png"))

    def log(self) -> Any:
        """The text field of the dialog that holds the log."""
        from qgis.PyQt.QtWidgets import QTextEdit

        return self.dialog.findChild(QTextEdit, "txtLog")

    def ended(self, successful: bool, _results: object) -> None:
        """The algorithm has ended, well or not."""
        self.finished = successful

    def result_is_there(self) -> bool:
        """Whether the result is a layer; raises if the run has failed."""
        from qgis.core import QgsProject

        has_failed = "Execution failed" in self.log().toPlainText()  # of which newer releases send no signal
        if self.finished is False or has_failed:
            raise RuntimeError(f"Colorize must end well, got: {self.log().toPlainText()}")
        return len(QgsProject.instance().mapLayers()) > (3 if self.reference else 1)

    def show_result(self) -> None:
        """Leaves the result in the map."""
        self.dialog.hide()
        self.show_memory(False)
        self.when_drawn(self.shoot_result)

    def show_memory(self, shown: bool) -> None:
        """Shows the layer of memory in place of the picture, or the picture."""
        from qgis.core import QgsProject

        for node in QgsProject.instance().layerTreeRoot().findLayers():
            if node.name().endswith("(memory)"):
                node.setItemVisibilityChecked(shown)
            elif node.name().endswith("(colour)"):
                node.setItemVisibilityChecked(not shown)

    def shoot_result(self) -> None:
        """Fourth picture; then memory, or the end."""
        from qgis.core import QgsProject

        self.window.grab().save(str(self.out / "qgis_result.png"))
        layers = QgsProject.instance().mapLayers().values()
        self.state["layers"] = [layer.name() for layer in layers]
        self.state["renderers"] = [type(layer.renderer()).__name__ for layer in layers]
        if self.reference is None:
            self.finish(0)
        self.show_memory(True)
        self.when_drawn(self.shoot_memory)

    def shoot_memory(self) -> None:
        """Fifth picture, and the end."""
        self.window.grab().save(str(self.out / MEMORY_PICTURE))
        self.finish(0)

    def finish(self, code: int) -> None:
        """Writes the report and ends QGIS at once, with no question to save the project."""
        Path(self.job["state"]).write_text(json.dumps(self.state))
        sys.stderr.flush()
        os._exit(code)

    def when(self, condition: Callable[[], Any], then: Callable[[], None], what: str) -> None:
        """Calls `then` once `condition` holds. An error ends QGIS: nobody is there to read a message box."""
        from qgis.PyQt.QtCore import QTimer

        def poll() -> None:
            try:
                if condition():
                    then()
                elif time.monotonic() > self.deadline:
                    raise TimeoutError(f"QGIS must show {what} within {LIMIT_S} s; the state is {self.state}")
                else:
                    QTimer.singleShot(_POLL_MS, poll)
            except BaseException:  # noqa: BLE001 - an error inside QGIS must end it, whatever it is
                traceback.print_exc()
                self.finish(1)

        QTimer.singleShot(_POLL_MS, poll)

    def when_drawn(self, then: Callable[[], None]) -> None:
        """Calls `then` once the map has been drawn and has stayed still for some polls: docks still move it."""
        drawn, still = [], [0]
        self.canvas.mapCanvasRefreshed.connect(lambda: drawn.append(True))
        self.canvas.refresh()

        def settled() -> bool:
            still[0] = 0 if self.canvas.isDrawing() or not drawn else still[0] + 1
            return still[0] >= _STILL_POLLS

        self.when(settled, then, "the map")


if JOB in os.environ:
    Desktop(json.loads(os.environ[JOB])).start()
