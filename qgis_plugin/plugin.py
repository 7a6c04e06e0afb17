"""The plugin: the provider, in the desktop and without it."""

from __future__ import annotations

import contextlib

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QProcess

from . import choices
from .backend import BackendError, find
from .provider import Provider


class Plugin:
    """What QGIS loads."""

    def __init__(self, iface: object) -> None:
        self.iface = iface
        self.provider: Provider | None = None
        self.asking: QProcess | None = None

    def initProcessing(self) -> None:
        """Without a desktop (qgis_process): the menus are asked for first, for there is no later."""
        with contextlib.suppress(BackendError):
            if not choices.remembered().version:
                choices.ask(find())
        self._add()

    def initGui(self) -> None:
        """In the desktop: nothing is waited for; new menus come when the backend has answered."""
        self._add()
        self.asking = choices.ask_later(self._refresh)

    def unload(self) -> None:
        """Takes the provider out of the toolbox."""
        if self.asking is not None and self.asking.state() != QProcess.ProcessState.NotRunning:
            self.asking.kill()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None

    def _add(self) -> None:
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.refreshAlgorithms()  # models find their parts once these are registered

    def _refresh(self) -> None:
        if self.provider is not None:
            self.provider.refreshAlgorithms()
