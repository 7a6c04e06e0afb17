"""The house: imports flow one way, looking is cheap, names are what they say, the installed package is whole."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sar_colorize"

LEAVES = {
    "hidden_folder", "credentials", "errors", "raster", "arrays", "planes", "color", "backscatter", "tiles", "weights",
    "lightness", "notebook", "position", "progress", "writable", "heap",
    "cores",
}  # fmt: skip
MAY_IMPORT: dict[str, set[str]] = {
    "scene": set(),
    "cog": set(),
    "simulate": set(),
    "engine": set(),
    "catalog": {"cog", "reference", "scene"},
    "reference": {"scene"},
    "speckle": {"engine"},
    "palette": {"reference"},
    "models": {"engine", "palette"},
    "infer": {"models", "engine"},
    "ground": {"reference", "scene", "speckle"},
    "colorizer": {"infer", "scene", "speckle", "ground", "reference"},
    "place": {"colorizer", "ground", "palette", "reference", "scene"},
    "scene_palette": {"place", "colorizer", "models", "palette", "reference", "scene"},
    "offset": {"scene"},
    "prepare": {
        "colorizer", "offset", "place", "scene_palette", "ground", "infer", "engine", "models", "palette", "reference",
        "scene", "speckle",
    },
    "run": {"cog", "engine", "scene"},
    "viewer": {"reference", "scene"},
    "accessor": {"api", "scene"},
    "pairs": {"palette", "reference", "scene", "speckle"},
    "training": {"pairs", "prepare", "infer", "engine", "models", "palette", "reference", "scene", "speckle"},
    "evaluation": {
        "pairs", "prepare", "place", "colorizer", "infer", "engine", "models", "palette", "reference", "scene",
        "speckle", "simulate", "cog",
    },
}  # fmt: skip
"""What each room may import besides leaves and itself; docs/architecture.md is the table of it. `api` knows all."""
HEAVY = ("torch", "openvino", "dask", "rasterio", "geopandas", "xarray", "skimage")
PARTICIPLES = {"placed", "told", "seen", "said", "despeckled", "speckled", "made", "given", "found", "fitted", "learnt"}
LONGEST_FUNCTION = 60


def _module(path: Path, package: Path = PACKAGE) -> str:
    """Dotted name below the package; "" of the package itself."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _modules(package: Path) -> frozenset[str]:
    """All modules of a package."""
    return frozenset(_module(path, package) for path in package.rglob("*.py"))


@cache
def _imports(path: Path, package: Path = PACKAGE, *, for_types: bool = False) -> set[str]:
    """Modules of this package that a module imports, also inside functions; `for_types`: under TYPE_CHECKING too."""
    known = _modules(package)
    here = _module(path, package).split(".") if _module(path, package) else []
    folder = here if path.name == "__init__.py" else here[:-1]
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        is_for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if is_for_types and not for_types:
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = folder[: len(folder) - node.level + 1]
        elif (node.module or "").split(".")[0] == package.name:
            base = []
        else:
            continue
        named = (node.module or "").split(".") if node.level else (node.module or "").split(".")[1:]
        target = ".".join([*base, *(part for part in named if part)])
        for alias in node.names:
            inner = f"{target}.{alias.name}" if target else alias.name
            # api's verbs are functions that are called as their module is
            found.add(inner if inner in known and target != "api" else target)
    return found - {_module(path, package)}


def _circles(package: Path = PACKAGE) -> list[list[str]]:
    """Modules that import each other, also by way of others or for their types alone."""
    edges = {_module(path, package): _imports(path, package, for_types=True) for path in package.rglob("*.py")}
    reached: dict[str, set[str]] = {}
    for start in edges:
        open_, seen = [start], set()
        while open_:
            for target in edges.get(open_.pop(), set()) - seen:
                seen.add(target)
                open_.append(target)
        reached[start] = seen
    return sorted({tuple(sorted(b for b in edges if b in reached[a] and a in reached[b])) for a in edges} - {()})


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    part, imported = _part(path), {module.split(".")[0] for module in _imports(path)} - {""}
    if part in LEAVES:
        assert imported <= LEAVES
    elif part in MAY_IMPORT:
        assert imported <= LEAVES | {part} | MAY_IMPORT[part]
    else:
        assert part in ("__init__", "api")


