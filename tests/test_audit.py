"""What is said of pip-audit's answer."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

VERDICT = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "audit.py"))["verdict"]


def package(name: str, *ids: str) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": [{"id": one} for one in ids]}


def test_a_known_vulnerability_is_named_and_fails() -> None:
    code, text = VERDICT([package("a"), package("b", "CVE-1", "CVE-2")])
    assert (code, text) == (1, "KNOWN VULNERABILITIES\nb 1: CVE-1, CVE-2")


def test_packages_that_nobody_answered_for_are_not_called_safe() -> None:
    skipped = {"name": "a", "skip_reason": "not found"}
    assert VERDICT([skipped, skipped]) == (0, "NOT AUDITED: the advisory service answered for 0 of 2 packages.")
    assert VERDICT([]) == (0, "NOT AUDITED: the advisory service answered for 0 of 0 packages.")
    text = VERDICT([package("a"), package("b"), skipped])[1]
    assert text == "No known vulnerability in 2 packages; 1 were not audited."
