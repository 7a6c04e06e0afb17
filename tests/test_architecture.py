"""The house: imports flow one way, looking is cheap, names are what they say, the installed package is whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sar_colorize"

LEAVES = {"errors", "raster", "arrays", "color", "backscatter", "tiles", "palette", "fitting", "weights"}
STAGES = {"scene", "speckle", "lightness", "models", "infer", "cog", "simulate", "place"}
COMPOSERS = {"colorizer", "despeckled", "reference_colours", "run", "target", "result", "demo", "doctor", "api"}
BESIDE = {"training", "evaluation"}
HEAVY = ("torch", "dask", "rasterio", "geopandas", "xarray", "skimage")


def _imports(path: Path) -> set[str]:
    """Top-level parts of this package that a module imports, also inside functions."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {name.split(".")[0] for name in names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sar_colorize"):
            found.add(node.module.removeprefix("sar_colorize").lstrip(".").split(".")[0])
    return found


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    part, imported = _part(path), _imports(path)
    if part in LEAVES:
        assert imported <= LEAVES
    elif part in STAGES:
        assert imported <= LEAVES | {part}
    elif part in BESIDE:
        assert "api" not in imported
    elif part in COMPOSERS:
        assert not imported & BESIDE or part == "api"
    else:
        assert part == "__init__"


def test_every_module_has_its_place() -> None:
    parts = {_part(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert parts == LEAVES | STAGES | COMPOSERS | BESIDE


@pytest.mark.parametrize("path", sorted((ROOT / "cli").glob("*.py")), ids=lambda path: path.name)
def test_the_command_line_knows_only_the_api(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("sar_colorize"):
            assert node.module in ("sar_colorize", "sar_colorize.api", "sar_colorize.errors")


def _loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.strip().splitlines()[-1].split()) - {"LOADED"}


@pytest.mark.parametrize(
    "code",
    [
        "import sar_colorize; sar_colorize.__version__",
        "import sar_colorize; sar_colorize.colorize",
        "import sar_colorize; sar_colorize.load_card('composite')",
        *(
            "import sys\nfrom sar_colorize_cli.main import cli\n"
            f"cli({arguments!r}, prog_name='sar-colorize', standalone_mode=False)"
            for arguments in (
                ["--help"], ["--version"], ["colorize", "--help"], ["despeckle", "--help"], ["info", "--help"],
                ["models", "list"], ["choices"], ["demo", "--help"], ["doctor", "--help"], ["completion", "bash"],
            )
        ),
    ],
)  # fmt: skip
def test_looking_loads_nothing_heavy(code: str) -> None:
    assert _loaded_by(code) == set()


def test_the_check_for_heavy_modules_can_fail() -> None:
    assert _loaded_by("import rasterio") == {"rasterio"}


def test_public_names_exist_and_are_sorted() -> None:
    import sar_colorize

    assert sar_colorize.__all__ == sorted(sar_colorize.__all__)
    for name in sar_colorize.__all__:
        assert getattr(sar_colorize, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sar_colorize.nothing


def test_public_functions_stay_functions_after_every_module_is_imported() -> None:
    code = "import sar_colorize, sar_colorize.api, sar_colorize.speckle.local; print(callable(sar_colorize.despeckle))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_cli_is_no_top_level_module_once_installed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import cli"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError: No module named 'cli'" in done.stderr


def test_modules_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("sar_colorize", "cli", "qgis_plugin")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 320
    }
    assert long == {}


def test_setup_cfg_lists_every_package() -> None:
    import configparser

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")}
    assert listed == found | {"sar_colorize_cli"}


def test_no_key_stands_in_both_configuration_files() -> None:
    import configparser
    import tomllib

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "metadata" not in setup
    assert "setuptools" not in project.get("tool", {})