def test_every_module_has_its_place() -> None:
    parts = {_part(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert parts == LEAVES | set(MAY_IMPORT) | {"api"}


def test_no_modules_import_each_other() -> None:
    assert _circles() == []


def test_the_check_for_circles_can_fail(tmp_path: Path) -> None:
    package = tmp_path / "house"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("def late():\n    from .b import x\n")
    (package / "b.py").write_text("from house.c import y\n")
    (package / "c.py").write_text("from . import a\n")
    (package / "d.py").write_text(
        "from typing import TYPE_CHECKING\nfrom .a import late\nif TYPE_CHECKING:\n    from .e import z\n"
    )
    (package / "e.py").write_text("from .d import late\n")
    assert _circles(package) == [("a", "b", "c"), ("d", "e")]


def test_file_names_are_the_fields_words() -> None:
    names = {
        path.stem for folder in ("sar_colorize", "cli", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    }
    assert names & PARTICIPLES == set()


def test_a_verb_has_one_name_in_every_room() -> None:
    verbs = {
        "adapt",
        "colorize",
        "config",
        "demo",
        "despeckle",
        "despeckle_stack",
        "doctor",
        "evaluate",
        "find",
        "info",
        "models",
        "page",
        "pairs",
        "reference",
        "train",
    }
    for folder in (PACKAGE / "api", ROOT / "cli"):
        assert verbs <= {path.stem for path in folder.glob("*.py")}
    text = (ROOT / "docs" / "cli.md").read_text()
    for verb in verbs:
        assert f"sar-colorize {verb.replace('_', '-')}" in text


def test_long_functions_say_why() -> None:
    unexplained = []
    for folder in ("sar_colorize", "cli", "qgis_plugin", "tools", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            lines = path.read_text().splitlines()
            for node in ast.walk(ast.parse("\n".join(lines))):
                if not isinstance(node, ast.FunctionDef) or (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION:
                    continue
                if not any("# long: " in line for line in lines[node.lineno - 2 : node.lineno]):
                    unexplained.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert unexplained == []


def test_help_shows_every_keyword_with_its_type() -> None:
    import sar_colorize as sc

    for function in (sc.colorize, sc.despeckle, sc.despeckle_stack, sc.info, sc.open_scene):
        parameters = inspect.signature(function).parameters.values()
        assert all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters)
        assert all(p.annotation is not p.empty for p in parameters)
        for parameter in parameters:
            assert re.search(rf"^ +(?:\w+, )*{parameter.name}\b", function.__doc__ or "", re.MULTILINE), parameter.name
    shown = str(inspect.signature(sc.colorize))
    for name in ("model: 'str'", "palette: 'str'", "unit: 'str'"):
        assert name in shown


@pytest.mark.parametrize("path", sorted((ROOT / "cli").glob("*.py")), ids=lambda path: path.name)
def test_the_command_line_knows_only_the_api(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("sar_colorize"):
            assert node.module in (
                "sar_colorize",
                "sar_colorize.api",
                "sar_colorize.credentials",
                "sar_colorize.errors",
            )


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
            "import sys\nfrom sar_colorize_cli.group import cli\n"
            f"cli({arguments!r}, prog_name='sar-colorize', standalone_mode=False)"
            for arguments in (
                ["--help"], ["--version"], ["colorize", "--help"], ["despeckle", "--help"], ["info", "--help"],
                ["models", "list"], ["choices"], ["demo", "--help"], ["doctor", "--help"], ["completion", "bash"],
                ["reference", "--help"], ["find", "--help"], ["config", "show"], ["page", "--help"],
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
