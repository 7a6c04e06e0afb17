"""The plugin as a zip, by the rules of the site of QGIS's plugins (validator and security scanner, 2026)."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = "sar_colorize_qgis"
REQUIRED = ["name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository"]
REFUSED = (".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd", ".pyc", ".pyo")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make plugin` builds."""
    out = tmp_path_factory.mktemp("plugin")
    subprocess.run(
        ["make", "--silent", "plugin", f"PLUGIN_DIR={out}", f"PYTHON={sys.executable}"], cwd=ROOT, check=True
    )
    return out / f"{FOLDER}.zip"


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def test_it_holds_one_folder_with_code_licence_and_metadata(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {FOLDER}
    assert FOLDER.isidentifier()
    assert {f"{FOLDER}/{name}" for name in ("__init__.py", "metadata.txt", "LICENSE", "icon.svg")} <= set(names)
    assert [name for name in names if ".." in name or name.startswith("/")] == []


def test_it_is_small(package: Path) -> None:
    assert package.stat().st_size < 200_000  # the site takes 25 MB


def test_it_holds_nothing_compiled_hidden_or_executable(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            parts = entry.filename.rstrip("/").split("/")
            assert not any(part.startswith(".") or part in ("__pycache__", "__MACOSX") for part in parts)
            assert not entry.filename.lower().endswith(REFUSED)
            if not entry.is_dir():
                assert not (entry.external_attr >> 16) & 0o111, entry.filename


def test_it_knows_the_clone_that_it_was_built_from(unpacked: Path) -> None:
    """Make an environment installs from there where nothing else is named."""
    assert Path((unpacked / FOLDER / "clone.txt").read_text().strip()) == ROOT


def test_its_metadata_is_whole(unpacked: Path) -> None:
    metadata = configparser.ConfigParser()
    metadata.optionxform = str  # type: ignore[assignment,method-assign]
    metadata.read(unpacked / FOLDER / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    assert [name for name in REQUIRED if not general.get(name, "").strip()] == []
    assert f'version = "{general["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert (general["qgisMinimumVersion"], general["qgisMaximumVersion"]) == ("3.22", "4.99")
    assert general["hasProcessingProvider"] == "yes"
    for name in ("homepage", "tracker", "repository"):
        assert re.fullmatch(r"https://[\w.-]+(/[\w./-]*)?", general[name])
    assert general["name"].lower().replace(" ", "_") == FOLDER  # the folder that qgis-plugin-ci makes
    assert "/" not in general["author"]
    assert (unpacked / FOLDER / general["icon"]).is_file()


def test_its_licence_is_the_projects(unpacked: Path) -> None:
    assert (unpacked / FOLDER / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_bandit_finds_nothing_of_any_severity(unpacked: Path) -> None:
    assert _bandit(unpacked) == []


def test_the_scan_by_bandit_can_fail(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import subprocess\nsubprocess.run('ls', shell=True)\n")
    assert "B602" in _bandit(tmp_path)


def _bandit(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-r", str(folder), "-f", "json", "--quiet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [issue["test_id"] for issue in json.loads(done.stdout)["results"]]


def test_detect_secrets_finds_nothing(unpacked: Path) -> None:
    assert _secrets(unpacked) == []


def test_the_scan_for_secrets_can_fail(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("AWS = '" + "AKIA" + "IOSFODNN7EXAMPLE'\n")
    assert _secrets(tmp_path) == ["bad.py"]


def _secrets(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--exclude-files", r"metadata\.txt", "."],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(json.loads(done.stdout)["results"])


def test_it_imports_only_qgis_and_the_standard_library(unpacked: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"qgis", "processing"}
    for path in (unpacked / FOLDER).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in allowed, (path.name, name)
                assert not any(part.startswith("_") for part in name.split(".") if part != "__future__"), name
                assert name not in ("subprocess", "pickle", "os.system"), (path.name, name)


def test_its_syntax_is_that_of_the_oldest_python_it_meets(unpacked: Path) -> None:
    """QGIS 3.22 for Windows comes with Python 3.9."""
    for path in (unpacked / FOLDER).rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_enumerations_are_scoped_as_qt6_and_qgis_4_demand(unpacked: Path) -> None:
    """QProcess.ProcessState.NotRunning, never QProcess.NotRunning: a class's member in capitals, called or not."""
    found = []
    for path in (unpacked / FOLDER).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and re.match(r"Q(gs|gis)?[A-Z]?\w+$", node.value.id)
                and re.match(r"[A-Z]", node.attr)
            ):
                found.append(f"{node.value.id}.{node.attr}")
    scopes = {
        "Qgis.DataType", "QgsContrastEnhancement.ContrastEnhancementAlgorithm",
        "QgsCoordinateReferenceSystem.WktVariant",
        "QgsProcessing.SourceType", "QgsProcessingParameterDefinition.Flag", "QgsProcessingParameterFile.Behavior",
        "QgsProcessingParameterNumber.Type", "QgsRaster.ColorInterpretation", "QgsRasterMinMaxOrigin.Limits",
        "QNetworkProxy.ProxyType", "QProcess.ExitStatus", "QProcess.ProcessChannel", "QProcess.ProcessState",
        "QgsPalettedRasterRenderer.Class",
    }  # fmt: skip
    assert set(found) == scopes


def test_nothing_that_was_built_before_gets_in(tmp_path: Path) -> None:
    """Old byte code beside the sources stays out."""
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "qgis_plugin", tree / "qgis_plugin")
    shutil.copy(ROOT / "Makefile", tree)
    (tree / "qgis_plugin" / "__pycache__").mkdir(exist_ok=True)
    (tree / "qgis_plugin" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    subprocess.run(["make", "--silent", "plugin", f"PYTHON={sys.executable}"], cwd=tree, check=True)
    with zipfile.ZipFile(tree / "dist" / f"{FOLDER}.zip") as archive:
        assert [name for name in archive.namelist() if "pyc" in name] == []
