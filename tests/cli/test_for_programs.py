"""What programs that start the command line rely on: the QGIS plugin before all."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from made import command, speckled
from sar_colorize_cli.group import NAMES, cli

import sar_colorize
from sar_colorize import api
from sar_colorize.errors import SettingError

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_choices_names_the_version_and_what_every_option_takes(run_cli: Run) -> None:
    found = json.loads(run_cli("choices", "--json").stdout)
    assert found["version"] == sar_colorize.__version__
    assert [model["name"] for model in found["models"]] == list(api.model_names())
    assert found["filters"] == list(api.FILTER_NAMES)
    assert found["units"] == ["dn", "amplitude", "power", "db", "display"]
    assert found["structures"] == ["both", "radar", "reference"]
    assert set(found) == {
        "version", "models", "filters", "polarizations", "units", "profiles", "devices", "engines",
        "structures",
    }  # fmt: skip
    for values in list(found.values())[2:]:
        for value in values:
            assert value in run_cli("choices").stdout


def test_every_option_that_the_qgis_plugin_gives_is_one_of_a_command() -> None:
    used: set[str] = set()
    for path in (ROOT / "qgis_plugin").rglob("*.py"):
        if path.name == "installation.py":  # pip's
            continue
        used |= set(re.findall(r"\"(--[a-z][a-z0-9-]*)\"", path.read_text()))
    commands = [cli.get_command(click.Context(cli), name) for name in NAMES]
    known = {option for command in [cli, *commands] if command for param in command.params for option in param.opts}
    assert {"--stop-at-eof", "--model", "--bbox", "--overwrite", "--json"} <= used
    assert used - known == set()


@pytest.mark.parametrize(
    ("old", "keyword"),
    [(["--despeckle", "frost"], {"filter": "frost"}), (["--confidence", "sure.tif"], {"uncertainty": "sure.tif"})],
)
def test_old_names_of_options_reach_the_new_keywords(
    old: list[str], keyword: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def note(*_paths: str, **given: Any) -> None:
        asked.update(given)
        raise SettingError("enough")

    command = cli.get_command(click.Context(cli), "colorize")
    monkeypatch.setattr(api, "colorize", note)
    assert command is not None
    with pytest.raises(click.ClickException, match="enough"):
        command.main(["scene.tif", "colour.tif", *old], standalone_mode=False)
    assert asked.items() >= keyword.items()


@pytest.mark.parametrize("wanted", [0, 400, 1020])
def test_closing_standard_input_cancels_and_leaves_nothing(
    make_tif: Callable[..., Path], tmp_path: Path, wanted: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with _begin(make_tif, out / "c.tif", wanted) as process:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)
    assert process.returncode == 130
    assert list(out.iterdir()) == []


def test_a_run_ends_when_the_program_that_started_it_is_killed(make_tif: Callable[..., Path], tmp_path: Path) -> None:
    """The killed program stands between: its end of the pipe is the only other one."""
    out = tmp_path / "out"
    out.mkdir()
    middle = f"""
import subprocess, sys
child = subprocess.Popen({_arguments(make_tif, out / "c.tif")!r}, stdin=subprocess.PIPE, stderr=sys.stdout)
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        _wait_for(process.stdout, 300)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()  # ends when the child, the last that holds this pipe, has ended
    assert "cancelled; nothing was written" in rest
    assert list(out.iterdir()) == []


def test_without_the_option_an_empty_standard_input_means_nothing(scene_with_holes: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command("colorize", scene_with_holes, tmp_path / "c.tif", "--model", "composite"),
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0


def _arguments(make_tif: Callable[..., Path], output: Path) -> list[str]:
    scene = make_tif(np.tile(speckled(512, 512), (4, 4)), nodata=np.nan)
    return command("--stop-at-eof", "colorize", scene, output, "--model", "composite", "--block-px", 64,
                   "--progress", "json")  # fmt: skip


def _begin(make_tif: Callable[..., Path], output: Path, wanted: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        _arguments(make_tif, output), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    _wait_for(process.stderr, wanted)
    return process


def _wait_for(lines: object, wanted: int) -> None:
    for line in lines:  # type: ignore[attr-defined]
        if json.loads(line)["done"] >= wanted:
            return
