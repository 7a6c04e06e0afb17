"""`rio colorize` and `rio despeckle`: plugins of rasterio's program, found by their entry points."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import speckled

RIO = [sys.executable, "-c", "from rasterio.rio.main import main_group; main_group(prog_name='rio')"]


def _rio(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RIO, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip


def test_it_writes_what_the_own_program_writes(
    scene_with_holes: Path, tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    settings = ("--model", "composite", "--bbox", 500000, 4996000, 504000, 5000000)
    done = _rio("-q", "colorize", scene_with_holes, tmp_path / "rio.tif", *settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'rio.tif'}: 400 x 400 px")
    assert run_cli("colorize", scene_with_holes, tmp_path / "own.tif", *settings).returncode == 0
    assert (tmp_path / "rio.tif").read_bytes() == (tmp_path / "own.tif").read_bytes()
    done = _rio("despeckle", scene_with_holes, tmp_path / "smooth.tif", "--filter", "lee", "--json")
    assert json.loads(done.stdout)["filter"] == "lee"
    with rasterio.open(tmp_path / "smooth.tif") as dataset:
        assert dataset.descriptions == ("VV", "VH")


def test_help_and_errors_speak_as_of_our_own_commands(scene_with_holes: Path, tmp_path: Path) -> None:
    shown = _rio("colorize", "--help").stdout
    assert "rio colorize scene.tif colour.tif" in shown
    assert "sar-colorize colorize" not in shown
    assert shown.count("--verbose") == 1
    assert {"colorize", "despeckle", "info"} <= set(_rio("--help").stdout.split())
    done = _rio("colorize", scene_with_holes, tmp_path / "a.tif", "--tile-px", 5)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: --tile-px must")
    assert _rio("despeckle", scene_with_holes).returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(make_tif: Callable[..., Path], tmp_path: Path, sent: signal.Signals) -> None:
    scene = make_tif(np.tile(speckled(512, 512), (4, 4)), nodata=np.nan)
    out = tmp_path / "out"
    out.mkdir()
    run = [*RIO, "colorize", scene, out / "c.tif", "--model", "composite", "--block-px", "64", "--progress", "json"]
    process = subprocess.Popen(list(map(str, run)), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["done"] >= 400:
            break
    os.kill(process.pid, sent)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert list(out.iterdir()) == []
