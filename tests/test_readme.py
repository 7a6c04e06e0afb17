"""README.md: its commands and its Python run as written, offline, on scenes made here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made import TRANSFORM, UTM33, speckled

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    (language, [line for line in body.splitlines() if line.strip()])
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.M | re.S)
]
SHELL = [line for language, lines in BLOCKS if not language for line in lines]
PYTHON = ["\n".join(lines) for language, lines in BLOCKS if language == "python"]
NOT_RUN = {
    r"python3 -m venv|pip install|^make test": "installs from the network, and is what runs this test",
    r"S1A_IW_GRDH": "needs a product of 1 GB; tests/test_products.py runs small ones",
    r"worldcover|mosaic-120": "asks a server; tests/cli/test_reference.py runs them on loopback",
    r"colorize find": "asks a server; tests/catalog/test_find.py runs it on loopback",
    r"colorize-?\w* (train|evaluate|pairs build)": "takes minutes; tests/cli/ runs them on small pairs",
    r"doctor|sar-colorize demo": "tests/cli/ and tests/api/ run them",
}
MADE_BY = {
    "--out-dir": ("colour", ["one_colour.tif", "two_colour.tif"]),
    "despeckle-stack": ("smooth", ["july.tif", "march.tif", "may.tif"]),
}
RUN = [line for line in SHELL if not any(re.search(pattern, line) for pattern in NOT_RUN)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README's commands find: scenes of one grid, an earlier picture, the files of the demo."""
    folder = tmp_path_factory.mktemp("readme")
    ground = {"crs": UTM33, "transform": TRANSFORM, "driver": "GTiff", "height": 192, "width": 256}
    for index, name in enumerate(("scene", "march", "may", "july", "scenes/one", "scenes/two", "demo/scene")):
        path = folder / f"{name}.tif"
        path.parent.mkdir(exist_ok=True)
        with rasterio.open(path, "w", count=2, dtype="float32", **ground) as dataset:
            for band, (polarization, level) in enumerate((("VV", -12.0), ("VH", -18.5)), 1):
                dataset.write(speckled(192, 256, seed=2 * index + band, median_db=level), band)
                dataset.set_band_description(band, polarization)
            dataset.update_tags(UNITS="dB")
    random = np.random.default_rng(0)
    for name in ("earlier_picture", "demo/earlier"):
        with rasterio.open(folder / f"{name}.tif", "w", count=3, dtype="uint8", photometric="RGB", **ground) as dataset:
            dataset.write(random.integers(60, 140, (3, 192, 256), dtype=np.uint8))
    return folder


def _sh(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of the README in bash, with this environment's sar-colorize on PATH."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"PATH": path, "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        ["bash", "-e", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_kind_of_line_that_is_not_run_is_still_there() -> None:
    for pattern in NOT_RUN:
        assert any(re.search(pattern, line) for line in SHELL), pattern


@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's commands are for bash")
@pytest.mark.parametrize("line", RUN)
def test_the_commands_run_as_written(line: str, folder: Path) -> None:
    for made in ("colour.tif", "smooth.tif", "error.tif", "colour", "smooth", "page.html", "colour.png"):
        # no line may count on another's
        shutil.rmtree(folder / made) if (folder / made).is_dir() else (folder / made).unlink(missing_ok=True)
    done = _sh(line, folder)
    assert done.returncode == 0, done.stderr
    for part, (place, names) in MADE_BY.items():
        if part in line:
            assert sorted(path.name for path in (folder / place).iterdir()) == names


def test_the_folder_and_the_stack_are_among_them() -> None:
    assert all(any(part in line for line in RUN) for part in MADE_BY)


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_runs_as_written(code: str, folder: Path) -> None:
    (folder / "colour.tif").unlink(missing_ok=True)
    check = "\nassert rgba.compute().shape == (4, 192, 256)\nassert smooth.compute().shape == (2, 192, 256)\n"
    done = subprocess.run([sys.executable, "-c", code + check], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_broken_line_of_the_readme_is_noticed(folder: Path) -> None:
    assert _sh("sar-colorize colorize scene.tif nowhere/colour.tif --no-such-option", folder).returncode == 2
