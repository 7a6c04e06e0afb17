"""The light installation: without the packages of the extras everything but training and measuring works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import command, speckled

from sar_colorize.errors import EXTRAS
from sar_colorize.models import registry
from sar_colorize.speckle import FILTER_NAMES

BLOCKER = f'''
import sys

class Blocked:
    """Whatever only an extra brings cannot be imported."""

    names = {sorted(EXTRAS)!r}

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
'''
Light = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def light(tmp_path: Path) -> Light:
    """Runs a command line in a process without the packages of the extras."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BLOCKER)
    env = os.environ | {"PYTHONPATH": str(site)}

    def run(*arguments: object, python: bool = False) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, *map(str, arguments)] if python else command(*arguments)
        return subprocess.run(words, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=300, check=False)

    return run


@pytest.fixture
def scene(make_tif: Callable[..., Path]) -> Path:
    values = np.stack([speckled(90, 130), speckled(90, 130, seed=1, median_db=-18.5)])
    return make_tif(values, names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"})


def _done(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_blocker_blocks(light: Light) -> None:
    assert "No module named 'torch'" in light("-c", "import torch", python=True).stderr
    assert "No module named 'scipy" in light("-c", "import scipy.special", python=True).stderr


@pytest.mark.parametrize("model", registry.names())
def test_every_model_paints(light: Light, scene: Path, model: str) -> None:
    made = json.loads(_done(light("colorize", scene, "out.tif", "--model", model, "--json")))
    assert made.get("engine") == (None if model == "composite" else "openvino")
    assert Path(scene.parent, "out.tif").is_file()


def test_a_picture_of_the_place_colours_and_is_remembered(
    light: Light, scene: Path, make_tif: Callable[..., Path]
) -> None:
    rgb = np.kron(np.random.default_rng(0).integers(20, 200, (3, 9, 13)), np.ones((10, 10))).astype(np.uint8)
    picture = make_tif(rgb, "earlier.tif")
    made = json.loads(_done(light("colorize", scene, "a.tif", "--reference", picture, "--memory", "m.tif", "--json")))
    assert made["reference"] == str(picture)
    made = json.loads(_done(light("colorize", scene, "b.tif", "--palette", picture, "--quicklook", "b.png", "--json")))
    assert made["palette"] == str(picture)
    _done(light("page", "a.tif", "b.tif", "page.html"))


def test_the_demo_and_the_small_commands_run(light: Light, scene: Path) -> None:
    _done(light("demo", "made"))
    assert "VV" in _done(light("info", scene))
    assert "by-place" in _done(light("models", "list"))
    report = json.loads(_done(light("doctor", "--json")))
    absent = {check["name"]: check["mend"] for check in report["checks"] if not check["ok"]}
    assert report["ok"]
    assert "openvino" in next(check["detail"] for check in report["checks"] if check["name"] == "engines")
    assert "torch" not in _done(light("despeckle", scene, "out.tif", "--filter", "learned", "-v"))
    assert set(absent) == {"cuda"}  # the others are listed as installed: only their import is blocked here


def test_no_engine_tells_anybody_of_its_use(scene: Path, tmp_path: Path) -> None:
    """OpenVINO would, at each import, and would keep an identifier in the user's home."""
    home = tmp_path / "home"
    home.mkdir()
    script = (
        "import sys, sar_colorize as sc\n"
        "sc.colorize(*sys.argv[1:], engine='openvino')\n"
        "from sar_colorize.api.doctor import examine; examine()\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry')], 'openvino' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(scene), str(tmp_path / "out.tif")], capture_output=True, text=True,
        env=os.environ | {"HOME": str(home)}, check=False, timeout=300,
    )  # fmt: skip
    assert run.stdout.strip() == "[] True", run.stderr
    assert list(home.iterdir()) == []


def test_every_filter_runs(light: Light, scene: Path) -> None:
    script = (
        "import sys, sar_colorize as sc\n"
        "for name in sys.argv[3:]: sc.despeckle(*sys.argv[1:3], filter=name, overwrite=True)"
    )
    _done(light("-c", script, scene, "out.tif", *FILTER_NAMES, python=True))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--engine", "torch"], 'got no torch here: pip install "sar-colorize[torch]"'),
        (["--device", "cuda"], 'got no torch here: pip install "sar-colorize[torch]", which a GPU needs'),
        (["--scheduler", "tcp://127.0.0.1:9"], 'pip install "sar-colorize[cluster]"'),
        (["--aoi", "area.geojson"], 'geopandas must be installed for this: pip install "sar-colorize[vector]"'),
    ],
)
def test_what_needs_an_extra_names_it_in_one_line(light: Light, scene: Path, words: list[str], sentence: str) -> None:
    ring = [[500000, 5000000], [600000, 5000000], [600000, 5100000], [500000, 5000000]]
    (scene.parent / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    run = light("colorize", scene, "out.tif", *words)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert sentence in run.stderr
    assert not (scene.parent / "out.tif").exists()


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["train", "--model", "colorsar", "--out", "run", "--data"], "torch"),
        (["evaluate", "--model", "by-place", "--report", "report", "--data"], "train"),
    ],
)
def test_training_and_measuring_name_their_extra(
    light: Light, pairs_folder: Path, words: list[str], extra: str
) -> None:
    run = light(*words, pairs_folder)
    assert run.returncode == 1
    assert f'pip install "sar-colorize[{extra}]"' in run.stderr


def test_in_python_a_lazy_array_names_its_extra(light: Light, scene: Path) -> None:
    for call in ("sc.colorize(sys.argv[1])", "sc.open_scene(sys.argv[1]).to_xarray()"):
        run = light("-c", f"import sys, sar_colorize as sc\n{call}", scene, python=True)
        assert 'dask must be installed for this: pip install "sar-colorize[xarray]"' in run.stderr.splitlines()[-1]
