"""The security scanner over the library and the command line: every finding is mended, or has its reason here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REASONS = {
    "B101": ("", "asserts tell the type checker what is known; none is on what a user gives"),
    "B310": ("sar_colorize/scene/vector.py", "http and https alone are let through the line above"),
    "B311": ("sar_colorize/training", "patches and speckle are drawn at random; nothing of it is a secret"),
    "B404": ("sar_colorize/cog/builder.py", "the child that builds the COG is this Python, without a shell"),
    "B405": ("sar_colorize/scene", "types, errors and the making of XML; it is parsed by defusedxml alone"),
    "B603": ("sar_colorize/cog/builder.py", "the child's program is a constant, its job goes through a pipe"),
}
"""Rules that are not obeyed: where, and why."""


def _findings(*folders: str) -> list[tuple[str, str, str]]:
    """(rule, file, text) of each finding of any severity."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "-r", *folders, "-f", "json", "--quiet"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [(item["test_id"], item["filename"], item["issue_text"]) for item in json.loads(done.stdout)["results"]]


@pytest.fixture(scope="module")
def findings() -> list[tuple[str, str, str]]:
    return _findings("sar_colorize", "cli", "qgis_plugin")


def test_every_finding_of_bandit_has_a_reason(findings: list[tuple[str, str, str]]) -> None:
    left = [
        f"{rule} {file}: {text}"
        for rule, file, text in findings
        if rule not in REASONS or not file.removeprefix("./").startswith(REASONS[rule][0])
    ]
    assert left == []


def test_every_reason_is_still_needed(findings: list[tuple[str, str, str]]) -> None:
    assert {rule for rule, _, _ in findings} >= set(REASONS)


def test_the_scan_can_fail(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import subprocess\nsubprocess.run('ls', shell=True)\n")
    assert "B602" in [rule for rule, _, _ in _findings(str(tmp_path))]
