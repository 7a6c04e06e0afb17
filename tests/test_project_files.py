"""The files around the code: Makefile, CITATION.cff, pre-commit hooks, changelog."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
QGIS_PROGRAMS = ("qgis.bin", "qgis_process.bin", "xvfb-run")


@pytest.mark.parametrize("missing", [None, *QGIS_PROGRAMS])
def test_make_has_qgis_only_if_every_program_is_there(tmp_path: Path, missing: str | None) -> None:
    for name in ("python", *QGIS_PROGRAMS):
        if name != missing:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [str(shutil.which("make")), "--silent", "--no-print-directory", "has-qgis", f"QGIS_PYTHON={tmp_path}/python"],
        cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (missing is None), done.stderr


def test_make_takes_torch_from_the_given_index_before_what_needs_it(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--dry-run", f"{tmp_path}/tested", "TORCH_INDEX=https://index/cpu", f"VENV={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    installs = [line.split("--constraint constraints.txt ")[-1] for line in done.stdout.splitlines() if "pip" in line]
    assert installs[-3:] == ["--editable .", "--index-url https://index/cpu torch", '--editable ".[all,test,features]"']


def test_make_sbom_lists_what_the_wheel_stands_on_and_sums_all_that_is_handed_out(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "sbom", f"VENV={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")},
    )  # fmt: skip
    made = " ".join(done.stdout.replace("\\\n", " ").split())
    parts = f"{tmp_path}/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml"
    assert made.index("pip wheel --quiet --no-deps --wheel-dir dist .") < made.index(parts)
    assert f"--output-file dist/sbom.json {tmp_path}/bin/python" in made
    assert made.endswith("cd dist && sha256sum *.whl sbom.json > SHA256SUMS && cat SHA256SUMS")


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == VERSION
    assert cited["license"] == "MIT"
    assert all(cited[key] for key in ("title", "message", "authors", "type"))


def test_hooks_are_local_and_run_what_make_lint_runs() -> None:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in repos[0]["hooks"]]
    lint = re.findall(r"^\t\$\(BIN\)/(ruff check|ruff format --check|mypy)", (ROOT / "Makefile").read_text(), re.M)
    assert hooks == lint
