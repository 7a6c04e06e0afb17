"""The provider: always there, says what is missing, offers what the backend offers."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from home import PLUGINS, ROOT
from made_here import CHOICES, VERSION
from processing.core.ProcessingConfig import ProcessingConfig
from qgis.core import QgsApplication, QgsProcessingParameterDefinition, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis.PyQt.QtSvg import QSvgRenderer
from qgis.PyQt.QtTest import QTest
from sar_colorize_qgis import choices
from sar_colorize_qgis.backend import find
from sar_colorize_qgis.plugin import Plugin

ADVANCED = QgsProcessingParameterDefinition.Flag.FlagAdvanced
WORK = ("colorize", "despeckle", "evaluate", "page")
INSTALL = ("checkenvironment", "makeenvironment")


def _options(provider: Any, algorithm: str, parameter: str) -> list[str]:
    return provider.algorithm(algorithm).parameterDefinition(parameter).options()


def test_it_loads_without_a_backend_and_says_the_line_to_copy(provider: Any) -> None:
    names = {algorithm.name(): algorithm.displayName() for algorithm in provider.algorithms()}
    assert names == {
        "checkenvironment": "Check environment",
        "colorize": "Colorize SAR",
        "despeckle": "Despeckle SAR",
        "evaluate": "Evaluate colours",
        "makeenvironment": "Make an environment",
        "page": "Page to send",
        "Product to page": "Product to page",
    }
    line = "python3 -m venv ~/sar-colorize && ~/sar-colorize/bin/pip install FOLDER-OF-THE-CLONE"
    assert provider.warningMessage().endswith(
        f"run Make an environment from the toolbox, or paste this line into a terminal: {line}"
    )
    for name in WORK:
        assert provider.algorithm(name).canExecute() == (False, provider.warningMessage())
    for name in INSTALL:
        assert provider.algorithm(name).canExecute() == (True, "")


def test_with_a_backend_nothing_is_warned_of(real_backend: str, provider: Any) -> None:
    assert provider.warningMessage() == ""
    assert [provider.algorithm(name).canExecute() for name in WORK] == [(True, "")] * 4


def test_menus_are_the_backends(fake_backend: Callable[..., Path], qgis_processing: Any, request: Any) -> None:
    fake_backend()
    provider = request.getfixturevalue("provider")
    assert _options(provider, "colorize", "MODEL") == ["auto", "first", "second"]
    assert _options(provider, "colorize", "DESPECKLE") == ["auto", "none", "lee", "frost"]
    assert _options(provider, "despeckle", "FILTER") == ["none", "lee", "frost"]
    assert _options(provider, "evaluate", "MODELS") == ["first", "second"]
    assert _options(provider, "despeckle", "PROFILE") == ["deflate"]  # jpeg would spoil measured values
    assert "first: The first." in provider.algorithm("colorize").shortHelpString()


def test_menus_are_kept_until_the_backend_is_installed_anew(fake_backend: Callable[..., Path], tmp_path: Path) -> None:
    fake_backend(filters=["none"])
    choices.ask(find())
    assert choices.remembered().filters == ("none",)
    assert choices.remembered().models[0] == ("first", "The first.")
    fake_backend(filters=["none", "kuan"])  # the same path, written anew: nothing is known of it
    assert choices.remembered() == choices.Choices()
    QgsSettings().setValue("sar_colorize/choices", "{broken")
    assert choices.remembered() == choices.Choices()


def test_in_the_desktop_nothing_waits_for_the_backend(
    fake_backend: Callable[..., Path], qgis_processing: Any, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    fake_backend(
        answer=f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)\n    print({json.dumps(CHOICES)!r})"
    )
    plugin = Plugin(None)
    plugin.initGui()
    provider = QgsApplication.processingRegistry().providerById("sar_colorize")
    assert _options(provider, "colorize", "MODEL") == ["auto"]
    go.touch()
    for _ in range(100):
        QTest.qWait(50)
        if _options(provider, "colorize", "MODEL") != ["auto"]:
            break
    assert _options(provider, "colorize", "MODEL") == ["auto", "first", "second"]
    plugin.unload()
    assert QgsApplication.processingRegistry().providerById("sar_colorize") is None


def test_the_setting_stands_in_the_options_of_processing(provider: Any) -> None:
    setting = ProcessingConfig.settings["SAR_COLORIZE_BACKEND"]
    assert setting.group == provider.name()
    assert setting.value == ""


@pytest.mark.parametrize("name", [*WORK, *INSTALL])
def test_every_parameter_has_help_that_says_its_default(provider: Any, name: str) -> None:
    algorithm = provider.algorithm(name)
    required = {"INPUT", "DATA", "COLOUR"}
    for definition in algorithm.parameterDefinitions():
        assert len(definition.help()) > 20, definition.name()
        assert definition.name() in required or "Default: " in definition.help(), definition.name()
        assert definition.help() in algorithm.shortHelpString()
        assert definition.description()


def test_only_what_few_need_is_advanced(provider: Any) -> None:
    definitions = provider.algorithm("colorize").parameterDefinitions()
    advanced = {definition.name() for definition in definitions if definition.flags() & ADVANCED}
    assert advanced == {
        "REFERENCE_RADAR", "REFERENCE_DATE", "WEIGHTS", "TILE", "OVERLAP", "DEVICE", "UNIT", "BLOCK", "PROFILE",
        "EXTRA",
    }  # fmt: skip
    plain = [definition.name() for definition in definitions if definition.name() not in advanced]
    assert plain == [
        "INPUT", "REFERENCE", "REFERENCE_SOURCE", "STRUCTURE", "MODEL", "PALETTE", "PALETTE_LAYER", "DESPECKLE",
        "POLARIZATION", "EXTENT", "MASK", "OUTPUT", "CONFIDENCE", "MEMORY", "CLASSES",
    ]  # fmt: skip


def test_every_word_for_people_can_be_translated(qgis_processing: Any, request: Any) -> None:
    class Marks(QTranslator):
        """Translates everything of this plugin by a mark around it."""

        def translate(self, context: str, text: str, *more: Any) -> str:
            return f"«{text}»" if context == "SarColorize" else ""

        def isEmpty(self) -> bool:
            return False

    marks = Marks()
    QCoreApplication.installTranslator(marks)
    try:
        provider = request.getfixturevalue("provider")
        words = [provider.longName(), provider.warningMessage()]
        for algorithm in map(provider.algorithm, [*WORK, *INSTALL]):  # words of a model are in its file
            words += [algorithm.displayName(), algorithm.shortDescription(), algorithm.about()]
            for definition in algorithm.parameterDefinitions():
                words += [definition.description(), definition.help()]
            words += [output.description() for output in algorithm.outputDefinitions()]
        assert len(words) > 80
        assert [word for word in words if not word.startswith("«")] == []
    finally:
        QCoreApplication.removeTranslator(marks)


def test_no_sentence_for_people_is_left_out_of_translation() -> None:
    """What `tr` does not see: string literals that read like a sentence outside docstrings and `tr` calls."""
    found = []
    for path in (PLUGINS / "sar_colorize_qgis").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        seen = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
                seen |= {id(part) for part in ast.walk(node)}
            if isinstance(node, ast.Expr):  # docstrings
                seen.add(id(node.value))
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) and id(node) not in seen else None
            if isinstance(text, str) and re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", text):
                found.append((path.name, node.lineno, text))
    assert [name for name in found if "venv" not in name[2]] == []


def test_the_icon_draws_something(provider: Any) -> None:
    assert QSvgRenderer(provider.svgIconPath()).isValid()
    image = provider.icon().pixmap(24, 24).toImage()
    assert len({image.pixel(x, y) for x in range(24) for y in range(24)}) > 20
    own = [provider.algorithm(name).svgIconPath() for name in (*WORK, *INSTALL)]
    assert own == [provider.svgIconPath()] * 6


def test_the_version_is_the_librarys(provider: Any) -> None:
    assert provider.versionInfo() == VERSION
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text()
