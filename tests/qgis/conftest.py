"""Fixtures: the provider in a QGIS of its own (home.py), the installed backend, and fake ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from home import ROOT
from made_here import write_fake
from qgis.core import QgsApplication, QgsProject, QgsSettings
from sar_colorize_qgis import choices
from sar_colorize_qgis.plugin import Plugin


@pytest.fixture(scope="session")
def backend_python() -> str:
    """The Python that has sar-colorize: of the environment that SAR_COLORIZE_TEST_PYTHON names, or that make made."""
    path = Path(os.environ.get("SAR_COLORIZE_TEST_PYTHON", ROOT / ".venv" / "bin" / "python"))
    assert path.exists(), f"no backend at {path}; call make test-qgis, or set SAR_COLORIZE_TEST_PYTHON"
    return str(path)


@pytest.fixture(autouse=True)
def _no_backend(monkeypatch: pytest.MonkeyPatch, qgis_app: Any) -> Iterator[None]:
    """Nothing is installed, set, known or asked before a test says so."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("SAR_COLORIZE_PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    QgsSettings().remove("Processing/Configuration/SAR_COLORIZE_BACKEND")
    QgsSettings().remove("sar_colorize")
    choices._problems.clear()
    yield
    QgsProject.instance().clear()


@pytest.fixture
def real_backend(monkeypatch: pytest.MonkeyPatch, backend_python: str) -> str:
    """The installed sar-colorize, found by the environment variable."""
    monkeypatch.setenv("SAR_COLORIZE_PYTHON", backend_python)
    return backend_python


@pytest.fixture
def provider(qgis_processing: Any) -> Iterator[Any]:
    """The provider in QGIS's registry."""
    plugin = Plugin(None)
    plugin.initProcessing()
    yield QgsApplication.processingRegistry().providerById("sar_colorize")
    plugin.unload()


@pytest.fixture
def fake_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a program that answers the handshake and then does `body`, and has it found.

    It is Python with `arguments`, `output` (the second argument of a command), `tell(event, **more)` and `here` (its
    folder) at hand; `here / "arguments.json"` holds what it was called with.
    """

    def make(body: str = "", **changes: Any) -> Path:
        program = write_fake(tmp_path / "fake" / "sar-colorize", body, **changes)
        monkeypatch.setenv("SAR_COLORIZE_PYTHON", str(program))
        return program

    return make
