"""The real QGIS, without a desktop: `qgis_process.bin` with the plugin as it is installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from home import HOME
from made_here import alive, command_line, same_picture, shared_scene, write_endless_source, write_fake, write_scene

PLACES = ("ben_36_85", "place_433D_629L_3_1")
SOCAL_CORNER = "-13144540,-13139440,4024380,4029480 [EPSG:3395]"


@pytest.fixture(scope="module")
def profile() -> Path:
    """A profile in which the plugin is switched on."""
    folder = HOME / "process profile"
    environment = os.environ | {"QGIS_CUSTOM_CONFIG_PATH": str(folder)}
    done = subprocess.run(
        ["qgis_process.bin", "plugins", "enable", "sar_colorize_qgis"], env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert "sar_colorize_qgis" in done.stdout
    return folder


@pytest.fixture
def environment(profile: Path, backend_python: str) -> dict[str, str]:
    return os.environ | {"QGIS_CUSTOM_CONFIG_PATH": str(profile), "SAR_COLORIZE_PYTHON": backend_python}


def _run(environment: dict[str, str], name: str, **parameters: Any) -> subprocess.CompletedProcess[str]:
    """An algorithm's run; its exit code says little, so that tests look at what it says and leaves."""
    return subprocess.run(
        _command(name, parameters), env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _command(name: str, parameters: dict[str, Any]) -> list[str]:
    words = [f"{key}={value}" for key, value in parameters.items()]
    return ["qgis_process.bin", "run", f"sar_colorize:{name}", "--", *words]


def test_the_algorithms_are_listed(environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["qgis_process.bin", "list"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    listed = [line.strip().split("\t")[0] for line in done.stdout.splitlines() if "sar_colorize:" in line]
    names = ("checkenvironment", "colorize", "despeckle", "evaluate", "makeenvironment", "page", "Product to page")
    assert sorted(listed) == sorted(f"sar_colorize:{name}" for name in names)
    assert "Traceback" not in done.stderr


def test_a_simulated_scene_is_the_command_lines_in_a_poisoned_environment(
    environment: dict[str, str], backend_python: str, tmp_path: Path
) -> None:
    """The poison is a click that breaks, and a PROJ without its database: what QGIS for Windows and macOS sets."""
    (tmp_path / "poison").mkdir()
    (tmp_path / "poison" / "click.py").write_text("raise RuntimeError('poisoned')")
    for name in ("PYTHONPATH", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH"):
        environment[name] = str(tmp_path / "poison")
    scene = write_scene(tmp_path / "scène 1" / "scene.tif")
    done = _run(environment, "colorize", INPUT=scene, OUTPUT=tmp_path / "c.tif")
    assert f"OUTPUT:\t{tmp_path / 'c.tif'}" in done.stdout, done.stdout + done.stderr
    command_line(backend_python, "colorize", scene, tmp_path / "expected.tif")
    assert same_picture(tmp_path / "c.tif", tmp_path / "expected.tif")


@pytest.mark.parametrize("place", PLACES)
def test_a_real_place_is_the_command_lines_byte_for_byte(
    environment: dict[str, str], backend_python: str, tmp_path: Path, place: str
) -> None:
    scene = shared_scene(f"dualpol/{place}_s1.tif")
    done = _run(environment, "colorize", INPUT=scene, OUTPUT=tmp_path / "c.tif")
    assert f"OUTPUT:\t{tmp_path / 'c.tif'}" in done.stdout, done.stdout + done.stderr
    command_line(backend_python, "colorize", scene, tmp_path / "expected.tif")
    assert same_picture(tmp_path / "c.tif", tmp_path / "expected.tif")


def test_the_corner_of_a_real_scene_is_the_command_lines_byte_for_byte(
    environment: dict[str, str], backend_python: str, tmp_path: Path
) -> None:
    scene = shared_scene("scenes/socal_vh_amplitude.tif")
    west, east, south, north = SOCAL_CORNER.split(" ")[0].split(",")
    done = _run(environment, "colorize", INPUT=scene, OUTPUT=tmp_path / "c.tif", EXTENT=SOCAL_CORNER)
    assert f"OUTPUT:\t{tmp_path / 'c.tif'}" in done.stdout, done.stdout + done.stderr
    command_line(
        backend_python, "colorize", scene, tmp_path / "expected.tif", "--bbox", west, south, east, north,
        "--bbox-crs", "EPSG:3395",
    )  # fmt: skip
    assert same_picture(tmp_path / "c.tif", tmp_path / "expected.tif")


def test_a_missing_backend_is_said_with_the_line_to_copy(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["SAR_COLORIZE_PYTHON"]
    environment["PATH"] = "/usr/bin:/bin"
    done = _run(environment, "colorize", INPUT=write_scene(tmp_path / "s.tif"), OUTPUT=tmp_path / "c.tif")
    assert (
        "python3 -m venv ~/sar-colorize && ~/sar-colorize/bin/pip install FOLDER-OF-THE-CLONE"
        in done.stdout + done.stderr
    )
    assert not (tmp_path / "c.tif").exists()


def test_a_backend_of_a_wrong_version_is_said_by_name(environment: dict[str, str], tmp_path: Path) -> None:
    program = write_fake(tmp_path / "sar-colorize", version="0.9.1")
    environment["SAR_COLORIZE_PYTHON"] = str(program)
    done = _run(environment, "colorize", INPUT=write_scene(tmp_path / "s.tif"), OUTPUT=tmp_path / "c.tif")
    assert f"must be version 0.1.* for this plugin (0.1.0), got 0.9.1 at {program}" in done.stdout + done.stderr
    assert not (tmp_path / "c.tif").exists()


def test_a_refused_layer_is_said_before_the_run(environment: dict[str, str], tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "many.tif", bands=5, names=())
    done = _run(environment, "colorize", INPUT=scene, OUTPUT=tmp_path / "c.tif")
    assert "got 5 without such names in many" in done.stdout + done.stderr
    assert not (tmp_path / "c.tif.log").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_backend_ends_with_qgis_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, sent: signal.Signals
) -> None:
    scene = write_scene(tmp_path / "scene.tif", 2048, 2048)
    folder = tmp_path / "out"
    folder.mkdir()
    parameters = {"INPUT": scene, "OUTPUT": folder / "c.tif", "MODEL": "composite", "BLOCK": 64}
    process = subprocess.Popen(
        _command("colorize", parameters), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _wait(lambda: any(folder.iterdir()), 120)
    process.send_signal(sent)
    process.wait(timeout=60)
    _wait(lambda: not any(folder.iterdir()), 30)
    _wait(lambda: _commands_with(str(folder)) == [], 30)


def test_an_installation_ends_with_qgis_and_is_not_taken_for_whole(environment: dict[str, str], tmp_path: Path) -> None:
    source, folder = write_endless_source(tmp_path / "source"), tmp_path / "environment"
    environment |= {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1"}
    process = subprocess.Popen(
        _command("makeenvironment", {"SOURCE": source, "FOLDER": folder}), env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _wait((source / "ids").exists, 120)
    process.kill()
    process.wait(timeout=60)
    _wait(lambda: alive(source / "ids") == [], 60)
    assert json.loads((folder / "sar-colorize-qgis.json").read_text())["whole"] is False


def _wait(until: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _commands_with(text: str) -> list[str]:
    """Command lines of all living processes that hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found
