"""The doctor finds what is missing, and names the line that mends it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from sar_colorize.api.doctor import examine
from sar_colorize.speckle.card import FOLDER, SHIPPED


def test_a_fit_machine_is_called_fit() -> None:
    report = examine()
    assert report.ok
    assert all(check.detail for check in report.checks)


def test_a_missing_package_is_named_with_the_line_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shapely", None)
    report = examine()
    assert not report.ok
    missing = [check for check in report.checks if not check.ok and check.needed]
    assert [(check.name, check.mend) for check in missing] == [("shapely", "pip install shapely")]


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 2))
    check = next(check for check in examine().checks if check.name == "python")
    assert (check.ok, check.mend) == (False, "install Python 3.11 or newer")


def test_a_broken_learned_filter_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "weights")
    damaged = tmp_path / "weights" / SHIPPED.name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    monkeypatch.setattr("sar_colorize.api.models.FOLDER", tmp_path / "weights")
    report = examine()
    assert not report.ok
    assert [check.name for check in report.checks if not check.ok and check.needed] == ["model despeckle-grd"]
