"""Evaluate colours: the report, and that the browser is asked to open it in the desktop only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_here import Heard
from qgis.core import QgsProcessingContext
from qgis.PyQt.QtGui import QImage
from sar_colorize_qgis import choices
from sar_colorize_qgis.algorithms import evaluate
from sar_colorize_qgis.backend import find


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Three splits of one site each, two pairs a site, 64 x 64: grey radar under a tinted picture."""
    folder = tmp_path / "my pairs"
    rng = np.random.default_rng(0)
    for split, site in (("train", "a"), ("val", "b"), ("test", "c")):
        for key in range(2):
            grey = rng.integers(40, 200, (64, 64)).astype(np.uint8)
            colour = np.stack([grey, np.minimum(grey + 30, 255), grey // 2], axis=2).astype(np.uint8)
            for kind, values, form in (
                ("s1", grey, QImage.Format.Format_Grayscale8), ("s2", colour, QImage.Format.Format_RGB888)
            ):  # fmt: skip
                place = folder / split / site / kind
                place.mkdir(parents=True, exist_ok=True)
                data = values.tobytes()
                image = QImage(data, 64, 64, values.strides[0], form)
                assert image.save(str(place / f"{site}_{kind}_{key}.png"))
    return folder


def _ask(provider: Any) -> None:
    """The menus of a backend that was made after the provider."""
    choices.ask(find())
    provider.refreshAlgorithms()


def _run(provider: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    context = QgsProcessingContext()
    algorithm = provider.algorithm("evaluate").create()
    ok, reason = algorithm.checkParameterValues(parameters, context)
    assert ok, reason
    return algorithm.run(parameters, context, Heard(), catchExceptions=False)[0]


def test_a_report_is_made(real_backend: str, provider: Any, pairs: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    results = _run(provider, {"MODELS": ["colorsar-sar"], "DATA": str(pairs), "REPORT": str(report), "LIMIT": 2})
    assert results == {"REPORT": str(report), "HTML": str(report / "index.html")}
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "colorsar-sar" in page
    assert len(list(report.glob("*.json"))) == 1
    assert Path(f"{report}.log").exists()


def test_every_parameter_reaches_the_command_line(
    fake_backend: Callable[..., Path], provider: Any, pairs: Path, tmp_path: Path
) -> None:
    program = fake_backend("print('{}')")
    _ask(provider)
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(b"")
    given = {"DATA": str(pairs), "REPORT": str(tmp_path / "r")}
    more = {"MODELS": ["first", "second"], "WEIGHTS": str(weights), "SPLIT": "val", "TRAIN": str(pairs)}
    _run(provider, given | more | {"DESPECKLE": "none", "LIMIT": 3, "DEVICE": "cpu"})
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments[1:-3] == [
        "evaluate", "--data", str(pairs), "--report", str(tmp_path / "r"), "--model", "first", "--model", "second",
        "--model", str(weights), "--split", "val", "--overwrite", "--train", str(pairs),
        "--despeckle", "none", "--limit", "3", "--device", "cpu",
    ]  # fmt: skip


def test_without_a_model_it_is_refused(real_backend: str, provider: Any, pairs: Path, tmp_path: Path) -> None:
    algorithm = provider.algorithm("evaluate").create()
    given = {"MODELS": [], "DATA": str(pairs), "REPORT": str(tmp_path / "r")}
    assert algorithm.checkParameterValues(given, QgsProcessingContext())[0] is False


@pytest.mark.parametrize(("desktop", "wanted", "opened"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_the_browser_opens_in_the_desktop_when_wanted(
    fake_backend: Callable[..., Path], provider: Any, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    desktop: bool, wanted: bool, opened: int,
) -> None:  # fmt: skip
    fake_backend("print('{}')")
    _ask(provider)
    urls: list[str] = []

    class Browser:
        """Stands for QDesktopServices."""

        @staticmethod
        def openUrl(url: Any) -> None:
            urls.append(url.toLocalFile())

    monkeypatch.setattr(evaluate, "QDesktopServices", Browser)
    monkeypatch.setattr(evaluate, "iface", object() if desktop else None)
    _run(provider, {"MODELS": ["first"], "DATA": str(pairs), "REPORT": str(tmp_path / "r"), "OPEN": wanted})
    assert urls == [str(tmp_path / "r" / "index.html")] * opened
